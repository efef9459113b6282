"""The chores themselves: each does its work when called by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import Couple, guest_wrote, make_couple, message, phases_of, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.optimise import optimise
from wedding_wa.services.processes import ProcessIdentity, this_process
from wedding_wa.services.rescue import rescue_left


@pytest.fixture
def couple(any_database: Database) -> Couple:
    made = make_couple(any_database)
    guest_wrote(any_database, made.groom, at=NOON - timedelta(days=1))
    return made


def claimed(database: Database, couple: Couple, owner: ProcessIdentity) -> int:
    """A message that a worker of `owner` has in its hands; returns its id."""
    made = put(database, couple, now=NOON - timedelta(minutes=5))

    def claim(session: Session) -> None:
        lease = leases.acquire(session, couple.groom, owner=owner, now=NOON)
        assert lease is not None
        step = queue.next_step(session, lease, now=NOON)
        assert step is not None
        assert step.claim is not None

    database.write_now(claim)
    return made.id


_HERE = this_process()
DEAD = ProcessIdentity(_HERE.host, _HERE.pid, "long ago")
FAR = ProcessIdentity("another-host", 4711, "today")


@pytest.mark.parametrize(
    ("owner", "later", "freed"),
    [
        (DEAD, timedelta(0), True),  # proven dead: at once
        (FAR, timedelta(seconds=29), False),  # cannot be proven: its lease counts
        (FAR, timedelta(seconds=31), True),
        (_HERE, timedelta(hours=1), False),  # this process has a worker for that
    ],
)
def test_what_nobody_holds_any_more_goes_back_in_the_line(
    any_database: Database,
    couple: Couple,
    owner: ProcessIdentity,
    later: timedelta,
    freed: bool,
) -> None:
    """Of dead or lapsed workers, never of one that may act; no failure is counted."""
    held = claimed(any_database, couple, owner)
    assert any_database.write_now(rescue_left, now=NOON + later) == freed
    row = message(any_database, held)
    assert (row.status, row.failures) == ("pending" if freed else "processing", 0)
    assert ("rescued" in phases_of(any_database, held)) is freed
    account = any_database.read_now(lambda s: s.get_one(Account, couple.groom))
    assert (account.lease_owner is None) is freed  # whoever comes need not wait


async def test_the_database_is_kept_quick(
    any_database: Database, couple: Couple
) -> None:
    """The planner knows afterwards how full the tables are; writers go on meanwhile."""
    put(any_database, couple)
    holding = any_database.engine.connect()
    holding.execute(sa.text("SELECT 1"))  # a page that reads in the middle of it
    await optimise(any_database)
    holding.close()

    def known(session: Session) -> int:
        counted = (
            "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'queue_message'"
            if any_database.is_sqlite
            else "SELECT count(*) FROM pg_class WHERE relname = 'queue_message' "
            "AND reltuples >= 1"
        )
        return int(session.execute(sa.text(counted)).scalar_one())

    assert any_database.read_now(known) > 0
