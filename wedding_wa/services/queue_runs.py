"""services: orders for many messages that are under way in this process.

A run belongs to the wedding, not to the tab that began it: it goes on when the tab
closes, every page shows how far it is, and each can abort it. When the process ends,
the batch under way is finished and the rest stays as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wedding_wa.db import Database
from wedding_wa.domain.errors import Refused
from wedding_wa.services.clock import Clock
from wedding_wa.services.queue_bulk import Order, Progress, in_batches


@dataclass(slots=True)
class Run:
    """An order under way. `stopped`: somebody asked it to end early."""

    order: Order
    progress: Progress
    stopped: bool = False


class Runs:
    """The runs of this process, at most one a wedding."""

    def __init__(self) -> None:
        self._of: dict[int, Run] = {}

    def of(self, wedding_id: int) -> Run | None:
        """Return what is under way in this wedding."""
        return self._of.get(wedding_id)

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
        if self.of(order.wedding_id):
            raise Refused("queue.run.busy")
        run = Run(order, Progress(0, 0, len(ids)))
        self._of[order.wedding_id] = run
        if begun is not None:
            begun()
        try:
            steps = in_batches(db, order, ids, clock=clock)
            async with contextlib.aclosing(steps):
                async for run.progress in steps:
                    if run.stopped:
                        break
        finally:
            del self._of[order.wedding_id]
        return run
