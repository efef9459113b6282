"""services: orders for many messages that are under way in this process.

A run belongs to the wedding, not to the tab that began it: it goes on when the tab
closes, every page shows how far it is, and each can abort it. When the process ends,
the batch under way is finished and the rest stays as it is. How the last one ended is
remembered for who began it and went away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wedding_wa.db import Database
from wedding_wa.domain.errors import Refused
from wedding_wa.services.clock import Clock
from wedding_wa.services.queue_bulk import Order, Progress, in_batches

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Run:
    """An order under way. `stopped`: somebody asked it to end early; `ended`: it did,
    early or not."""

    order: Order
    progress: Progress
    stopped: bool = False
    ended: bool = False


class Runs:
    """The runs of this process, at most one a wedding."""

    def __init__(self) -> None:
        self._of: dict[int, Run] = {}
        self._last: dict[int, Run] = {}
        self._tasks: set[asyncio.Task[Run]] = set()

    def of(self, wedding_id: int) -> Run | None:
        """Return what is under way in this wedding."""
        return self._of.get(wedding_id)

    def last(self, wedding_id: int) -> Run | None:
        """Return what is under way in this wedding, else what ended last."""
        return self.of(wedding_id) or self._last.get(wedding_id)

    def stop(self, wedding_id: int) -> None:
        """Abort what is under way, after its batch."""
        if run := self.of(wedding_id):
            run.stopped = True

    async def carry_out(
        self,
        db: Database,
        order: Order,
        ids: Sequence[int],
        *,
        clock: Clock,
        begun: Callable[[], None] | None = None,
    ) -> Run:
        """Carry an order out; return it as it ended. `begun` is called once it is to be
        seen, before anything is changed. Raises Refused while another is under way: two
        orders for the same messages would only surprise."""
        run = self._begun(order, ids, begun)
        return await self._carry_out(db, run, ids, clock)

    def begin(
        self,
        db: Database,
        order: Order,
        ids: Sequence[int],
        *,
        clock: Clock,
        changed: Callable[[], None],
    ) -> Run:
        """Begin to carry an order out and return at once. `changed` is called when it
        begins and when it has ended. Raises Refused while another is under way."""
        run = self._begun(order, ids, changed)
        task = asyncio.create_task(self._carry_out(db, run, ids, clock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: _tell(done, changed))
        return run

    async def aclose(self) -> None:
        """End what was begun after its batch: the process ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begun(
        self, order: Order, ids: Sequence[int], begun: Callable[[], None] | None
    ) -> Run:
        if self.of(order.wedding_id):
            raise Refused("queue.run.busy")
        run = Run(order, Progress(0, 0, len(ids)))
        self._of[order.wedding_id] = run
        if begun is not None:
            begun()
        return run

    async def _carry_out(
        self, db: Database, run: Run, ids: Sequence[int], clock: Clock
    ) -> Run:
        try:
            steps = in_batches(db, run.order, ids, clock=clock)
            async with contextlib.aclosing(steps):
                async for run.progress in steps:
                    if run.stopped:
                        break
        finally:
            run.ended = True
            self._last[run.order.wedding_id] = self._of.pop(run.order.wedding_id)
        return run


def _tell(done: asyncio.Task[Run], changed: Callable[[], None]) -> None:
    """Nobody waits for a run that was begun: a fault of it goes to the log."""
    if not done.cancelled() and (fault := done.exception()) is not None:
        log.error("run failed", exc_info=fault, extra={"action": "queue_run_failed"})
    changed()
