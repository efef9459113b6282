"""services: who keeps the chores, by APScheduler: each at its times, or when asked.

A stalled scheduler skips missed ticks rather than firing them all. What fell due while
nothing ran is made good once. Every process with a worker keeps them; what two of them
do at the same moment is made safe by each chore, and the rarer ones are left to the
first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlmodel import Session, col, select

from wedding_wa.domain.daily import next_daily
from wedding_wa.models import Wedding
from wedding_wa.services import chore_rows
from wedding_wa.services.chore_runner import Runner
from wedding_wa.services.chores import Chore, Parts
from wedding_wa.services.live import Bus

# The longest until an edited zone, a wish or a clock that was set back is noticed,
# should the bus not have told.
_LOOK_SECONDS = 30.0
_CALM_SECONDS = 0.5
# A plan is never exact to the second.
_SLACK = timedelta(seconds=2)
_UTC = ZoneInfo("UTC")


class _Daily(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The same time every day in a zone, also where its clocks leave that time out."""

    def __init__(self, at: time, zone: ZoneInfo) -> None:
        self._at = at
        self._zone = zone

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime:
        """APScheduler's question: when next?"""
        return next_daily(previous_fire_time or now, self._at, self._zone)


class Keeper:
    """Runs chores, each at its times, and at once when a person asks for one."""

    def __init__(self, parts: Parts, bus: Bus, chores: Iterable[Chore]) -> None:
        self._parts = parts
        self._bus = bus
        self._chores = {chore.name: chore for chore in chores}
        self._runner = Runner(parts, self.next_of)
        self._zone = _UTC
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=_UTC,
            job_defaults={
                "coalesce": True,
                "max_instances": 2,  # the second finds the first at it, and leaves
                "misfire_grace_time": None,
            },
        )

    async def run(self) -> None:
        """Keep the chores until cancelled."""
        await self._start()
        seen = -1
        try:
            while True:
                await self._look()
                seen = await self._bus.newer(seen, _LOOK_SECONDS)
                await self._parts.clock.sleep(_CALM_SECONDS)
        finally:
            self._scheduler.shutdown(wait=False)
            asked = list(self._asked.values())
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    def next_of(self, name: str) -> datetime | None:
        """When the chore comes again; None once nothing is kept any more."""
        return getattr(self._scheduler.get_job(name), "next_run_time", None)

    async def _start(self) -> None:
        db, now = self._parts.db, self._parts.clock.now()
        await db.write(chore_rows.ensure, self._chores)
        self._zone, _ = await db.read(_situation)
        last = await db.read(chore_rows.last_runs)
        due = {
            name: chore.first_run(last.get(name), now=now, zone=self._zone)
            for name, chore in self._chores.items()
        }
        for name, chore in self._chores.items():
            self._scheduler.add_job(
                self._runner.run,
                self._trigger(chore),
                args=[chore],
                id=name,
                next_run_time=due[name],
            )
        await db.write(chore_rows.plan, due)
        self._scheduler.start()

    async def _look(self) -> None:
        zone, wanted = await self._parts.db.read(_situation)
        for name in wanted:
            self._run_now(name)
        moved, self._zone = zone != self._zone, zone
        replanned = [c for c in self._chores.values() if self._misplanned(c, moved)]
        for chore in replanned:
            self._scheduler.reschedule_job(chore.name, trigger=self._trigger(chore))
        if replanned:
            due = {c.name: at for c in replanned if (at := self.next_of(c.name))}
            await self._parts.db.write(chore_rows.plan, due)

    def _run_now(self, name: str) -> None:
        if name not in self._chores or name in self._asked:
            return
        run = self._runner.run(self._chores[name], wanted=True)
        self._asked[name] = asyncio.create_task(run)
        self._asked[name].add_done_callback(lambda _: self._asked.pop(name))

    def _misplanned(self, chore: Chore, zone_moved: bool) -> bool:
        """Daily in another zone than planned, or planned for later than it can be: the
        machine's clock was set back since."""
        if zone_moved and isinstance(chore.when, time):
            return True
        planned = self.next_of(chore.name)
        latest = chore.next_after(self._parts.clock.now(), self._zone)
        return planned is not None and planned > latest + _SLACK

    def _trigger(self, chore: Chore) -> BaseTrigger:
        if isinstance(chore.when, time):
            return _Daily(chore.when, self._zone)
        return IntervalTrigger(seconds=chore.when.total_seconds(), timezone=_UTC)


def _situation(session: Session) -> tuple[ZoneInfo, list[str]]:
    """The wedding's zone, and the chores that somebody asked for."""
    zone = session.exec(
        select(Wedding.time_zone).order_by(col(Wedding.id)).limit(1)
    ).first()
    return ZoneInfo(zone or "UTC"), chore_rows.wanted(session)
