"""domain: the same time of day, every day, whatever the clocks of a place do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def next_daily(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first moment later than `after` at which clocks in `zone` show `at`.

    Once each day: where the clocks are set back over `at`, the first of the two; where
    they are set forward over it, as much later as they were set forward. Aware UTC.
    """
    today = after.astimezone(zone).date()
    near = (today + n * _DAY for n in range(-1, 4))  # a place may leave out a day
    return min(m for day in near if (m := _moment(day, at, zone)) > after)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
