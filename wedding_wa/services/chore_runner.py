"""services: running one chore: its fault stops nothing else, its row tells of it.

A chore that comes every few seconds does not write at each run: every commit wakes
every page. What it did, a fault, and the first run after one or after a start are
written at once; the runs without news of all of them together, once a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from wedding_wa.domain.errors import WeddingError
from wedding_wa.services import chore_rows
from wedding_wa.services.chore_rows import Run
from wedding_wa.services.chores import Chore, Did, Parts

log = logging.getLogger(__name__)

QUIET = timedelta(seconds=60)


class Runner:
    """Runs chores, each one at a time. `next_of` tells when a chore comes again."""

    def __init__(self, parts: Parts, next_of: Callable[[str], datetime | None]) -> None:
        self._parts = parts
        self._next_of = next_of
        self._locks: dict[str, asyncio.Lock] = {}
        self._seen: set[str] = set()
        self._failing: set[str] = set()
        self._quiet: dict[str, Run] = {}
        self._written_at = parts.clock.now()

    async def run(self, chore: Chore, *, wanted: bool = False) -> None:
        """Run it and write its row. `wanted`: a person asked and waits for it."""
        lock = self._locks.setdefault(chore.name, asyncio.Lock())
        if lock.locked() and not wanted:
            return
        async with lock:
            try:
                await self._run(chore, tell_all=wanted or not chore.often)
            except sa.exc.DBAPIError:  # its row could not be written: the next tells
                log.exception("chore not written", extra={"action": chore.name})

    async def _run(self, chore: Chore, *, tell_all: bool) -> None:
        if tell_all and not await self._begin(chore):
            return
        run = await self._done(chore)
        news = run.error is not None or any(run.did.values())
        news = news or chore.name in self._failing or chore.name not in self._seen
        self._seen.add(chore.name)
        if tell_all or news:
            self._quiet.pop(chore.name, None)
            await self._parts.db.write(chore_rows.finish, [run])
        else:
            await self._keep_quiet(run)
        self._remember(run)

    async def _begin(self, chore: Chore) -> bool:
        return await self._parts.db.write(
            chore_rows.begin,
            chore.name,
            now=self._parts.clock.now(),
            next_at=self._next_of(chore.name),
        )

    async def _done(self, chore: Chore) -> Run:
        """Do it; a fault becomes part of the run."""
        clock = self._parts.clock
        started, at = clock.now(), clock.monotonic()
        did: Did = {}
        error = None
        try:
            did = await chore.run(self._parts)
        except Exception as fault:
            error = fault.code if isinstance(fault, WeddingError) else _name(fault)
            # a fault that lasts is told once, not at each run
            level = logging.DEBUG if chore.name in self._failing else logging.ERROR
            log.log(level, "chore failed", exc_info=True, extra={"action": chore.name})
        return Run(
            name=chore.name,
            started_at=started,
            finished_at=clock.now(),
            took_ms=round((clock.monotonic() - at) * 1000),
            did=did,
            error=error,
            next_at=self._next_of(chore.name),
        )

    async def _keep_quiet(self, run: Run) -> None:
        self._quiet[run.name] = run
        elapsed = run.finished_at - self._written_at
        if timedelta() <= elapsed < QUIET:
            return
        quiet, self._quiet = self._quiet, {}
        self._written_at = run.finished_at
        await self._parts.db.write(chore_rows.finish, quiet.values(), tell=False)

    def _remember(self, run: Run) -> None:
        if run.error is not None:
            self._failing.add(run.name)
        elif run.name in self._failing:
            self._failing.discard(run.name)
            log.info("chore works again", extra={"action": run.name})


def _name(fault: Exception) -> str:
    return type(fault).__name__
