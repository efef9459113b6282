"""simulator: the event feed `/ws`, the same bodies as the webhooks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from wedding_wa.simulator.answers import dump
from wedding_wa.simulator.webhooks import wanted

Json = dict[str, Any]


@dataclass(eq=False)
class Feed:
    """One open feed: what it wants and what waits for it."""

    session: str
    events: list[str]
    waiting: asyncio.Queue[Json | None] = field(default_factory=asyncio.Queue)

    def wants(self, envelope: Json) -> bool:
        mine = self.session in ("*", envelope["session"])
        return mine and wanted({"events": self.events}, envelope["event"])


class Feeds:
    """All open feeds."""

    def __init__(self) -> None:
        self._open: set[Feed] = set()

    def publish(self, envelope: Json) -> None:
        for feed in self._open:
            if feed.wants(envelope):
                feed.waiting.put_nowait(envelope)

    def close(self) -> None:
        """End every feed, as when WAHA goes away."""
        for feed in self._open:
            feed.waiting.put_nowait(None)

    async def serve(self, socket: WebSocket) -> None:
        """Speak to one listener until either side ends it."""
        events = socket.query_params.get("events", "*").split(",")
        feed = Feed(socket.query_params.get("session", "*"), events)
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
