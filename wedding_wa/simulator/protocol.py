"""simulator: uvicorn's protocols, able to end a connection unanswered or go silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ABORT = "wedding_wa.abort"
SILENCE = "wedding_wa.silence"


class AbortableProtocol(HttpToolsProtocol):
    """Puts `abort()` of the transport into the ASGI scope's extensions."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: Scope = self.scope  # type: ignore[assignment]
        scope["extensions"] = {ABORT: {"call": self.transport.abort}}


class AbortableFeedProtocol(WebSocketsSansIOProtocol):
    """The same for websockets; besides, `silence(test)` lets it answer no ping while
    `test()` says so, as a line does whose other end is gone."""

    _silent: Callable[[], bool] | None = None

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        scope: Scope | None = getattr(self, "scope", None)
        if scope is not None:  # the handshake was right
            scope["extensions"] |= {
                ABORT: {"call": self.transport.abort},
                SILENCE: {"call": self._silence},
            }

    def handle_ping(self) -> None:
        if self._silent is not None and self._silent():
            self.conn.data_to_send()  # the answer, thrown away
            return
        super().handle_ping()

    def _silence(self, test: Callable[[], bool]) -> None:
        self._silent = test
