"""The clock on the wall is set, skips an hour, repeats one: nothing goes for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.builders import message, put, set_policy
from tests.fakes import FakeClock
from tests.integration.conftest import World
from tests.integration.faults.days import (
    DAY,
    HOUR,
    Days,
    guests,
    put_many,
    set_zone,
)
from tests.integration.faults.line import SEND, Line, says
from tests.integration.queue.desk import ME, OTHER, Desk
from wedding_wa.db import Database
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.accounts import Clients
from wedding_wa.services.settler import settle
from wedding_wa.services.worker import AccountWorker

PACE: dict[str, object] = {
    "per_hour": 3,
    "per_day": 8,
    "gap_min_seconds": 30.0,
    "gap_max_seconds": 60.0,
    "missed_after_seconds": 0.0,
}


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.of(database, **PACE)


@dataclass(frozen=True)
class Date:
    """A day and night on which a zone's clocks do something odd."""

    name: str
    zone: str
    begins: str
    windows: str


DATES = [
    Date("an hour is skipped", "Europe/Berlin", "2026-03-28 20:00", "01:00-04:00"),
    Date("an hour is repeated", "Europe/Berlin", "2026-10-24 20:00", "01:00-04:00"),
    Date("within the repeated", "Europe/Berlin", "2026-10-24 20:00", "02:00-03:00"),
    Date("within the skipped", "Europe/Berlin", "2026-03-28 20:00", "02:15-02:45"),
    Date("no midnight", "America/Sao_Paulo", "2018-11-03 18:00", "22:00-02:00"),
    Date("two midnights", "America/Sao_Paulo", "2018-02-17 18:00", "22:00-02:00"),
    Date("a leap day", "Europe/Rome", "2028-02-28 20:00", "00:00-03:00, 22:00-24:00"),
]


@pytest.mark.parametrize("date", DATES, ids=lambda date: date.name)
def test_limits_and_windows_outlive_the_change_of_clocks(
    desk: Desk, date: Date
) -> None:
    """The night and the evening after it: in every true hour and day no more than
    allowed, never outside a window, nothing twice, and it does go on."""
    zone = ZoneInfo(date.zone)
    set_zone(desk, date.zone)
    begins = datetime.fromisoformat(date.begins).replace(tzinfo=zone)
    desk.now = begins.astimezone(UTC)
    _set_windows(desk, date.windows)
    put_many(desk, guests(12))
    days = Days(desk)
    days.work(32 * 3600)
    days.each_once()
    days.within(3, HOUR)
    days.within(8, DAY)
    days.apart(30)
    days.in_windows(date.windows, zone)
    assert len(days.went) >= 3


def _set_windows(desk: Desk, windows: str) -> None:
    set_policy(desk.db, desk.couple.groom, windows=windows)


def test_another_zone_holds_from_the_next_message_on(desk: Desk) -> None:
    """The couple moves to São Paulo in the middle of the day: nine there is not nine
    in Rome, and what was sent so far still counts."""
    set_zone(desk, "Europe/Rome")
    _set_windows(desk, "09:00-18:00")
    put_many(desk, guests(12))
    before = Days(desk)
    before.work(1800)
    set_zone(desk, "America/Sao_Paulo")
    after = Days(desk, went=list(before.went), true=before.true)
    after.work(24 * 3600)
    before.in_windows("09:00-18:00", ZoneInfo("Europe/Rome"))
    of_there = Days(desk, went=after.went[len(before.went) :])
    of_there.in_windows("09:00-18:00", ZoneInfo("America/Sao_Paulo"))
    assert len(before.went) == 3
    assert len(of_there.went) >= 3
    after.within(3, HOUR)
    after.each_once()


@pytest.mark.parametrize("hours", [-1, 1], ids=["an hour back", "an hour on"])
def test_a_clock_that_is_set_makes_no_burst_and_stops_nothing(
    desk: Desk, hours: int
) -> None:
    """Set back: it waits until the old hour is over, so no true hour holds more than
    allowed. Set on: the clock says that an hour is over, and the gap is still kept."""
    put_many(desk, guests(7))
    days = Days(desk)
    days.work(600)
    assert len(days.went) == 3
    days.step_the_clock(hours * HOUR)
    at_the_change = days.true
    days.work(4 * 3600)
    days.each_once()
    assert len(days.went) == 7, "nothing is stuck"
    after = [one for one in days.went if one.true >= at_the_change]
    Days(desk, went=after).apart(30)
    Days(desk, went=after).within(3, HOUR)
    if hours < 0:
        days.within(3, HOUR)


@pytest.mark.parametrize("hours", [-1, 1], ids=["an hour back", "an hour on"])
def test_nothing_goes_before_the_clock_says_so(desk: Desk, hours: int) -> None:
    """A time that a person chose is a time on the wall; a back-off outlasts the jump
    and ends."""
    put_many(desk, guests(1))
    due = desk.now + timedelta(hours=3)
    scheduled = desk.put(due_at=due)
    claim = desk.claim()
    assert desk.retry(claim, 60)
    days = Days(desk)
    days.step_the_clock(hours * HOUR)
    days.work(5 * 3600)
    (at,) = [one.claimed for one in days.went if one.number == scheduled]
    assert due <= at <= due + timedelta(minutes=2)
    assert len(days.went) == 2


