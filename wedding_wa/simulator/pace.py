"""simulator: its own clock and chance, and waits divided by the speed."""

from __future__ import annotations

import asyncio
import random
import time

from wedding_wa.simulator.config import Span


class Pace:
    """Reads the time, draws chance and waits, `speed` times as fast as WAHA."""

    def __init__(self, speed: float, seed: int | None = None) -> None:
        self.speed = speed
        self.rng = random.Random(seed)  # noqa: S311 - chance, not secrecy

    def now_ms(self) -> int:
        return int(time.time() * 1000)

    def now_s(self) -> int:
        return int(time.time())

    def draw(self, span: Span) -> float:
        return self.rng.uniform(*span)

    def real(self, seconds: float) -> float:
        """Return how long a wait of `seconds` really takes."""
        return seconds / self.speed

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(self.real(seconds))

    async def wait_in(self, span: Span) -> None:
        await self.wait(self.draw(span))
