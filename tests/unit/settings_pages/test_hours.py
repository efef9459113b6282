"""Sending hours as rows of two times; what was typed as the tab's store keeps it."""

from __future__ import annotations

import json

import pytest

from wedding_wa.domain.windows import parse_windows
from wedding_wa.state.settings_hours import (
    MOST_ROWS,
    rows_of,
    text_of,
    with_row,
    with_time,
    without_row,
)
from wedding_wa.state.settings_kept import entries_of, with_entries


@pytest.mark.parametrize(
    "text",
    [
        "",
        "09:00-12:30",
        "9:00 – 12:30; 15:00-20:00",
        "22:00-01:00",
        "00:00-24:00",
        "20:00-24:00, 06:00-07:15",
    ],
)
def test_rows_and_text_say_the_same(text: str) -> None:
    """Whatever the command line stored, the rows give back the same hours."""
    assert parse_windows(text_of(rows_of(text))) == parse_windows(text)


def test_midnight_fits_a_time_field() -> None:
    """A time field knows no 24:00: the end of the day is shown as 00:00."""
    assert rows_of("20:00-24:00") == [{"start": "20:00", "end": "00:00"}]
    assert with_time("20:00-21:00", 0, "end", "00:00") == "20:00-24:00"


def test_a_new_row_is_right_at_once() -> None:
    """Adding hours never shows a fault that nobody made."""
    text = ""
    for count in range(1, MOST_ROWS + 1):
        text = with_row(text)
        assert len(parse_windows(text)) == count
    assert with_row(text) == text


def test_a_half_typed_row_keeps_its_place() -> None:
    """While one types a time its other end stays, and so do the other rows."""
    text = with_time("09:00-12:00, 15:00-20:00", 0, "end", "")
    assert rows_of(text) == [
        {"start": "09:00", "end": ""},
        {"start": "15:00", "end": "20:00"},
    ]
    text = with_time(text, 0, "start", "")
    assert len(rows_of(text)) == 2
    assert rows_of(with_row(with_time("09:00-12:00", 0, "end", "")))[1]["start"]


def test_nonsense_from_a_browser_changes_nothing() -> None:
    """Indexes, ends and times come over a socket: anything may."""
    text = "09:00-12:00"
    assert with_time(text, 5, "start", "10:00") == text
    assert with_time(text, -1, "start", "10:00") == text
    assert with_time(text, 0, "middle", "10:00") == text
    assert with_time(text, 0, "start", "<b>, 1-2") == "-12:00"
    assert without_row(text, 9) == text
    assert without_row(text, 0) == ""


@pytest.mark.parametrize(
    "kept",
    ["", "null", "[]", "7", "{", '{"groom": 3}', '{"groom": {"per_hour": 3}}'],
)
def test_a_spoilt_store_is_as_if_nothing_was_typed(kept: str) -> None:
    """The tab's store is the browser's: what does not fit is left alone."""
    assert entries_of(kept, "groom") == {}
    again = with_entries(kept, "groom", {"per_hour": ("12", "10")})
    assert entries_of(again, "groom") == {"per_hour": ("12", "10")}


def test_unknown_fields_are_dropped() -> None:
    """Only limits come out of the store."""
    kept = json.dumps({"groom": {"per_hour": ["1", "2"], "drop table": ["1", "2"]}})
    assert entries_of(kept, "groom") == {"per_hour": ("1", "2")}


def test_each_account_has_its_own_entries() -> None:
    """What was typed for the bride stays when the groom's is saved."""
    kept = with_entries("", "groom", {"per_hour": ("1", "10")})
    kept = with_entries(kept, "bride", {"per_day": ("2", "80")})
    kept = with_entries(kept, "groom", {})
    assert entries_of(kept, "bride") == {"per_day": ("2", "80")}
    assert with_entries(kept, "bride", {}) == ""
