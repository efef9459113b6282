"""A clock that a test moves by hand: who sleeps on it wakes when it has come so far."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from wedding_wa.services.clock import Clock

# Real time in which sockets and the database do what a moment of the clock set off.
_BREATH_S = 0.1


class SteppedClock(Clock):
    """Begins at the machine's time, so that it agrees with a simulator's."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._numbers = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self._now + timedelta(seconds=max(0.0, seconds))
        awake = asyncio.Event()
        heapq.heappush(self._sleepers, (until, next(self._numbers), awake))
        await awake.wait()

    async def go(self, seconds: float) -> None:
        """Let so much time pass, waking everybody in the order of their moments."""
        until = self._now + timedelta(seconds=seconds)
        await asyncio.sleep(_BREATH_S)
        while self._sleepers and self._sleepers[0][0] <= until:
            self._now, _, awake = heapq.heappop(self._sleepers)
            awake.set()
            await asyncio.sleep(_BREATH_S)
        self._now = until
        await asyncio.sleep(_BREATH_S)
