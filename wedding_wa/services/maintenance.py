"""services: what runs by itself, by APScheduler: one small function a chore.

Each chore may be called by hand with the same effect; a stalled scheduler skips missed
ticks rather than firing them all. Messages are the worker's, never a job here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services import guest_import_drafts, settler, watchdog
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.history import READY

log = logging.getLogger(__name__)

NOT_READY_SECONDS = 10
READY_SECONDS = 60
SETTLE_SECONDS = 15
WATCH_SECONDS = 30
SWEEP_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Chores:
    """The chores and what they need. `settle_after`: see services.settler."""

    db: Database
    clients: Clients
    clock: Clock
    settle_after: timedelta

    async def poll_troubled(self) -> None:
        """Ask WAHA about accounts that are not connected."""
        await self._poll(ready=False)

    async def poll_connected(self) -> None:
        """Ask WAHA about accounts that are connected."""
        await self._poll(ready=True)

    async def settle(self) -> int:
        """Settle unconfirmed messages by evidence."""
        return await settler.settle(
            self.db, self.clients, self.clock, settle_after=self.settle_after
        )

    async def watch_acks(self) -> int:
        """Mark what WhatsApp never acknowledged."""
        return await self.db.write(watchdog.mark_unacknowledged, now=self.clock.now())

    async def sweep_lists(self) -> int:
        """Delete guest lists that were uploaded a day ago and never imported."""
        return await self.db.write(guest_import_drafts.sweep, now=self.clock.now())

    async def _poll(self, *, ready: bool) -> None:
        ids = await self.db.read(_accounts, ready=ready)
        await asyncio.gather(
            *(poll(self.db, self.clients, one, self.clock) for one in ids)
        )


def scheduler(chores: Chores) -> AsyncIOScheduler:
    """A scheduler with every chore, not started."""
    made = AsyncIOScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for chore, seconds in (
        (chores.poll_troubled, NOT_READY_SECONDS),
        (chores.poll_connected, READY_SECONDS),
        (chores.settle, _settle_seconds(chores.settle_after)),
        (chores.watch_acks, WATCH_SECONDS),
        (chores.sweep_lists, SWEEP_SECONDS),
    ):
        made.add_job(_guarded(chore), "interval", seconds=seconds, id=chore.__name__)
    return made


def _settle_seconds(settle_after: timedelta) -> float:
    """As often as it can bring news, when the owner wants to wait less than usual."""
    return max(1.0, min(SETTLE_SECONDS, settle_after.total_seconds()))


def _guarded(chore: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """The chore, such that a fault of one run is logged and the next run comes."""

    async def run() -> None:
        try:
            await chore()
        except Exception:
            log.exception("chore failed", extra={"action": chore.__name__})

    return run


def _accounts(session: Session, *, ready: bool) -> list[int]:
    is_ready = col(Account.status) == READY
    rows = session.exec(select(Account.id).where(is_ready if ready else ~is_ready))
    return [i for i in rows.all() if i is not None]
