"""Chores run at their times, when asked for, and in spite of each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import make_couple
from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound
from wedding_wa.models import Chore as ChoreRow
from wedding_wa.models import Wedding
from wedding_wa.services import chore_rows
from wedding_wa.services.accounts import Clients
from wedding_wa.services.chore_keeper import Keeper
from wedding_wa.services.chores import Chore, Did, Parts
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus, hear_other_processes
from wedding_wa.services.secrets import Sealer

SOON = timedelta(seconds=0.1)
SECONDS = timedelta(seconds=1)
NEVER = timedelta(days=300)
THREE = time(3)


@pytest.fixture(autouse=True)
def _soon_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made good after a start does not wait for doors to open here."""
    monkeypatch.setattr("wedding_wa.services.chores.AFTER_START", SOON)


class Counted:
    """A chore that counts its runs."""

    def __init__(self, did: Did | None = None) -> None:
        self.runs = 0
        self._did = did or {}

    async def __call__(self, parts: Parts) -> Did:
        del parts
        self.runs += 1
        return self._did


async def _breaks(parts: Parts) -> Did:
    del parts
    raise RuntimeError("on purpose")


@asynccontextmanager
async def kept(database: Database, *chores: Chore) -> AsyncIterator[Keeper]:
    """The keeper as a process of its own would run it: it hears of wishes by ear."""
    clock, bus = Clock(), Bus()
    bus.attach()
    clients = Clients(database, Sealer(b"test"), clock)
    keeper = Keeper(Parts(database, clients, clock, SECONDS), bus, chores)
    tasks = [
        asyncio.create_task(hear_other_processes(database.engine, bus, clock)),
        asyncio.create_task(keeper.run()),
    ]
    try:
        await until(lambda: all(c.name in rows(database) for c in chores))
        yield keeper
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await clients.aclose()


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for it; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # the database tells no event
            await asyncio.sleep(0.02)


def rows(database: Database) -> dict[str, ChoreRow]:
    return database.read_now(chore_rows.rows)


def last_ran(database: Database, name: str, at: datetime) -> None:
    """A run of an earlier start of the app."""
    run = chore_rows.Run(name, at, at, 1, {}, None, None)
    database.write_now(chore_rows.ensure, [name])
    database.write_now(chore_rows.finish, [run])


async def test_a_fault_of_one_chore_stops_no_other(any_database: Database) -> None:
    """It is written to its row, with how often in a row; the others go on."""
    make_couple(any_database)
    well = Counted({"settled": 2})
    async with kept(
        any_database,
        Chore("broken", _breaks, 0.2 * SECONDS),
        Chore("well", well, 0.2 * SECONDS),
    ):
        await until(
            lambda: well.runs >= 3 and rows(any_database)["broken"].failures > 2
        )
    broken, fine = rows(any_database)["broken"], rows(any_database)["well"]
    assert (broken.error, broken.result) == ("RuntimeError", {})
    assert (fine.error, fine.failures, fine.result) == (None, 0, {"settled": 2})
    assert fine.took_ms is not None
    assert fine.finished_at is not None


async def test_a_chore_that_works_again_says_so(database: Database) -> None:
    """The first good run after a fault takes the fault off the row."""
    make_couple(database)
    broken = True

    async def sometimes(parts: Parts) -> Did:
        if broken:
            return await _breaks(parts)
        return {}

    async with kept(database, Chore("sometimes", sometimes, 0.2 * SECONDS)):
        await until(lambda: rows(database)["sometimes"].failures > 0)
        broken = False
        await until(lambda: rows(database)["sometimes"].failures == 0)
    assert rows(database)["sometimes"].error is None


async def test_a_wish_of_another_process_is_heard_and_run(
    any_database: Database,
) -> None:
    """Run now: the page's process writes the wish, the keeper's hears the commit."""
    couple = make_couple(any_database)
    chore = Counted({"lists": 1})
    async with kept(any_database, Chore("rare", chore, NEVER)):
        await until(lambda: chore.runs == 1)  # never run before: made good at the start
        other = Database(any_database.url)
        for _ in range(2):  # asked twice is asked once
            other.write_now(
                chore_rows.want,
                "rare",
                wedding_id=couple.wedding,
                by=None,
                now=datetime.now(UTC),
            )
        asked = rows(any_database)["rare"]
        other.close()
        await until(lambda: chore.runs == 2)
        await until(lambda: rows(any_database)["rare"].finished_at is not None)
    row = rows(any_database)["rare"]
    assert asked.wanted_at is not None or asked.started_at != row.started_at
    assert (row.wanted_at, row.result, chore.runs) == (None, {"lists": 1}, 2)


def test_only_what_there_is_can_be_asked_for(database: Database) -> None:
    """A name from nowhere is refused and leaves no trace."""
    couple = make_couple(database)
    with pytest.raises(NotFound):
        database.write_now(
            chore_rows.want,
            "nonsense",
            wedding_id=couple.wedding,
            by=None,
            now=datetime.now(UTC),
        )
    assert rows(database) == {}


