"""services: the words in which an import is planned: who is there, what a line does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wedding_wa.domain.guests import Side
from wedding_wa.services.guest_import_lines import Wanted


class Verdict(StrEnum):
    """What becomes of a line."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Home:
    """A household there is."""

    id: int
    name: str
    folded: str
    side: Side
    language: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A guest there is. `phone` is their own; `contact_id` is whose they share."""

    id: int
    name: str
    folded: str
    side: Side
    phone: str | None
    contact_id: int | None
    home: Home
    language: str | None
    notes: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Guests:
    """All there are in a wedding; `language` is what it falls back to."""

    homes: tuple[Home, ...]
    known: tuple[Known, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One thing that would change of a guest, as text; `field` names it."""

    field: str
    old: str
    new: str


# A household: one there is by its id, or one to be made by what its lines have in
# common (folded name and side), or by the one line that is alone in it.
HomeKey = int | tuple[str, str] | tuple[int]


@dataclass(frozen=True, slots=True)
class Planned:
    """A line and what would be done. `guest_id` is who it is, None for somebody new.

    `home` is where they will be. `contact` is the number of the line whose phone they
    share, `contact_id` the guest, for those who have none of their own.
    """

    wanted: Wanted
    verdict: Verdict
    guest_id: int | None = None
    home: HomeKey | None = None
    home_name: str = ""
    side: Side | None = None
    contact: int | None = None
    contact_id: int | None = None
    shifts: tuple[Shift, ...] = ()

    @property
    def number(self) -> int:
        return self.wanted.number


@dataclass(frozen=True, slots=True)
class Plan:
    """Every line of the file once, in its order."""

    lines: tuple[Planned, ...]
    counts: Mapping[Verdict, int]
