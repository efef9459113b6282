"""simulator: the event feed `/ws`, the same bodies as the webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from wedding_wa.simulator.answers import dump
from wedding_wa.simulator.faults import FaultBox, Mode
from wedding_wa.simulator.protocol import ABORT, SILENCE
from wedding_wa.simulator.webhooks import wanted

Json = dict[str, Any]


@dataclass(eq=False)
class Feed:
    """One open feed: what it wants and what waits for it."""

    session: str
    events: list[str]
    abort: Callable[[], None]
    waiting: asyncio.Queue[Json | None] = field(default_factory=asyncio.Queue)

    def wants(self, envelope: Json) -> bool:
        mine = self.session in ("*", envelope["session"])
        return mine and wanted({"events": self.events}, envelope["event"])


class Feeds:
    """All open feeds."""

    def __init__(self, faults: FaultBox) -> None:
        self._faults = faults
        self._open: set[Feed] = set()

    def publish(self, envelope: Json) -> None:
        listening = [feed for feed in self._open if feed.wants(envelope)]
        session = envelope["session"]
        if not listening or self._faults.take(Mode.SILENT_FEED, session=session):
            return
        if self._faults.take(Mode.DROP_FEED, session=session):
            return
        for feed in listening:
            feed.waiting.put_nowait(envelope)

    def cut(self, session: str | None) -> int:
        """Break the lines of a session (None: all) without a word; return how many."""
        struck = [feed for feed in self._open if session in (None, feed.session, "*")]
        for feed in struck:
            feed.abort()
        return len(struck)

    def close(self) -> None:
        """End every feed, as when WAHA goes away."""
        for feed in self._open:
            feed.waiting.put_nowait(None)

    async def serve(self, socket: WebSocket) -> None:
        """Speak to one listener until either side ends it."""
        asked = socket.query_params.getlist("events") or ["*"]
        events = [name for one in asked for name in one.split(",")]
        session = socket.query_params.get("session", "*")
        tools = socket.scope["extensions"]
        feed = Feed(session, events, tools[ABORT]["call"])
        tools[SILENCE]["call"](
            lambda: self._faults.in_force(Mode.SILENT_FEED, session=session)
        )
        # Listening before the handshake is answered: nothing falls between.
        self._open.add(feed)
        try:
            await socket.accept()
            await self._talk(socket, feed)
        finally:
            self._open.discard(feed)

    async def _talk(self, socket: WebSocket, feed: Feed) -> None:
        telling = asyncio.ensure_future(self._tell(socket, feed))
        hearing = asyncio.ensure_future(self._hear(socket))
        try:
            await asyncio.wait({telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, hearing):
                task.cancel()
            await asyncio.gather(telling, hearing, return_exceptions=True)

    async def _tell(self, socket: WebSocket, feed: Feed) -> None:
        while (envelope := await feed.waiting.get()) is not None:
            await socket.send_text(dump(envelope).decode())
        await socket.close(1001)

    async def _hear(self, socket: WebSocket) -> None:
        try:
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, KeyError):
            return
