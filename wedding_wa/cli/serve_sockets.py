"""cli: how uvicorn keeps a websocket: one whose other end takes nothing goes for good.

As it comes, a close waits for ever for a client that does not read, with all that is
written for it in memory, and the same at the server's stop; a client that is gone
without a word is found out after a quarter of an hour. Neither must grow or hang here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio.transports import BaseTransport, Transport
from typing import Any, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)

#: Bytes that are written before a sender waits for its client: ours, and the kernel's,
#: which would else grow to megabytes for each.
BUFFERED, IN_KERNEL = 32_000, 64_000
#: A close that the client has not answered by then is made without it.
CLOSED_S = 5.0
#: What was sent must be taken by then, else the line is dead.
TAKEN_S = 60
_STOP_S = 1.0

# Each line that opens is told with its address, and an address may hold a token.
_quiet = logging.getLogger(f"{__name__}.quiet")
_quiet.setLevel(logging.WARNING)


class Socket(WebSocketsSansIOProtocol):
    """One websocket. `scope["state"]["cut"]` ends its connection at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _quiet
        self.conn.logger = _quiet
        self.close_timeout = CLOSED_S

    def connection_made(self, transport: BaseTransport) -> None:
        line = cast(Transport, transport)
        self.app_state = {**self.app_state, "cut": line.abort}
        super().connection_made(transport)
        line.set_write_buffer_limits(high=BUFFERED)
        _bound(line)

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.close" and self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self._cut_after(CLOSED_S)

    def shutdown(self) -> None:
        super().shutdown()
        self._cut_after(_STOP_S)

    def _cut_after(self, seconds: float) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self.transport.abort)


def _bound(line: Transport) -> None:
    told = line.get_extra_info("socket")
    if told is None:
        return
    told.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, IN_KERNEL)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        told.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKEN_S * 1000)
