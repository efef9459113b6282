"""api: /api/v1/guests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.v1.shapes import (
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
from wedding_wa.services import guest_records as records
from wedding_wa.services.guest_records import GuestRecord
from wedding_wa.services.guests import GuestForm

router = APIRouter(prefix="/guests", route_class=SmallBodies)


class Search(Paged):
    """`q` is what one types into the Guests page's search."""

    q: str = Field("", max_length=200)


class NewGuest(Body):
    """A guest; without a household they get one of their own."""

    name: str
    phone: str = ""
    side: str = "groom"
    language: str | None = None
    tags: list[str] = []
    notes: str = ""
    household_id: Id | None = None
    household: str = ""
    contact_id: Id | None = None


class GuestChange(Body):
    """What is to change; what is left out stays."""

    name: str = ""
    phone: str | None = None
    side: str = ""
    language: str | None = None
    tags: list[str] = []
    notes: str = ""
    household_id: Id | None = None
    household: str = ""
    contact_id: Id | None = None


class Merge(Body):
    """Entries of one person."""

    guest_ids: list[Id] = Field(min_length=2, max_length=20)


@router.get("")
async def list_guests(
    caller: Reader, asked: Annotated[Search, Query()]
) -> dict[str, object]:
    """Those who match, by id."""
    found, following = await runtime.current().db.read(
        records.guest_records,
        caller.wedding_id,
        records.understood(asked.q),
        records.cursor(asked.after),
    )
    return page(map(guest_json, found), following)


@router.post("", status_code=201)
async def add(caller: Sender, new: NewGuest) -> dict[str, object]:
    """Write a guest down."""
    app = runtime.current()
    return guest_json(
        await app.db.write(
            records.write_guest,
            caller.wedding_id,
            GuestForm(**_form(new)),
            by=caller.user_id,
            now=app.clock.now(),
        )
    )


@router.post("/merge")
async def merge(caller: Sender, entries: Merge) -> dict[str, object]:
    """Make one guest of several entries; the one who stayed."""
    app = runtime.current()
    return guest_json(
        await app.db.write(
            records.merge_guests,
            caller.wedding_id,
            entries.guest_ids,
            by=caller.user_id,
            now=app.clock.now(),
        )
    )


@router.get("/{guest_id}")
async def show(caller: Reader, guest_id: RowId) -> dict[str, object]:
    """One guest."""
    return guest_json(
        await runtime.current().db.read(
            records.guest_record, caller.wedding_id, guest_id
        )
    )


@router.patch("/{guest_id}")
async def change(
    caller: Sender, guest_id: RowId, changes: GuestChange
) -> dict[str, object]:
    """Change what is named."""
    app = runtime.current()
    return guest_json(
        await app.db.write(
            records.change_guest,
            caller.wedding_id,
            guest_id,
            _form(changes),
            by=caller.user_id,
            now=app.clock.now(),
        )
    )


@router.delete("/{guest_id}", status_code=204)
async def delete(caller: Sender, guest_id: RowId) -> Response:
    """Take a guest off the list; what they wrote stays as evidence."""
    app = runtime.current()
    await app.db.write(
        records.delete_guest,
        caller.wedding_id,
        guest_id,
        by=caller.user_id,
        now=app.clock.now(),
    )
    return Response(status_code=204)


def guest_json(found: GuestRecord) -> dict[str, object]:
    """A guest as the table names it, with tags."""
    return record(found.row, tags=list(found.tags))


def _form(said: Body) -> dict[str, Any]:
    """What the body said, in the shape of GuestForm: null is an empty text there."""
    fields = said.model_dump(exclude_unset=True)
    for name in ("phone", "language"):
        if name in fields:
            fields[name] = fields[name] or ""
    if "tags" in fields:
        fields["tags"] = tuple(fields["tags"])
    return fields
