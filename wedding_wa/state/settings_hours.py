"""state: sending hours as rows of two times, and as the one text that is stored.

"to 00:00" on the page is midnight at the day's end, "24:00" in the text. A half-typed
row keeps its place in the text, and is refused there with its words.
"""

from __future__ import annotations

import re
from typing import TypedDict

FIRST_ROW = ("09:00", "20:00")
MOST_ROWS = 12

_TIME = re.compile(r"\d\d:\d\d", re.ASCII)
_DASH = re.compile(r"\s*[-–]\s*")


class Hours(TypedDict):
    """One row: times as a time field has them ("09:00"), "" while not filled."""

    start: str
    end: str


def rows_of(text: str) -> list[Hours]:
    """Return the rows of a stored or half-typed text."""
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    return [_row(part) for part in parts]


def text_of(rows: list[Hours]) -> str:
    """Return the text to store."""
    return ", ".join(f"{row['start']}-{_end(row['end'])}" for row in rows)


def with_row(text: str) -> str:
    """Add a row: the usual day at first, else two hours from where the last ended."""
    rows = rows_of(text)
    if len(rows) >= MOST_ROWS:
        return text
    start, end = FIRST_ROW
    if rows and rows[-1]["end"]:
        start = rows[-1]["end"]
        end = f"{(int(start[:2]) + 2) % 24:02}{start[2:]}"
    return text_of([*rows, Hours(start=start, end=end)])


def without_row(text: str, index: int) -> str:
    """Take one row away; an index that is not there changes nothing."""
    return text_of([row for i, row in enumerate(rows_of(text)) if i != index])


def with_time(text: str, index: int, end: str, time: str) -> str:
    """Set the "start" or "end" of one row."""
    rows = rows_of(text)
    if not 0 <= index < len(rows) or end not in ("start", "end"):
        return text
    rows[index][end] = time if _TIME.fullmatch(time) else ""  # type: ignore[literal-required]
    return text_of(rows)


def _row(part: str) -> Hours:
    start, _, end = _DASH.sub("-", part, count=1).partition("-")
    return Hours(start=_time(start), end=_time(end).replace("24:00", "00:00"))


def _time(text: str) -> str:
    """Two digits for the hour, as a time field wants them."""
    time = f"{text.strip():0>5}"
    return time if _TIME.fullmatch(time) else ""


def _end(text: str) -> str:
    return "24:00" if text == "00:00" else text
