"""api: /api/v1/guests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Id,
    Paged,
    Reader,
    RowId,
    Sender,
    SmallBodies,
    page,
    record,
)
from wedding_wa.domain.guests import NOTES_LONGEST
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.services import guest_records as records
from wedding_wa.services.guest_records import GuestRecord
from wedding_wa.services.guests import GuestForm

router = APIRouter(prefix="/guests", route_class=SmallBodies)


_LANGUAGES: list[str | None] = [*GUEST_LANGUAGES, "", None]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Phone = Annotated[str, Field(max_length=60, description="As people write it.")]
Language = Annotated[
    str | None,
    Field(
        max_length=10,
        description="Null: as the household, or the wedding.",
        json_schema_extra={"enum": _LANGUAGES},
    ),
]
Tags = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]
Notes = Annotated[str, Field(max_length=NOTES_LONGEST)]
HouseholdName = Annotated[
    str, Field(max_length=200, description="The name of a new household.")
]


class Search(Paged):
    """`q` is what one types into the Guests page's search."""

    q: str = Field("", max_length=200)


class NewGuest(Body):
    """A guest; without a household they get one of their own."""

    name: Name
    phone: Phone | None = None
    side: AccountKey = "groom"
    language: Language = None
    tags: Tags = []
    notes: Notes = ""
    household_id: Id | None = None
    household: HouseholdName = ""
    contact_id: Id | None = None


class GuestChange(Body):
    """What is to change; what is left out stays."""

    name: Name | None = None
    phone: Phone | None = None
    side: AccountKey | None = None
    language: Language = None
    tags: Tags = []
    notes: Notes = ""
    household_id: Id | None = None
    household: HouseholdName = ""
    contact_id: Id | None = None


class Merge(Body):
    """Entries of one person."""

    guest_ids: list[Id] = Field(min_length=2, max_length=20)


class GuestShape(Shape):
    """A guest. `contact_id`: whose phone they share; `language` null: as the others."""

    id: int
    household_id: int
    name: str
    side: AccountKey
    phone: str | None
    contact_id: int | None
    language: str | None
    notes: str
    created_at: datetime
    updated_at: datetime
    tags: list[str]


class GuestPage(Shape):
    """`next` null: this was the last."""

    items: list[GuestShape]
    next: str | None


@router.get("")
async def list_guests(caller: Reader, asked: Annotated[Search, Query()]) -> GuestPage:
    """List guests who match, by id."""
    found, following = await runtime.current().db.read(
        records.guest_records,
        caller.wedding_id,
        records.understood(asked.q),
        records.cursor(asked.after),
    )
    return GuestPage.model_validate(page(map(guest_json, found), following))


@router.post("", status_code=201, responses=problems(404, 409))
async def add(caller: Sender, new: NewGuest) -> GuestShape:
    """Write a guest down. Give `household_id`, or `household` for a new one; without
    either they get one of their own. `contact_id`: whose phone they share."""
    app = runtime.current()
    return guest_json(
        await app.db.write(
            records.write_guest,
            caller.wedding_id,
            GuestForm(**_form(new)),
            by=caller.by,
            now=app.clock.now(),
        )
    )


@router.post("/merge", responses=problems(404, 409))
async def merge(caller: Sender, entries: Merge) -> GuestShape:
    """Make one guest of several entries. The answer is the one who stayed."""
    app = runtime.current()
    return guest_json(
        await app.db.write(
            records.merge_guests,
            caller.wedding_id,
            entries.guest_ids,
            by=caller.by,
            now=app.clock.now(),
        )
    )


@router.get("/{guest_id}", responses=problems(404))
async def show(caller: Reader, guest_id: RowId) -> GuestShape:
    """Show one guest."""
    return guest_json(
        await runtime.current().db.read(
            records.guest_record, caller.wedding_id, guest_id
        )
    )


@router.patch("/{guest_id}", responses=problems(404, 409))
async def change(caller: Sender, guest_id: RowId, changes: GuestChange) -> GuestShape:
    """Change of a guest what is named. What is left out stays."""
    app = runtime.current()
    return guest_json(
        await app.db.write(
            records.change_guest,
            caller.wedding_id,
            guest_id,
            _form(changes),
            by=caller.by,
            now=app.clock.now(),
        )
    )


@router.delete("/{guest_id}", status_code=204, responses=problems(404))
async def delete(caller: Sender, guest_id: RowId) -> Response:
    """Take a guest off the list. What waits for them is cancelled; what they wrote
    stays as evidence."""
    app = runtime.current()
    await app.db.write(
        records.delete_guest,
        caller.wedding_id,
        guest_id,
        by=caller.by,
        now=app.clock.now(),
    )
    return Response(status_code=204)


def guest_json(found: GuestRecord) -> GuestShape:
    """A guest as the table names it, with tags."""
    return GuestShape.model_validate(record(found.row, tags=list(found.tags)))


def _form(said: Body) -> dict[str, Any]:
    """What the body said, in the shape of GuestForm: null is an empty text there, and
    for what cannot be empty as if it were left out."""
    fields = said.model_dump(exclude_unset=True)
    for name in ("name", "side"):
        if name in fields and fields[name] is None:
            del fields[name]
    for name in ("phone", "language"):
        if name in fields:
            fields[name] = fields[name] or ""
    if "tags" in fields:
        fields["tags"] = tuple(fields["tags"])
    return fields
