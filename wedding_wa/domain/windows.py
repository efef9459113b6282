"""domain: sending windows, several a day, right across a clock change.

Written as people write them: "09:00-12:30, 15:00-20:00". One that ends before it
begins goes past midnight ("22:00-01:00"). Times are on the wall in the wedding's
zone: a window's ends are turned into instants on each day anew, so an hour that the
clocks skip or repeat never opens or closes it at the wrong moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wedding_wa.domain.errors import BadInput

_WINDOW = re.compile(r"^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})$")
_MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes after midnight; `end` may be 1440 and may lie before `start`."""

    start: int
    end: int

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the instants at which the window of `day` opens and closes."""
        over = self.end <= self.start
        return (
            _instant(day, self.start, zone),
            _instant(day + timedelta(days=over), self.end, zone),
        )


Windows = tuple[Window, ...]


def parse_windows(text: str) -> Windows:
    """Read "09:00-12:30, 15:00-20:00"; empty text means always. Raises BadInput."""
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    return tuple(_parse(part) for part in parts)


def _parse(part: str) -> Window:
    match = _WINDOW.match(part)
    if match is None:
        raise BadInput("error.policy.windows", "windows", part=part)
    hours = [int(number) for number in match.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    wrong_minute = hours[1] > 59 or hours[3] > 59
    if wrong_minute or start >= _MIDNIGHT or end > _MIDNIGHT or start == end:
        raise BadInput("error.policy.windows", "windows", part=part)
    return Window(start, end)


def next_open(now: datetime, windows: Windows, zone: ZoneInfo) -> datetime:
    """Return `now` if sending is allowed, else the instant the next window opens."""
    if not windows:
        return now
    today = now.astimezone(zone).date()
    later = []
    for offset in range(-1, 3):
        for window in windows:
            opens, closes = window.on(today + timedelta(days=offset), zone)
            if opens <= now < closes:
                return now
            if opens > now and closes > opens:
                later.append(opens)
    return min(later)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant of a wall time; one that the clocks skip becomes the first after."""
    if minutes == _MIDNIGHT:
        day, minutes = day + timedelta(days=1), 0
    wall = datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        return _after_skip(wall)
    return instant


def _after_skip(wall: datetime) -> datetime:
    """`wall` does not exist: return the instant at which the clocks jumped."""
    before = wall.replace(fold=1).utcoffset()
    after = wall.replace(fold=0).utcoffset()
    assert before is not None
    assert after is not None
    jump = abs(before - after)
    probe = (wall - jump).astimezone(UTC)
    start = probe.astimezone(wall.tzinfo).utcoffset()
    low, high = timedelta(0), 2 * jump
    while high - low > timedelta(seconds=1):
        middle = (low + high) / 2
        if (probe + middle).astimezone(wall.tzinfo).utcoffset() == start:
            low = middle
        else:
            high = middle
    return (probe + high).replace(microsecond=0)
