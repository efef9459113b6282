"""The live bus: every commit, of this process or another, wakes who waits."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlmodel import Session

from tests.builders import make_couple
from wedding_wa.db import Database, opened
from wedding_wa.models import Account
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus, Change, hear_other_processes, note

SOON = 10.0  # far above what it takes, far below what a poll would need


def rename(session: Session, account_id: int, name: str, *, tell: bool = True) -> None:
    session.get_one(Account, account_id).push_name = name
    if tell:
        note(session, Change("account", 1, account_id))


@asynccontextmanager
async def hearing(database: Database) -> AsyncIterator[Bus]:
    """A bus that hears other processes, once its ears are open."""
    bus = Bus()
    bus.attach()
    task = asyncio.create_task(hear_other_processes(database.engine, bus, Clock()))
    await asyncio.sleep(0.4)  # SQLite: the first look; PostgreSQL: LISTEN is under way
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_own_commits_are_told_at_once(any_database: Database) -> None:
    """The listener of `db` moves the bus before the writer's caller goes on."""
    groom = make_couple(any_database).groom
    bus = Bus()
    bus.attach()
    any_database.on_commit.append(bus.publish)
    seen = bus.version
    waiting = asyncio.create_task(bus.newer(seen, SOON))
    await any_database.write(rename, groom, "Luca")
    assert await waiting == seen + 1
    seen = bus.version
    await any_database.write(rename, groom, "Gianluca", tell=False)
    assert await bus.newer(seen, 0.05) == seen


async def test_another_databases_commits_are_heard(any_database: Database) -> None:
    """Somebody else writes to the same database: soon the bus has moved."""
    groom = make_couple(any_database).groom
    async with hearing(any_database) as bus:
        with opened(any_database.url) as other:
            for name in ("Luca", "Gianluca"):
                seen = bus.version
                await other.write(rename, groom, name)
                assert await bus.newer(seen, SOON) > seen


async def test_what_was_undone_silences_nothing(any_database: Database) -> None:
    """A change noted behind a savepoint that was undone is heard elsewhere."""
    groom = make_couple(any_database).groom

    def tried(session: Session) -> None:
        with contextlib.suppress(ValueError), session.begin_nested():
            rename(session, groom, "Luca")
            raise ValueError
        rename(session, groom, "Gianluca")

    async with hearing(any_database) as bus:
        with opened(any_database.url) as other:
            for work in (partial(rename, account_id=groom, name="Ada"), tried):
                seen = bus.version
                await other.write(work)
                assert await bus.newer(seen, SOON) > seen


async def test_another_processes_commits_are_heard(database: Database) -> None:
    """A real process, as the command line is one, on the SQLite file."""
    groom = make_couple(database).groom
    code = f"""
        from wedding_wa.db import opened
        from tests.unit.services.test_live import rename
        with opened({database.url!r}) as other:
            other.write_now(rename, {groom}, "Luca")
    """
    async with hearing(database) as bus:
        seen = bus.version
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(code), stderr=subprocess.PIPE
        )
        _, stderr = await asyncio.wait_for(child.communicate(), 60)
        assert child.returncode == 0, stderr.decode()
        assert await bus.newer(seen, SOON) > seen


async def test_nothing_new_means_waiting_until_the_time_is_up() -> None:
    """`newer` returns what it knows; a version that is past `seen` returns at once."""
    bus = Bus()
    bus.attach()
    assert await bus.newer(bus.version, 0.01) == bus.version
    assert await bus.newer(bus.version, 0) == bus.version
    assert await bus.newer(-1, SOON) == bus.version


async def test_everybody_who_waits_is_woken() -> None:
    """From any thread, one publish wakes all, each once."""
    bus = Bus()
    bus.attach()
    waiting = [asyncio.create_task(bus.newer(0, SOON)) for _ in range(50)]
    await asyncio.sleep(0)
    threading.Thread(target=bus.publish).start()
    assert await asyncio.gather(*waiting) == [1] * 50


async def test_a_change_between_two_looks_is_not_missed() -> None:
    """Who remembers the version before looking gets every later change at once."""
    bus = Bus()
    bus.attach()
    seen = bus.version
    bus.publish()
    await asyncio.sleep(0)
    assert await bus.newer(seen, SOON) == seen + 1


def test_without_a_loop_a_publish_harms_nothing() -> None:
    """The command line has no loop, and a closed one takes nothing any more."""
    bus = Bus()
    bus.publish()
    assert bus.version == 1

    async def attach() -> None:
        bus.attach()

    asyncio.run(attach())
    bus.publish()
    assert bus.version == 2
