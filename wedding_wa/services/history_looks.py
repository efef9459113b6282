"""services: looks through the chats of before the app that are under way here.

A look belongs to the wedding: it goes on when who asked for it goes away, and what it
found waits in `history_consent` to be recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from wedding_wa.db import Database
from wedding_wa.domain.errors import Refused
from wedding_wa.services import history_consent
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.history_look import Progress, Trouble

log = logging.getLogger(__name__)


@dataclass(slots=True)
class LookRun:
    """A look through several accounts, one after the other, by account id. `stopped`:
    somebody asked it to end early; `ended`: it did, early or not."""

    progress: dict[int, Progress] = field(default_factory=dict)
    trouble: dict[int, Trouble] = field(default_factory=dict)
    stopped: bool = False
    ended: bool = False


class Looks:
    """The looks of this process, at most one a wedding."""

    def __init__(self) -> None:
        self._of: dict[int, LookRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, wedding_id: int) -> LookRun | None:
        """Return what is under way in this wedding, or ended last."""
        return self._of.get(wedding_id)

    def begin(
        self,
        wedding_id: int,
        accounts: Sequence[int],
        *,
        db: Database,
        clients: Clients,
        clock: Clock,
    ) -> LookRun:
        """Begin to look through these accounts and return at once. Raises Refused while
        the wedding's last look is not over."""
        before = self.of(wedding_id)
        if before and not before.ended:
            raise Refused("activation.before.busy")
        run = self._of[wedding_id] = LookRun()
        task = asyncio.create_task(_look(run, accounts, db, clients, clock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_tell)
        return run

    def stop(self, wedding_id: int) -> None:
        """End the look after the chat it is at; what it has found stays."""
        if run := self.of(wedding_id):
            run.stopped = True

    def forget(self, wedding_id: int) -> None:
        """Forget how the last look stood. Raises Refused while it is not over."""
        run = self.of(wedding_id)
        if run and not run.ended:
            raise Refused("activation.before.busy")
        self._of.pop(wedding_id, None)

    async def aclose(self) -> None:
        """End what is under way: the process ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _look(
    run: LookRun, accounts: Sequence[int], db: Database, clients: Clients, clock: Clock
) -> None:
    try:
        for account_id in accounts:
            await _look_at(run, account_id, db, clients, clock)
            if run.stopped:
                break
    finally:
        run.ended = True


async def _look_at(
    run: LookRun, account_id: int, db: Database, clients: Clients, clock: Clock
) -> None:
    async def told(progress: Progress) -> bool:
        run.progress[account_id] = progress
        return not run.stopped

    seen = await history_consent.look(db, clients, account_id, clock, told=told)
    if seen.trouble is not None:
        run.trouble[account_id] = seen.trouble


def _tell(done: asyncio.Task[None]) -> None:
    """Nobody waits for a look: a fault of it goes to the log."""
    if not done.cancelled() and (fault := done.exception()) is not None:
        log.error("look failed", exc_info=fault, extra={"action": "look_failed"})
