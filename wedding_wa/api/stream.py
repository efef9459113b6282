"""api: /ws/whatsapp: the feed for programs, as a websocket. docs/feed.md tells all.

It opens before it judges: a door closed before it opened tells a browser only that it
is closed, and not with which code.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from wedding_wa import runtime
from wedding_wa.services import stream_places as places
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.bearers import Bearer, bearer_of
from wedding_wa.services.database_trouble import ERRORS
from wedding_wa.services.stream_channel import FellBehind
from wedding_wa.services.stream_envelopes import Event
from wedding_wa.services.stream_hub import TooManyListeners
from wedding_wa.services.stream_listener import (
    AWAY,
    FORBIDDEN,
    TOO_LARGE,
    TOO_MANY,
    TOO_SLOW,
    UNKNOWN,
    UNREADABLE,
    End,
    Listener,
)
from wedding_wa.services.stream_places import Place

PATH = "/ws/whatsapp"
#: `after=now`: from now on, and tell me where that is.
NOW = "now"
#: Characters or bytes of what a client may say; it is not listened to.
LARGEST_WORD = 4096
#: How long a close may wait for a client that does not read.
CLOSE_S = 3.0
# Whoever talks all the time is read so often, and no oftener.
_PATIENCE_S = 0.05
_ASKED = {"token", "after", "events"}

router = APIRouter()


class _Closed(Exception):
    """The connection ends, and why."""

    def __init__(self, end: End) -> None:
        super().__init__(end.reason)
        self.end = end


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the address asks for: from where on, and of which events. `here`: to be
    told at once where that is, by a heartbeat."""

    after: Place | None
    events: frozenset[str] | None
    here: bool = False


@router.websocket(PATH)
@router.websocket(f"{PATH}/")
async def feed(socket: WebSocket) -> None:
    """Tell what happens, from `?after=` on, until either end has enough."""
    try:
        await socket.accept()
        try:
            await _serve(socket)
        except _Closed as closed:
            await _close(socket, closed.end)
        except ERRORS:
            await _close(socket, AWAY)
    except (WebSocketDisconnect, OSError):
        return  # it has gone


async def _serve(socket: WebSocket) -> None:
    """Raises _Closed."""
    app = runtime.current()
    bearer = await _who(socket)
    wish = _wish(socket)
    try:
        listener = await app.stream.join(bearer, after=wish.after, events=wish.events)
        if wish.here:
            listener.beat()
    except TooManyListeners:
        raise _Closed(TOO_MANY) from None
    try:
        raise _Closed(await _follow(socket, listener))
    finally:
        app.stream.leave(listener)


async def _who(socket: WebSocket) -> Bearer:
    """Who asks, with a token that may read. Raises _Closed."""
    app = runtime.current()
    origin = socket.headers.get("origin")
    ours = (*app.settings.allowed_origins, *app.settings.api_origins)
    if origin is not None and origin not in ours:
        raise _Closed(FORBIDDEN)
    bearer = await bearer_of(
        app.db, _token(socket), now=app.clock.now(), sealer=app.sealer
    )
    if bearer is None:
        raise _Closed(UNKNOWN)
    if Scope.READ not in bearer.scopes:
        raise _Closed(FORBIDDEN)
    return bearer


def _token(socket: WebSocket) -> str:
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return socket.query_params.get("token", "")


def _wish(socket: WebSocket) -> _Wish:
    asked = socket.query_params
    if set(asked) - _ASKED:  # a name that is misspelt would filter nothing
        raise _Closed(UNREADABLE)
    said, events = asked.get("after", NOW), asked.get("events")
    after = None if said == NOW else places.parse(said)
    wanted = None if events is None else frozenset(map(str.strip, events.split(",")))
    if (after is None and said != NOW) or not (wanted or frozenset()) <= set(Event):
        raise _Closed(UNREADABLE)
    return _Wish(after, wanted, here="after" in asked and said == NOW)


async def _follow(socket: WebSocket, listener: Listener) -> End:
    """Tell until the client goes, or is let go; return why."""
    works = [
        asyncio.ensure_future(work)
        for work in (_tell(socket, listener), _hear(socket), listener.ended)
    ]
    try:
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
    if not listener.ended.cancelled():
        return listener.ended.result()
    return next(work.result() for work in works if not work.cancelled())


async def _tell(socket: WebSocket, listener: Listener) -> End:
    try:
        while True:
            for text in await listener.next():
                with listener.sending():
                    await socket.send_text(text)
    except FellBehind:
        return TOO_SLOW


async def _hear(socket: WebSocket) -> End:
    """Read past what the client says. Raises WebSocketDisconnect."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        said = message.get("text") or message.get("bytes") or ""
        if len(said) > LARGEST_WORD:
            return TOO_LARGE
        await runtime.current().clock.sleep(_PATIENCE_S)


async def _close(socket: WebSocket, end: End) -> None:
    """Close it; one that takes not even that is cut off, and all it holds is freed."""
    try:
        async with asyncio.timeout(CLOSE_S):
            with contextlib.suppress(RuntimeError):  # it is closed already
                await socket.close(end.code, end.reason)
    except TimeoutError:
        cut = socket.scope.get("state", {}).get("cut")
        if cut is not None:
            cut()
