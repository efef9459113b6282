"""api: what the routes of guest lists take and answer (api/v1/guest_files)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import AccountKey, Body, Fields
from wedding_wa.services.guest_import_cells import MAX_COLUMNS
from wedding_wa.services.guest_import_values import Verdict

Format = Literal["csv", "xlsx"]
FieldName = Literal[
    "",
    "name",
    "first",
    "last",
    "phone",
    "other_phones",
    "household",
    "side",
    "language",
    "tags",
    "notes",
]
VerdictName = Literal["new", "same", "changed", "bad"]


class Upload(Fields):
    """`filename` is only shown; `side` is for lines that do not say."""

    filename: str = Field("", max_length=200)
    side: AccountKey = "groom"


class Lines(Fields):
    """Which lines: after that number, of one verdict."""

    after: int = Field(0, ge=0, le=1_000_000)
    verdict: VerdictName | None = None
    lang: str = Field("", max_length=35)


class Wanted(Fields):
    """Whom: what one types into the Guests page's search."""

    format: Format = "csv"
    q: str = Field("", max_length=200)
    lang: str = Field("", max_length=35)


class Column(Body):
    """A column, counted from 0, and what it is ("": nothing)."""

    index: int = Field(ge=0, lt=MAX_COLUMNS)
    field: FieldName


class Reading(Body):
    """How the list is read; what is left out stays. `language` "": the wedding's."""

    columns: list[Column] = Field([], max_length=MAX_COLUMNS)
    header: bool | None = None
    side: AccountKey | None = None
    language: Annotated[str, Field(max_length=10)] | None = None


class Confirmed(Body):
    """`digest` of what was looked at."""

    digest: str = Field(min_length=1, max_length=128)


class DraftShape(Shape):
    """A list that was uploaded: how it is read, and what confirming would do now:
    `counts` of lines by verdict, `writes` guests. `digest` stands for all of it.
    `header`: its first line names the columns; `columns`: what each is."""

    draft: str
    filename: str
    digest: str
    header: bool
    columns: list[FieldName]
    side: AccountKey
    language: str | None
    counts: dict[Verdict, int]
    writes: int


class ShiftShape(Shape):
    """One thing that would change of a guest, as text."""

    field: str
    old: str
    new: str


class LineShape(Shape):
    """One line of the file. `guest_id`: who it is, null for somebody new. `reasons`:
    why it is bad; `notes`: what to know of a good one."""

    line: int
    verdict: Verdict
    name: str
    phone: str | None
    guest_id: int | None
    changes: list[ShiftShape]
    reasons: list[str]
    notes: list[str]


class LinesShape(Shape):
    """A page of lines. `next` null: this was the last."""

    items: list[LineShape]
    next: int | None


class WrittenShape(Shape):
    """What confirming did: lines by verdict, and how many guests were written."""

    counts: dict[Verdict, int]
    writes: int
