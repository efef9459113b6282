"""The same time every day, whatever the clocks of a place do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.daily import next_daily

THREE = time(3, 0)


def _moments(zone: str, after: str, n: int) -> list[str]:
    """The next `n` moments, as the clocks of the place show them."""
    at, place = datetime.fromisoformat(after), ZoneInfo(zone)
    shown = []
    for _ in range(n):
        at = next_daily(at, THREE, place)
        shown.append(at.astimezone(place).strftime("%d %H:%M%z"))
    return shown


@pytest.mark.parametrize(
    ("zone", "after", "shown"),
    [
        # Rome: 02:00 becomes 03:00, and 03:00 becomes 02:00
        ("Europe/Rome", "2026-03-28T12:00Z", ["29 03:00+0200", "30 03:00+0200"]),
        ("Europe/Rome", "2026-10-24T12:00Z", ["25 03:00+0100", "26 03:00+0100"]),
        # Helsinki: 03:00 itself is left out in spring, and comes twice in autumn
        ("Europe/Helsinki", "2026-03-28T12:00Z", ["29 04:00+0300", "30 03:00+0300"]),
        ("Europe/Helsinki", "2026-10-24T12:00Z", ["25 03:00+0300", "26 03:00+0200"]),
        ("Asia/Kolkata", "2026-06-01T21:30Z", ["03 03:00+0530", "04 03:00+0530"]),
        # Samoa had no 30 December 2011
        ("Pacific/Apia", "2011-12-29T12:00Z", ["29 03:00-1000", "31 03:00+1400"]),
    ],
)
def test_it_is_three_at_night_there(zone: str, after: str, shown: list[str]) -> None:
    """Once a day at that hour; where clocks leave it out, right after."""
    assert _moments(zone, after, 2) == shown


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1)),
    zone=st.sampled_from(
        ["Europe/Rome", "Europe/Helsinki", "Africa/Cairo", "America/Santiago", "UTC"]
    ),
    hour=st.integers(0, 23),
)
def test_it_comes_once_a_day(after: datetime, zone: str, hour: int) -> None:
    """Never twice on one day, never a day without: 23 to 25 hours apart."""
    place, at = ZoneInfo(zone), time(hour)
    first = next_daily(after.replace(tzinfo=UTC), at, place)
    second = next_daily(first, at, place)
    assert timedelta(0) < first - after.replace(tzinfo=UTC) <= timedelta(hours=25)
    assert timedelta(hours=23) <= second - first <= timedelta(hours=25)
    days = [m.astimezone(place).date() for m in (first, second)]
    assert days[1] - days[0] == timedelta(days=1)
