"""Sending windows are wall times, right across midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.windows import Window, next_open, parse_windows

ROME = ZoneInfo("Europe/Rome")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MINUTE = timedelta(minutes=1)


def at(text: str, zone: ZoneInfo = ROME, *, fold: int = 0) -> datetime:
    """The instant of a wall time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def opens(now: datetime, windows: str, zone: ZoneInfo = ROME) -> datetime:
    return next_open(now, parse_windows(windows), zone).astimezone(UTC)


def test_without_windows_it_is_always_open() -> None:
    """Empty text means round the clock."""
    now = at("2026-06-20 03:00")
    assert opens(now, "") == now
    assert opens(now, " , ;\n") == now


def test_several_windows_a_day() -> None:
    """Open inside each, closed between them, and the end itself is closed."""
    two = "09:00-12:30, 15:00–20:00"
    assert opens(at("2026-06-20 08:59"), two) == at("2026-06-20 09:00")
    assert opens(at("2026-06-20 09:00"), two) == at("2026-06-20 09:00")
    assert opens(at("2026-06-20 12:29"), two) == at("2026-06-20 12:29")
    assert opens(at("2026-06-20 12:30"), two) == at("2026-06-20 15:00")
    assert opens(at("2026-06-20 20:00"), two) == at("2026-06-21 09:00")


def test_a_window_may_go_past_midnight() -> None:
    """22:00-01:00 is open at 23:00 and at 00:30 of the next day, closed at 01:00."""
    late = "22:00-01:00"
    assert opens(at("2026-06-20 23:00"), late) == at("2026-06-20 23:00")
    assert opens(at("2026-06-21 00:30"), late) == at("2026-06-21 00:30")
    assert opens(at("2026-06-21 01:00"), late) == at("2026-06-21 22:00")
    assert opens(at("2026-06-20 10:00"), "18:00-24:00") == at("2026-06-20 18:00")
    assert opens(at("2026-06-20 23:59"), "18:00-24:00") == at("2026-06-20 23:59")
    assert opens(at("2026-06-21 00:00"), "18:00-00:00") == at("2026-06-21 18:00")


def test_when_the_clocks_skip_an_hour() -> None:
    """Rome, 29 March 2026: 02:00 becomes 03:00. A window that begins in the hour that
    does not exist opens when the clocks jump; one that lies in it never opens."""
    night = at("2026-03-29 01:59")
    jump = at("2026-03-29 03:00")
    assert jump - night == MINUTE
    assert opens(night, "02:30-04:00") == jump
    assert opens(night, "02:10-02:50") == at("2026-03-30 02:10")
    assert opens(at("2026-03-29 01:30"), "01:00-02:30") == at("2026-03-29 01:30")
    assert opens(jump, "01:00-02:30") == at("2026-03-30 01:00")


def test_when_the_clocks_repeat_an_hour() -> None:
    """Rome, 25 October 2026: 03:00 becomes 02:00. A window opens and closes once."""
    first = at("2026-10-25 02:15")
    again = at("2026-10-25 02:15", fold=1)
    assert again - first == timedelta(hours=1)
    assert opens(first, "02:00-02:30") == first
    assert opens(again, "02:00-02:30") == at("2026-10-26 02:00")
    assert opens(first, "02:30-04:00") == at("2026-10-25 02:30")
    assert opens(again, "02:30-04:00") == again
    assert opens(at("2026-10-25 02:45"), "01:00-02:30") == at("2026-10-26 01:00")


def test_where_midnight_itself_does_not_exist() -> None:
    """São Paulo, 4 November 2018: 00:00 became 01:00."""
    evening = at("2018-11-03 23:59", SAO_PAULO)
    jump = at("2018-11-04 01:00", SAO_PAULO)
    assert jump - evening == MINUTE
    assert opens(evening, "00:00-06:00", SAO_PAULO) == jump
    assert opens(evening, "20:00-24:00", SAO_PAULO) == evening
    assert opens(jump, "20:00-24:00", SAO_PAULO) == at("2018-11-04 20:00", SAO_PAULO)
    assert opens(jump, "20:00-00:30", SAO_PAULO) == at("2018-11-04 20:00", SAO_PAULO)


