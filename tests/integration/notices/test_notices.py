"""Notices: told once, open till they are over, told with what caused them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import Couple, make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.services import notices
from wedding_wa.services.live import Change

LATER = NOON + timedelta(minutes=3)


@pytest.fixture
def couple(database: Database) -> Couple:
    return make_couple(database)


def test_opening_twice_tells_once_with_the_newest_figures(
    database: Database, couple: Couple
) -> None:
    """One row a trouble, since its beginning; a second word only renews its params."""
    kind, w, a = notices.ACCOUNT_DOWN, couple.wedding, couple.groom
    tell = notices.open_notice
    assert database.write_now(tell, w, kind, now=NOON, account_id=a, status="FAILED")
    assert not database.write_now(
        tell, w, kind, now=LATER, account_id=a, status="MISSING"
    )
    [one] = database.read_now(notices.open_notices, w)
    assert (one.account, one.at, one.ended_at) == ("groom", NOON, None)
    assert one.params == {"status": "MISSING"}


def test_a_kind_may_be_open_for_each_account_and_for_all(
    database: Database, couple: Couple
) -> None:
    """The other account's trouble is another notice, and so is one about all."""
    for account in (couple.groom, couple.bride, None):
        assert database.write_now(
            notices.open_notice,
            couple.wedding,
            notices.MISSED,
            now=NOON,
            account_id=account,
        )
    assert database.write_now(
        notices.close_notice,
        couple.wedding,
        notices.MISSED,
        now=LATER,
        account_id=couple.bride,
    )
    left = database.read_now(notices.open_notices, couple.wedding)
    assert [one.account for one in left] == ["groom", None]


def test_what_ended_is_told_with_how_and_may_begin_anew(
    database: Database, couple: Couple
) -> None:
    """Closing keeps what was told and adds to it; the next trouble is a new row."""
    w, kind = couple.wedding, notices.RESTORED
    assert not database.write_now(notices.close_notice, w, kind, now=NOON)
    database.write_now(notices.open_notice, w, kind, now=NOON, why="x")
    assert database.write_now(notices.close_notice, w, kind, now=LATER, waited=4)
    [ended] = database.read_now(notices.ended_notices, w, limit=5)
    assert ended.params == {"why": "x", "waited": 4}
    assert ended.ended_at == LATER
    assert database.write_now(notices.open_notice, w, kind, now=LATER)
    assert len(database.read_now(notices.open_notices, w)) == 1


def test_pages_are_told_of_changes_alone(database: Database, couple: Couple) -> None:
    """Opening, renewing and closing wake the pages; saying the same again does not."""
    told: list[list[Change]] = []
    database.on_commit.append(told.append)
    w, kind, say = couple.wedding, notices.SILENT, notices.open_notice
    database.write_now(say, w, kind, now=NOON, n=1)
    database.write_now(say, w, kind, now=LATER, n=1)
    database.write_now(say, w, kind, now=LATER, n=2)
    database.write_now(notices.close_notice, w, kind, now=LATER)
    database.write_now(notices.close_notice, w, kind, now=LATER)
    assert told == [[Change("wedding", w)]] * 3


def test_a_cause_that_is_undone_tells_nothing(
    database: Database, couple: Couple
) -> None:
    """The notice belongs to its cause's transaction."""

    def fail(session: object) -> None:
        notices.open_notice(session, couple.wedding, notices.SILENT, now=NOON)  # type: ignore[arg-type]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write_now(fail)
    assert database.read_now(notices.open_notices, couple.wedding) == []


def test_the_most_urgent_stands_first(database: Database, couple: Couple) -> None:
    """By urgency, and within a kind by age."""
    for kind in (notices.MISSED, notices.RESTRICTED, notices.PAUSED):
        database.write_now(notices.open_notice, couple.wedding, kind, now=NOON)
    found = database.read_now(notices.open_notices, couple.wedding)
    assert [one.kind for one in found] == [
        notices.PAUSED,
        notices.MISSED,
        notices.RESTRICTED,
    ]
