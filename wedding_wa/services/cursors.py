"""services: where a page of a list begins, as addresses carry it: its row's sort key.

Numbers with dots between; a moment is the microseconds since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Part(Enum):
    """What a key is made of."""

    RANK = auto()
    ID = auto()
    MOMENT = auto()


_DIGITS = {Part.RANK: 1, Part.ID: 18, Part.MOMENT: 18}


class Cursors:
    """The cursors of one list, by the parts of its key."""

    def __init__(self, *parts: Part) -> None:
        self._parts = parts
        shape = r"\.".join(rf"(\d{{1,{_DIGITS[part]}}})" for part in parts)
        self._shape = re.compile(shape, re.ASCII)

    def parse(self, cursor: str) -> tuple[Any, ...] | None:
        """The key; None for nonsense."""
        found = self._shape.fullmatch(cursor)
        if found is None:
            return None
        try:
            return tuple(map(_value, self._parts, map(int, found.groups())))
        except OverflowError:  # no calendar has that day
            return None

    def write(self, key: Sequence[Any]) -> str:
        """The cursor of a row with this key."""
        return ".".join(str(_number(value)) for value in key)


def _value(part: Part, number: int) -> int | datetime:
    return _EPOCH + number * _MICROSECOND if part is Part.MOMENT else number


def _number(value: int | datetime) -> int:
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value
