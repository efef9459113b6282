"""services: the live bus: what a commit changed, told to everything that waits.

Services note changes with `note(session, …)`; after the commit the bus moves on by
one version and wakes every waiter: open pages, and the worker. Commits of other
processes are heard too: on SQLite by looking at `PRAGMA data_version` every 250 ms,
on PostgreSQL by LISTEN/NOTIFY. They say only that something changed, which is
enough: a waiter looks for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.services.clock import Clock

log = logging.getLogger(__name__)

CHANNEL = "wedding_wa"
_LOOK_SECONDS = 0.25
_RETRY_SECONDS = 3.0
_INFO_KEY = "changes"
_TOLD = "others_told"


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: `what` is "message", "account", "policy", "wedding", "login" or
    "chore"."""

    what: str
    wedding_id: int
    id: int | None = None


def note(session: Session, change: Change) -> None:
    """Remember `change` for after the commit, also for other processes."""
    _tell_others(session)
    session.info.setdefault(_INFO_KEY, []).append(change)


def _tell_others(session: Session) -> None:
    """Once a transaction; anew where that was in a savepoint that is over: it may have
    been undone, and the telling with it."""
    told = session.info.get(_TOLD)
    if told is not None and told.is_active:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SELECT pg_notify('{CHANNEL}', '')"))
    session.info[_TOLD] = session.get_nested_transaction() or session.get_transaction()


class Bus:
    """A version number that moves with every change; `newer` waits for the next.

    `publish` may be called from any thread; waiting belongs to the loop that
    called `attach`.
    """

    def __init__(self) -> None:
        self.version = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moved = asyncio.Event()

    def attach(self) -> None:
        """Bind the bus to the running event loop."""
        self._loop = asyncio.get_running_loop()

    def publish(self, _changes: object = None) -> None:
        """Wake everything that waits."""
        loop = self._loop
        if loop is None or loop.is_closed():
            self.version += 1
            return
        with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
            loop.call_soon_threadsafe(self._move)

    async def newer(self, seen: int, timeout: float) -> int:
        """Return the version once it is past `seen`, or after `timeout` seconds."""
        if self.version <= seen:
            # not `wait_for`: before Python 3.12 it swallows a cancellation that comes
            # together with the change, and whoever stops us waits for ever
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._moved.wait()
        return self.version

    def _move(self) -> None:
        self.version += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


async def hear_other_processes(engine: sa.Engine, bus: Bus, clock: Clock) -> None:
    """Publish whenever another process commits. Runs until cancelled."""
    if engine.dialect.name == "sqlite":
        await _watch_sqlite(engine, bus, clock)
    else:
        await _listen_postgres(engine, bus, clock)


async def _watch_sqlite(engine: sa.Engine, bus: Bus, clock: Clock) -> None:
    with contextlib.closing(engine.raw_connection()) as connection:
        seen = None
        while True:
            version = connection.execute("PRAGMA data_version").fetchone()
            if seen is not None and version != seen:
                bus.publish()
            seen = version
            await clock.sleep(_LOOK_SECONDS)


async def _listen_postgres(engine: sa.Engine, bus: Bus, clock: Clock) -> None:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with _listening(url) as connection:
                bus.publish()  # whatever was missed while not listening
                async for _ in connection.notifies():
                    bus.publish()
        except psycopg.Error:
            log.warning("not listening", extra={"action": "listen_lost"})
            await clock.sleep(_RETRY_SECONDS)


@contextlib.asynccontextmanager
async def _listening(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    try:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield connection
    finally:
        await connection.close()
