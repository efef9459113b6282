"""Cursors hold a row's place, and nonsense is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes import NOON
from wedding_wa.services.cursors import Cursors, Part

LINE = Cursors(Part.RANK, Part.MOMENT, Part.ID)


@pytest.mark.parametrize("at", [NOON, datetime(9999, 12, 30, 1, 2, 3, 456789, UTC)])
def test_a_key_comes_back_whole(at: datetime) -> None:
    """To the microsecond, and for moments at the end of all calendars."""
    assert LINE.parse(LINE.write((2, at, 17))) == (2, at, 17)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "1", "1.2", "1.2.3.4", "12.3.4", "-1.2.3", "1.2.3 ", "٣.٣.٣"],
)
def test_nonsense_is_no_place(cursor: str) -> None:
    """Never an error."""
    assert LINE.parse(cursor) is None


@pytest.mark.parametrize(
    "cursor", [f"1.{'9' * 18}.1", f"1.1.{'9' * 19}"], ids=["day", "id"]
)
def test_what_is_too_large_is_no_place(cursor: str) -> None:
    """It has the shape, but no calendar has the day, and no database the id."""
    assert LINE.parse(cursor) is None