async def test_what_was_due_while_the_app_was_down_runs_once(
    database: Database,
) -> None:
    """A nightly chore that was missed runs soon after the start, one that was not
    waits for its night."""
    make_couple(database)
    now = datetime.now(UTC)
    last_ran(database, "missed", now - timedelta(days=3))
    last_ran(database, "fresh", now)
    missed, fresh = Counted(), Counted()
    async with kept(
        database, Chore("missed", missed, THREE), Chore("fresh", fresh, THREE)
    ):
        await until(lambda: missed.runs == 1)
        await until(lambda: rows(database)["missed"].finished_at is not None)
        await asyncio.sleep(0.3)
    assert (missed.runs, fresh.runs) == (1, 0)
    for name in ("missed", "fresh"):
        due = rows(database)[name].next_at
        assert due is not None
        assert due.astimezone(ZoneInfo("Europe/Rome")).time() == THREE


async def test_a_run_that_was_broken_off_is_made_again(database: Database) -> None:
    """Killed in the middle, shortly ago: not made, and not left for tomorrow."""
    make_couple(database)
    now = datetime.now(UTC)
    last_ran(database, "broken", now - timedelta(days=1))
    killed = now - timedelta(seconds=15)
    assert database.write_now(chore_rows.begin, "broken", now=killed, next_at=None)
    chore = Counted({"tries": 1})
    async with kept(database, Chore("broken", chore, THREE)):
        await until(lambda: rows(database)["broken"].finished_at is not None)
    assert (chore.runs, rows(database)["broken"].result) == (1, {"tries": 1})


def test_two_processes_leave_a_nightly_run_to_the_first(any_database: Database) -> None:
    """At the same moment one of them runs it; a wish is run whenever it comes."""
    couple = make_couple(any_database)
    night = datetime(2026, 6, 20, 1, 0, tzinfo=UTC)
    any_database.write_now(chore_rows.ensure, ["nightly"])

    def begin(seconds: float) -> bool:
        at = night + timedelta(seconds=seconds)
        return any_database.write_now(chore_rows.begin, "nightly", now=at, next_at=None)

    assert [begin(0), begin(0.2), begin(86_400), begin(86_401)] == [
        True,
        False,
        True,
        False,
    ]
    any_database.write_now(
        chore_rows.want,
        "nightly",
        wedding_id=couple.wedding,
        by=None,
        now=night,
    )
    assert [begin(86_402), begin(86_403)] == [True, False]


async def test_the_night_follows_an_edited_zone(database: Database) -> None:
    """The zone is edited while the app runs: three at night is three at night there."""
    couple = make_couple(database)
    last_ran(database, "nightly", datetime.now(UTC))

    def move(session: object) -> None:
        session.get_one(Wedding, couple.wedding).time_zone = "Asia/Kolkata"  # type: ignore[attr-defined]

    def hour(zone: str) -> time | None:
        due = rows(database)["nightly"].next_at
        return due.astimezone(ZoneInfo(zone)).time() if due else None

    async with kept(database, Chore("nightly", Counted(), THREE)):
        await until(lambda: hour("Europe/Rome") == THREE)
        database.write_now(move)
        await until(lambda: hour("Asia/Kolkata") == THREE)


async def test_a_clock_set_back_delays_nothing(database: Database) -> None:
    """Planned an hour ahead by a clock that was wrong: planned anew from now."""
    make_couple(database)
    chore = Counted()
    async with kept(database, Chore("often", chore, 0.2 * SECONDS)) as keeper:
        await until(lambda: chore.runs > 0)
        keeper._scheduler.modify_job(
            "often", next_run_time=datetime.now(UTC) + timedelta(hours=1)
        )
        keeper._bus.publish()
        before = chore.runs
        await until(lambda: chore.runs > before + 1)


async def test_often_without_news_is_written_rarely(database: Database) -> None:
    """Every commit wakes every page: many runs of nothing share a write a minute."""
    make_couple(database)
    one, two = Counted({"settled": 0}), Counted()
    async with kept(
        database, Chore("one", one, 0.1 * SECONDS), Chore("two", two, 0.1 * SECONDS)
    ):
        await until(lambda: one.runs > 2 and two.runs > 2)
        with closing(database.engine.raw_connection()) as watcher:
            before = _version(watcher)
            await until(lambda: one.runs > 12 and two.runs > 12)
            assert _version(watcher) == before
    assert rows(database)["one"].finished_at is not None  # the first is told at once


def _version(watcher: Any) -> int:
    """Moves with each commit that anybody else makes."""
    return int(watcher.execute("PRAGMA data_version").fetchone()[0])


@pytest.mark.parametrize(
    ("when", "last_hours_ago", "due_hours"),
    [
        (timedelta(hours=6), 1, 5),  # the rest of its time is waited for
        (timedelta(hours=6), 60, 0),  # overdue: soon, once
        (timedelta(hours=6), None, 0),  # never run: soon
        (timedelta(hours=6), -2, 6),  # run "later than now": the clock was set back
        (time(3), 1, 13),  # NOON UTC is 14:00 in Rome
        (time(3), 12, 0),
    ],
)
def test_the_first_run_makes_good_what_was_missed(
    when: timedelta | time, last_hours_ago: int | None, due_hours: int
) -> None:
    """After a start a chore waits no longer than if the app had never been down."""
    now = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)
    chore = Chore("any", Counted(), when)
    last = None if last_hours_ago is None else now - timedelta(hours=last_hours_ago)
    first = chore.first_run(last, now=now, zone=ZoneInfo("Europe/Rome"))
    expected = now + (timedelta(hours=due_hours) or SOON)
    assert first == expected
