"""The wire breaking for real: what the client makes of it, on real sockets."""

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from wedding_wa.domain.errors import MaybeSent, NotSent, Unreachable
from wedding_wa.services import waha
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha import WahaClient, WahaConfig

CHAT = "6285550000001@c.us"
GOOD = b'{"key":{"remoteJid":"6285550000001@s.whatsapp.net","id":"3EB0AABB"}}'

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [
        "HTTP/1.1 201 Created",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def request_read(reader: asyncio.StreamReader) -> None:
    """Take a whole request in, as a server does before it acts on it."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))


def says(raw: bytes) -> Behaviour:
    """A server that answers so and hangs up."""

    async def behave(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await request_read(reader)
        writer.write(raw)
        await writer.drain()
        writer.close()

    return behave


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A process killed after it has taken the request: RST instead of FIN."""
    await request_read(reader)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def never_answers(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await request_read(reader)
    await reader.read()  # until the client is gone


@asynccontextmanager
async def client_of(behave: Behaviour) -> AsyncIterator[WahaClient]:
    """A real client of a server that behaves so."""
    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = WahaClient(WahaConfig(f"http://127.0.0.1:{port}", "key"), clock=Clock())
    try:
        yield client
    finally:
        await client.aclose()
        server.close()


BROKEN = [
    pytest.param(says(b""), id="closed without a word"),
    pytest.param(resets, id="reset"),
    pytest.param(says(answer(GOOD, length=len(GOOD) + 9)), id="half an answer"),
    pytest.param(says(b"HTTP/1.1 201 Cre"), id="half a status line"),
    pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n"), id="not HTTP"),
    pytest.param(
        says(answer(gzip.compress(GOOD)[:-9] + b"x" * 9, "Content-Encoding: gzip")),
        id="unreadable packing",
    ),
]


@pytest.mark.parametrize("behave", BROKEN)
async def test_a_wire_that_breaks_after_the_request_leaves_a_text_open(
    behave: Behaviour,
) -> None:
    """The server had it all: the text may be out, a gesture may be made again."""
    async with client_of(behave) as client:
        with pytest.raises(MaybeSent):
            await client.send_text(CHAT, "hello")
        with pytest.raises(NotSent):
            await client.start_typing(CHAT)


async def test_a_server_that_never_answers_leaves_a_text_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the time is up nobody knows."""
    monkeypatch.setattr(waha, "SEND_READ_S", 0.2)
    async with client_of(never_answers) as client:
        with pytest.raises(MaybeSent):
            await client.send_text(CHAT, "hello")


async def test_nobody_listening_is_surely_not_sent() -> None:
    """A WAHA that is down costs no doubt."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = WahaClient(WahaConfig(url, "key"), clock=Clock())
        with pytest.raises(Unreachable):
            await client.send_text(CHAT, "hello")
        await client.aclose()


async def test_a_connection_closed_while_idle_is_not_used_again() -> None:
    """WAHA closes idle connections: a text written into one would be in doubt."""
    hung_up = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(answer(GOOD))(reader, writer)
        await writer.wait_closed()
        hung_up.release()

    async with client_of(serve) as client:
        for _ in range(3):
            assert (await client.send_text(CHAT, "hello")).message_id == "3EB0AABB"
            await asyncio.wait_for(hung_up.acquire(), 10)


async def test_calls_share_connections() -> None:
    """The gestures before a text do not each shake hands anew."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            try:
                await request_read(reader)
            except asyncio.IncompleteReadError:
                return
            writer.write(answer(GOOD))

    async with client_of(serve) as client:
        await client.start_typing(CHAT)
        await client.stop_typing(CHAT)
        await client.send_text(CHAT, "hello")
    assert connections == 1