@pytest.mark.parametrize("hours", [-1, 1], ids=["an hour back", "an hour on"])
def test_who_holds_the_lease_keeps_it_through_the_change(
    desk: Desk, hours: int
) -> None:
    """It renews every ten seconds: after the next one the lease is right again."""
    desk.now += hours * HOUR
    assert desk.db.write_now(leases.renew, desk.lease, now=desk.now)
    thief = desk.db.write_now(
        leases.acquire, desk.couple.groom, owner=OTHER, now=desk.now
    )
    assert thief is None


@pytest.mark.parametrize("hours", [-1, 1], ids=["an hour back", "an hour on"])
def test_two_that_see_another_time_never_both_send(desk: Desk, hours: int) -> None:
    """On a host whose clock is an hour on, a lease looks lapsed and is taken: the one
    that had it marks nothing any more, so only one of them ever sends."""
    put_many(desk, guests(2))
    claim = desk.claim()
    desk.lease, old = (
        desk.db.write_now(
            leases.acquire,
            desk.couple.groom,
            owner=OTHER,
            now=desk.now + hours * HOUR + timedelta(seconds=31),
        ),
        desk.lease,
    )
    if hours < 0:
        assert desk.lease is None, "it waits for the living holder"
        return
    assert desk.mark(claim) is None
    assert not desk.db.write_now(leases.renew, old, now=desk.now)
    assert desk.row(claim.message_id).status == "processing"


def test_a_lost_hosts_lease_ends_in_time_also_where_our_clock_went_back(
    desk: Desk,
) -> None:
    """Nobody has renewed it for a minute: whatever the wall says, it is free."""
    far = desk.steal()
    assert far.owner == str(OTHER)
    days = Days(desk)
    days.step_the_clock(-HOUR)
    for _ in range(7):
        days.passes(10)
        taken = desk.db.write_now(
            leases.acquire, desk.couple.groom, owner=ME, now=desk.now
        )
    assert taken is not None


def test_sends_of_a_future_that_was_wrong_hold_nobody_for_long(desk: Desk) -> None:
    """A machine starts with a wrong date, sends, and is then told the right one."""
    put_many(desk, guests(4))
    days = Days(desk)
    days.step_the_clock(timedelta(days=365))
    days.work(300, most=2)
    days.step_the_clock(timedelta(days=-365))
    days.work(24 * 3600)
    assert len(days.went) == 4


class Slept(FakeClock):
    """The wall's clock of a machine that sleeps: its monotonic one stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = 0.0

    def monotonic(self) -> float:
        return super().monotonic() - self.asleep

    def sleeps(self, seconds: float) -> None:
        self.asleep += seconds
        self.advance(seconds)


@pytest.fixture
def clock() -> Slept:
    return Slept()


async def test_a_sleep_of_the_machine_is_no_proof_that_nothing_went(
    world: World,
    store: None,
    line: Line,
    groom: AccountWorker,
    clients: Clients,
    clock: Slept,
) -> None:
    """WAHA may still send what it has in hand when a lid is opened again: the minutes
    of waiting are minutes in which this process, and so WAHA, was awake."""
    number = put(world.database, world.couple).id
    line.on(SEND, says(500, {"message": "Connection Closed", "statusCode": 500}))
    await groom.step()
    assert message(world.database, number).status == "unconfirmed"
    clock.advance(5)
    await settle(world.database, clients, clock, settle_after=timedelta(seconds=300))
    clock.sleeps(3600)
    await settle(world.database, clients, clock, settle_after=timedelta(seconds=300))
    assert message(world.database, number).status == "unconfirmed"


def test_what_was_accepted_in_a_future_that_was_wrong_goes_today(desk: Desk) -> None:
    """Nobody planned it for next year: it was to go at once."""
    days = Days(desk)
    days.step_the_clock(timedelta(days=365))
    put_many(desk, guests(2))
    days.step_the_clock(timedelta(days=-365))
    planned = desk.put(due_at=desk.now + timedelta(days=30))
    days.work(3600)
    assert len(days.went) == 2
    assert desk.row(planned).status == "pending"


def test_a_pause_that_was_asked_for_in_a_wrong_future_ends(desk: Desk) -> None:
    """Five minutes were asked for, not a year and five minutes."""
    days = Days(desk)
    days.step_the_clock(timedelta(days=365))
    put_many(desk, guests(1))
    claim = desk.claim()
    fault = queue.Fault("error.waha.rate_limited", 429, timedelta(minutes=5))
    desk.db.write_now(
        queue.retry_later, claim, due_at=desk.now, fault=fault, now=desk.now
    )
    days.step_the_clock(timedelta(days=-365))
    days.work(24 * 3600)
    assert len(days.went) == 1
