"""What `read` and `write` promise on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import make_couple
from wedding_wa.db import Database
from wedding_wa.models import Account

only_postgres = pytest.mark.parametrize(
    "any_database",
    [pytest.param("postgres", marks=pytest.mark.postgres)],
    indirect=True,
)


def rename(session: Session, account_id: int, name: str) -> str:
    session.get_one(Account, account_id).push_name = name
    return name


def count(session: Session, account_id: int) -> int:
    """One more, in the database itself, as conditional updates do it."""
    session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(failures_in_row=Account.failures_in_row + 1)
    )
    return account_id


async def test_many_tasks_write_at_once_and_none_is_lost(
    any_database: Database,
) -> None:
    """A hundred tasks count the same number up: the sum is a hundred."""
    couple = make_couple(any_database)
    await asyncio.gather(*(any_database.write(count, couple.groom) for _ in range(100)))
    groom = await any_database.read(lambda s: s.get_one(Account, couple.groom))
    assert groom.failures_in_row == 100


async def test_a_failing_write_changes_nothing_and_is_told(
    any_database: Database,
) -> None:
    """The function's own error comes back, its changes do not stay."""
    couple = make_couple(any_database)

    def wrong(session: Session) -> None:
        rename(session, couple.groom, "nobody")
        session.flush()
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await any_database.write(wrong)
    groom = await any_database.read(lambda s: s.get_one(Account, couple.groom))
    assert groom.push_name is None


async def test_a_cancelled_caller_does_not_lose_the_write(
    any_database: Database,
) -> None:
    """Also where the write still waits for a free connection."""
    couple = make_couple(any_database)
    go = threading.Event()
    busy = [asyncio.create_task(any_database.write(lambda s: go.wait(20)))]
    busy += [
        asyncio.create_task(any_database.read(lambda s: go.wait(20))) for _ in range(9)
    ]
    await asyncio.sleep(0.05)
    late = asyncio.create_task(any_database.write(rename, couple.groom, "Luca"))
    await asyncio.sleep(0.05)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    go.set()
    await asyncio.gather(*busy)
    await any_database.write(rename, couple.bride, "Anna")
    for _ in range(200):
        groom = await any_database.read(lambda s: s.get_one(Account, couple.groom))
        if groom.push_name == "Luca":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the write was lost")


@only_postgres
async def test_two_writers_in_each_others_way_both_get_through(
    any_database: Database,
) -> None:
    """PostgreSQL gives one of two crossing writers up: it is done once more.

    Each takes one account's row and then, when both have theirs, the other's. SQLite
    has one writer, so there nobody is ever in anybody's way.
    """
    couple = make_couple(any_database)
    both = threading.Barrier(2)

    def crossing(session: Session, mine: int, other: int) -> str:
        count(session, mine)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(2)  # broken the second time: the other one is through already
        count(session, other)
        return "done"

    told = await asyncio.gather(
        any_database.write(crossing, couple.groom, couple.bride),
        any_database.write(crossing, couple.bride, couple.groom),
    )
    assert told == ["done", "done"]
    accounts = await any_database.read(lambda s: s.exec(sa.select(Account)).all())
    assert [account.failures_in_row for (account,) in accounts] == [2, 2]


@only_postgres
async def test_a_writer_that_always_loses_is_told(any_database: Database) -> None:
    """Trying again has an end, and other faults are not tried again at all."""
    tries: list[str] = []

    def loses(session: Session, code: str) -> None:
        tries.append(code)
        session.execute(
            sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
        )

    with pytest.raises(sa.exc.DBAPIError):
        await any_database.write(loses, "40001")
    with pytest.raises(sa.exc.DBAPIError):
        await any_database.write(loses, "23514")
    assert tries == ["40001"] * 5 + ["23514"]
