"""A process of its own: programs that listen, and some that never read.

    python crowd.py PORT READING SILENT TOKEN…

Says "ready" once all are in; at the end of its input, when nothing more comes, how many
envelopes each reading one was told, as JSON. Bare sockets, so that it costs its machine
as little as may be.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys

_ASK = (
    "GET /ws/whatsapp?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_MARK = b'"event":"message_status"'
_SMALL = 4096


async def enter(port: int, token: str, *, small: bool) -> socket.socket:
    """Connect and shake hands."""
    loop = asyncio.get_running_loop()
    line = socket.socket()
    line.setblocking(False)
    if small:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    await loop.sock_connect(line, ("127.0.0.1", port))
    await loop.sock_sendall(line, _ASK.format(token=token).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += await loop.sock_recv(line, 1)
    assert b" 101 " in answer, answer
    return line


async def count(line: socket.socket, told: list[int], number: int) -> None:
    """Read on and on."""
    loop, rest = asyncio.get_running_loop(), b""
    while data := await loop.sock_recv(line, 65_536):
        whole = rest + data
        told[number] += whole.count(_MARK)
        rest = whole[-len(_MARK) + 1 :]


async def silence(told: list[int]) -> None:
    """Wait until nobody was told anything for a second."""
    before = -1
    while before != sum(told):
        before = sum(told)
        await asyncio.sleep(1.0)


async def main() -> None:
    """Be the crowd until the input ends."""
    port, reading, silent = map(int, sys.argv[1:4])
    tokens = sys.argv[4:]
    told = [0] * reading
    lines = []
    for number in range(reading + silent):
        token = tokens[number % len(tokens)]
        lines.append(await enter(port, token, small=number >= reading))
    works = [asyncio.create_task(count(lines[n], told, n)) for n in range(reading)]
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await silence(told)
    print(json.dumps(told), flush=True)
    for work in works:
        work.cancel()


if __name__ == "__main__":
    asyncio.run(main())
