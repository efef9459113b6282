"""simulator: uvicorn's HTTP protocol, able to close a connection unanswered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ABORT = "wedding_wa.abort"


class AbortableProtocol(HttpToolsProtocol):
    """Puts `abort()` of the transport into the ASGI scope's extensions."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: Scope = self.scope  # type: ignore[assignment]
        scope["extensions"] = {ABORT: {"call": self.transport.abort}}
