"""Eight hours away, five thousand messages due: no burst, no limit broken."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fakes import NOON
from tests.integration.faults.days import DAY, HOUR, Days, cost, guests, put_many
from tests.integration.queue.desk import Desk
from wedding_wa.db import Database

WINDOWS = "09:00-12:30, 15:00-20:00"
ROME = ZoneInfo("Europe/Rome")
# As the couple have it, but for what depends on answers: nobody answers here.
AS_SET_UP: dict[str, object] = {
    "per_hour": 10,
    "per_day": 40,
    "gap_min_seconds": 30.0,
    "gap_max_seconds": 60.0,
    "rest_after": 10,
    "cooldown_seconds": 600.0,
    "windows": WINDOWS,
}


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.of(database, **AS_SET_UP)


def test_after_eight_hours_away_it_goes_on_gently(desk: Desk) -> None:
    """5,000 wait for 250 guests; the worker comes back at 14:00 and is restarted again
    and again, in the middle of the line: what was sent is read from the database, so
    every sliding hour and day, the gaps, the rests and the windows hold."""
    desk.now = NOON - timedelta(hours=8)
    put_many(desk, guests(250), each=20)
    assert desk.counters() == {"waiting": 5000}
    days = Days(desk)
    days.passes(8 * 3600)
    for number in range(7):
        days.work(5 * 3600)
        days.restart(number=10 + number)
    assert len(days.went) >= 40
    days.each_once()
    days.within(10, HOUR)
    days.within(40, DAY)
    days.apart(30)
    days.in_windows(WINDOWS, ROME)
    opened = days.went[0].true
    assert sum(one.true < opened + 60 for one in days.went) <= 2
    counted = desk.counters()
    assert counted["sent"] == len(days.went)
    assert sum(counted.values()) == 5000


def test_a_restart_forgets_no_limit(desk: Desk) -> None:
    """Ten in an hour, and a new process every three minutes: not one more."""
    put_many(desk, guests(30))
    days = Days(desk)
    days.passes(3 * 3600)  # three in the afternoon
    for number in range(40):
        days.restart(number=10 + number)
        days.work(180)
    days.within(10, HOUR)
    days.apart(30)
    assert len(days.went) >= 10


def test_a_long_line_costs_no_more_than_a_short_one(desk: Desk) -> None:
    """Deciding who is next looks at the first of the line, however long it is: ten
    times the messages are not even twice the work."""
    put_many(desk, guests(250), each=2)
    desk.later(timedelta(hours=3).total_seconds())
    short = cost(desk, lambda: _three(desk))
    put_many(desk, [f"+3934{n:08d}" for n in range(250)], each=18)
    assert sum(desk.counters().values()) == 5000
    long = cost(desk, lambda: _three(desk))
    assert short > 0
    assert long <= 2 * short + 50, f"{short} and {long} thousand steps"


def _three(desk: Desk) -> None:
    """Three messages and the looks between them."""
    days = Days(desk)
    days.work(3600, most=3)
    assert len(days.went) == 3
