"""A line to WAHA that can be made bad: real sockets, in front of the simulator.

What no fault was ordered for goes through, so ids, chats and sessions are real. Every
request that arrived is in `asked`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

SEND = "/api/sendText"
EVERYTHING = "/api/"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(self.body or b"{}")
        return told


@dataclass
class Turn:
    """One request in the hands of a behaviour."""

    asked: Asked
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader
    http: httpx.AsyncClient = field(repr=False)

    async def pass_on(self) -> httpx.Response:
        """Let WAHA do what was asked; nobody is told yet."""
        kept = {"x-api-key", "content-type", "accept"}
        headers = {k: v for k, v in self.asked.headers.items() if k in kept}
        return await self.http.request(
            self.asked.method, self.asked.path, headers=headers, content=self.asked.body
        )

    async def answer(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    def reset(self) -> None:
        """RST instead of FIN, as from a process that was killed."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Turn], Awaitable[None]]


def packed(
    status: int,
    body: bytes | dict[str, object],
    *headers: str,
    length: int | None = None,
    kind: str = "",
) -> bytes:
    """An answer as bytes; `length` lies about the body's."""
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    kind = kind or ("application/json" if isinstance(body, dict) else "text/html")
    lines = [
        f"HTTP/1.1 {status} Said",
        f"Content-Type: {kind}",
        f"Content-Length: {len(raw) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


async def passes(turn: Turn) -> None:
    """As if there were no line in between."""
    answer = await turn.pass_on()
    kind = answer.headers.get("content-type", "application/json")
    await turn.answer(packed(answer.status_code, answer.content, kind=kind))


def says(
    status: int, body: bytes | dict[str, object], *headers: str, doing: bool = False
) -> Behaviour:
    """An answer of somebody's own; `doing`: after WAHA has done what was asked."""

    async def behave(turn: Turn) -> None:
        if doing:
            await turn.pass_on()
        await turn.answer(packed(status, body, *headers))

    return behave


class Line:
    """The server in between. `on` orders a behaviour for paths that hold a text."""

    def __init__(self, waha: str) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._waha = waha
        self._orders: list[tuple[str, Behaviour]] = []

    def on(self, part: str, behave: Behaviour) -> None:
        self._orders.insert(0, (part, behave))

    def mend(self) -> None:
        self._orders.clear()

    def sends(self) -> list[Asked]:
        return [one for one in self.asked if one.path == SEND]

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Line]:
        async with httpx.AsyncClient(base_url=self._waha, trust_env=False) as http:
            self._http = http
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            try:
                yield self
            finally:
                server.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            asked = await _read(reader)
            self.asked.append(asked)
            await self._behaviour(asked)(Turn(asked, writer, reader, self._http))
        with contextlib.suppress(ConnectionError):
            writer.close()

    def _behaviour(self, asked: Asked) -> Behaviour:
        fitting = (behave for part, behave in self._orders if part in asked.path)
        return next(fitting, passes)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    headers = {
        name.lower(): value for name, value in (line.split(": ", 1) for line in lines)
    }
    method, path, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)
