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
    ["", "x", "1", "1.2", "1.2.3.4", "12.3.4", "-1.2.3", "1.2.3 ", "٣.٣.٣"]
    + ["1." + "9" * 18 + ".1", "1.1." + "9" * 19],
)
def test_nonsense_is_no_place(cursor: str) -> None:
    """Also where it has the shape, but no calendar has the day."""
    assert LINE.parse(cursor) is None
