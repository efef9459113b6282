"""services: the line to WAHA's own event feed, the websocket `/ws`.

It brings the same bodies as the webhooks, and needs no way from WAHA to us. Its key
travels in the address (WAHA takes it nowhere else), so no address is ever logged and
no fault of the library, which may quote one, is passed on.
"""

from __future__ import annotations

import logging
from urllib.parse import quote, urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)

from wedding_wa.domain.errors import BadKey, Unreachable, WahaError
from wedding_wa.services.waha_config import EVENTS, WahaConfig

OPEN_S = 10.0
CLOSE_S = 1.0
#: A longer event ends the line; what it said is then read from the chat.
LARGEST = 4_000_000

_POLICY = 1008  # WAHA opens the line to anybody and closes it so on a wrong key
_FORBIDDEN = (401, 403)

# The library writes whole handshakes, with the key, at DEBUG.
_quiet = logging.getLogger(f"{__name__}.line")
_quiet.setLevel(logging.WARNING)


class _Straight(connect):
    """Connects where it was told to and nowhere else: the address holds the key."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class FeedLine:
    """One open line. Every method raises `WahaError` once it is broken."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def next(self) -> bytes:
        """Return the next event's raw body."""
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            raise _judged(error) from None

    async def pulse(self) -> None:
        """Return once WAHA has answered a ping; whoever calls bounds the time."""
        try:
            await (await self._socket.ping())
        except ConnectionClosed as error:
            raise _judged(error) from None

    def cut(self) -> None:
        """End it at once, without waiting for a word from the other end."""
        self._socket.transport.abort()


async def open_feed(config: WahaConfig) -> FeedLine:
    """Open the feed of the config's session. Raises `BadKey`, `Unreachable`.

    WAHA also lets a wrong key in and closes the line a moment later: only a line that
    has stayed open is proof.
    """
    try:
        socket = await _Straight(
            feed_address(config),
            logger=_quiet,
            proxy=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            max_size=LARGEST,
            ping_interval=None,  # the heartbeat is ours, on our clock
        )
    except (OSError, TimeoutError, EOFError, InvalidHandshake, InvalidURI) as error:
        raise _judged(error) from None
    return FeedLine(socket)


def feed_address(config: WahaConfig) -> str:
    """The address to connect to. Holds the key: never to be logged."""
    told = [
        ("session", config.session),
        *(("events", name) for name in EVENTS),
        ("x-api-key", config.api_key),
    ]
    base = config.url.replace("http", "ws", 1)  # http → ws, https → wss
    return f"{base}/ws?{urlencode(told, quote_via=quote)}"


def _judged(error: Exception) -> WahaError:
    status = error.response.status_code if isinstance(error, InvalidStatus) else None
    end = error.rcvd if isinstance(error, ConnectionClosed) else None
    if status in _FORBIDDEN or (end is not None and end.code == _POLICY):
        return BadKey("feed: refused", http_status=status)
    return Unreachable(f"feed: {type(error).__name__}", http_status=status)
