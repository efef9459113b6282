"""services: turns: much to be done for many readers never holds up the event loop.

Whoever has a slice of work takes a turn before it. In one round of the loop only a few
are given, in the order in which they were asked for; then the loop looks at its
sockets and timers first. So what sends messages keeps its rhythm, however many
readers there are.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """At most `few` turns in one round of the running event loop."""

    def __init__(self, few: int) -> None:
        self._few = self._left = few
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._planned = False

    async def take(self) -> None:
        """Return when it is the caller's turn."""
        self._plan()
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        self._planned, self._left = False, self._few
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            if not turn.done():  # whoever waited may have gone
                turn.set_result(None)
                self._left -= 1
        if self._waiting or self._left < self._few:
            self._plan()
