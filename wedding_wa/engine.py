"""engine: what runs beside the doors: ears, worker, chores. Started once a process.

The web process runs all of it (WORKER=inline) or only its ears for other processes
(WORKER=off); `python -m wedding_wa worker` runs all of it without the doors.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, select

from wedding_wa.models import Account
from wedding_wa.runtime import Runtime
from wedding_wa.services import hearing, hearing_ways, inbound
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import WahaPlace, sync_from_settings
from wedding_wa.services.chore_keeper import Keeper
from wedding_wa.services.chores import Parts
from wedding_wa.services.clock import Clock
from wedding_wa.services.feed import Feed
from wedding_wa.services.history import READY
from wedding_wa.services.live import hear_other_processes
from wedding_wa.services.maintenance import chores_of
from wedding_wa.services.sender import Sender
from wedding_wa.services.worker import Worker
from wedding_wa.settings import ACCOUNT_KEYS, Settings

log = logging.getLogger(__name__)

_AFTER_FAULT_SECONDS = 1.0


@contextlib.asynccontextmanager
async def running(runtime: Runtime, *, worker: bool) -> AsyncIterator[None]:
    """Run the engine for the length of the block; stop gracefully after it.

    Stopping claims nothing more; a message in hand goes back, or, once it is on its
    way, its answer is waited for.
    """
    runtime.bus.attach()
    await adopt_settings(runtime)
    tasks = [_kept(_Ears(runtime).run)]
    if worker:
        await runtime.db.write(_doubt_what_was_missed, now=runtime.clock.now())
        tasks += [_kept(functools.partial(_keep_chores, runtime))]
        tasks += [_kept(_Inbound(runtime).run), _kept(_worker(runtime).run)]
        log.info("worker started", extra={"action": "worker_started"})
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def adopt_settings(runtime: Runtime) -> None:
    """Put what the settings say of WAHA into the accounts' rows."""
    settings = runtime.settings
    await runtime.db.write(
        sync_from_settings,
        places(settings),
        runtime.sealer,
        runtime.clock.now(),
        webhook_base=settings.webhook_base,
    )


def places(settings: Settings) -> Mapping[str, WahaPlace | None]:
    """How each account reaches WAHA, as the account service wants it."""
    return {key: _place(settings, key) for key in ACCOUNT_KEYS}


def _place(settings: Settings, key: str) -> WahaPlace | None:
    waha = settings.waha(key)
    if waha is None:
        return None
    secret = waha.webhook_secret
    return WahaPlace(
        url=waha.url,
        session=waha.session,
        api_key=waha.api_key.get_secret_value(),
        webhook_secret=secret.get_secret_value() if secret else None,
    )


def _worker(runtime: Runtime) -> Worker:
    async def probe(account_id: int) -> bool:
        status = await poll(runtime.db, runtime.clients, account_id, runtime.clock)
        return status == READY

    async def listen(account_id: int) -> None:
        await inbound.apply_open_events(
            runtime.db, runtime.clients, account_id, runtime.clock
        )

    sender = Sender(
        runtime.db,
        runtime.clients,
        runtime.clock,
        runtime.rng,
        probe=probe,
        listen=listen,
    )
    return Worker(
        runtime.db,
        runtime.bus,
        sender,
        runtime.clock,
        interval=runtime.settings.waha_worker_interval,
    )


def parts_of(runtime: Runtime) -> Parts:
    """What chores work with; also for the command line, which calls them by hand."""
    return Parts(
        runtime.db,
        runtime.clients,
        runtime.clock,
        timedelta(seconds=runtime.settings.settle_after_seconds),
    )


async def _keep_chores(runtime: Runtime) -> None:
    parts = parts_of(runtime)
    await Keeper(parts, runtime.bus, chores_of(parts.settle_after)).run()


def _feed(runtime: Runtime, account_id: int) -> Feed:
    return Feed(runtime.db, runtime.clients, account_id, runtime.clock, runtime.rng)


class _Inbound:
    """Listens to WAHA and applies what it says, each account on its own."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._feeds: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve every account there is, also new ones, until cancelled."""
        runtime, seen = self._runtime, -1
        try:
            while True:
                ids = await runtime.db.read(_account_ids)
                if set(ids) - set(self._tasks):
                    await adopt_settings(runtime)
                for account_id in set(ids) - set(self._tasks):
                    serve = functools.partial(self._serve, account_id)
                    self._tasks[account_id] = _kept(serve)
                    self._feeds[account_id] = _kept(_feed(runtime, account_id).run)
                interval = runtime.settings.waha_worker_interval
                seen = await runtime.bus.newer(seen, interval)
        finally:
            tasks = [*self._tasks.values(), *self._feeds.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, account_id: int) -> None:
        db, clients, clock = (
            self._runtime.db,
            self._runtime.clients,
            self._runtime.clock,
        )
        await inbound.start_hearing(db, clients, account_id, clock)
        while True:
            seen = self._runtime.bus.version
            await inbound.apply_open_events(db, clients, account_id, clock)
            interval = self._runtime.settings.waha_worker_interval
            await self._runtime.bus.newer(seen, interval)


class _Ears:
    """Hears the commits of other processes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self) -> None:
        runtime = self._runtime
        await hear_other_processes(runtime.db.engine, runtime.bus, runtime.clock)


def _kept(run: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
    """A task that goes on after a fault: logged, a breath taken, begun anew."""

    async def forever() -> None:
        while True:
            try:
                await run()
            except Exception:
                log.exception("part failed", extra={"action": "engine_part_failed"})
            await Clock().sleep(_AFTER_FAULT_SECONDS)

    return asyncio.create_task(forever())


def _doubt_what_was_missed(session: Session, *, now: datetime) -> None:
    """Before anything is sent: what the accounts said meanwhile may be lost."""
    for account_id in _account_ids(session):
        hearing.open_after_absence(session, account_id, now=now)
        hearing_ways.at_start(session, account_id, now=now)


def _account_ids(session: Session) -> list[int]:
    return [i for i in session.exec(select(Account.id)).all() if i is not None]
