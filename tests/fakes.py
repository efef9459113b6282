"""A clock whose sleep moves time, and nothing else: the wire is faked elsewhere."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from wedding_wa.services.clock import Clock

NOON = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)


class FakeClock(Clock):
    """Starts at `start`; `sleep` moves it on and lets the others run."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move time on without anybody sleeping."""
        self._now += timedelta(seconds=seconds)