def test_where_midnight_comes_twice() -> None:
    """São Paulo, 18 February 2018: at 00:00 it was 23:00 once more."""
    first = at("2018-02-17 23:30", SAO_PAULO)
    again = at("2018-02-17 23:30", SAO_PAULO, fold=1)
    assert again - first == timedelta(hours=1)
    assert opens(first, "22:00-23:15", SAO_PAULO) == at("2018-02-18 22:00", SAO_PAULO)
    assert opens(again, "22:00-24:00", SAO_PAULO) == again


@pytest.mark.parametrize(
    "text",
    ["9-12", "09:00", "09:60-10:00", "24:00-25:00", "10:00-24:01", "10:00-10:00", "x"],
)
def test_what_is_no_window_is_refused(text: str) -> None:
    """One that ends when it begins is refused too: nobody knows what it means."""
    with pytest.raises(BadInput) as refused:
        parse_windows(f"08:00-09:00, {text}")
    assert refused.value.params["part"] == text


# Days around clock changes (and one without), and walls that lie near them.
DAYS = {
    ROME: [date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 20)],
    SAO_PAULO: [date(2018, 11, 4), date(2018, 2, 18), date(2018, 6, 20)],
}
DAY_OF = [(zone, day) for zone, days in DAYS.items() for day in days]
minutes = st.integers(0, 1439).map(lambda m: m - m % 5)
a_window = st.tuples(minutes, minutes.map(lambda m: m or 1440)).filter(
    lambda w: w[0] != w[1] and (w[0], w[1]) != (0, 0)
)


@cache
def walls(zone: ZoneInfo, middle: date) -> list[tuple[datetime, datetime]]:
    """Each fifth minute of seven days, as an instant and as the wall shows it."""
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC)
    moments = [start + timedelta(minutes=5 * n) for n in range(-3 * 288, 4 * 288)]
    return [(m, m.astimezone(zone).replace(tzinfo=None)) for m in moments]


def reached(zone: ZoneInfo, middle: date, day: date, minute: int) -> datetime | None:
    """The first instant at which the clock on the wall shows this time, or is past it.

    Found by watching the wall go by, so it shares no thought with the code."""
    wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    return next((m for m, wall in walls(zone, middle) if wall >= wanted), None)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(DAY_OF),
    st.lists(a_window, min_size=1, max_size=3),
    st.integers(-36 * 12, 36 * 12),
)
@example((ROME, date(2026, 3, 29)), [(130, 170)], -12)
@example((ROME, date(2026, 10, 25)), [(120, 150)], 13)
@example((SAO_PAULO, date(2018, 11, 4)), [(0, 30)], -1)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    where: tuple[ZoneInfo, date], ends: list[tuple[int, int]], step: int
) -> None:
    """Against a wall clock watched in steps of five minutes: the answer lies in a
    window, and no step between now and it does."""
    zone, middle = where
    now = datetime(middle.year, middle.month, middle.day, tzinfo=UTC)
    now += timedelta(minutes=5 * step)
    spans = []
    for offset in range(-3, 4):
        day = middle + timedelta(days=offset)
        for start, end in ends:
            closing = day + timedelta(days=end <= start)
            begins = reached(zone, middle, day, start)
            finishes = reached(zone, middle, closing, end)
            if begins and finishes:
                spans.append((begins, finishes))

    def is_open(moment: datetime) -> bool:
        return any(begin <= moment < end for begin, end in spans)

    windows = tuple(Window(start, end) for start, end in ends)
    found = next_open(now, windows, zone)
    assert found >= now
    assert is_open(found)
    moment = now
    while moment < found:
        assert not is_open(moment)
        moment += timedelta(minutes=5)
