"""api: /api/v1/households."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.guests import (
    GuestShape,
    Language,
    Name,
    Notes,
    Search,
    guest_json,
)
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Reader,
    RowId,
    Sender,
    SmallBodies,
    page,
    record,
)
from wedding_wa.domain.guests import Stage
from wedding_wa.services import guest_records as records
from wedding_wa.services.guest_records import HouseholdRecord
from wedding_wa.services.invitations import invitation_link

router = APIRouter(prefix="/households", route_class=SmallBodies)


class NewHousehold(Body):
    """People who are invited together."""

    name: Name
    side: AccountKey = "groom"
    language: Language = None
    notes: Notes = ""


class HouseholdChange(Body):
    """What is to change; what is left out stays."""

    name: Name | None = None
    side: AccountKey | None = None
    language: Language = None
    notes: Notes = ""


class HouseholdRow(Shape):
    """A household. `token` is the secret of its `link`, `code` what the first message
    carries; `opens` counts how often the link was opened."""

    id: int
    name: str
    side: AccountKey
    language: str | None
    notes: str
    token: str
    code: str
    invited_at: datetime | None
    opened_at: datetime | None
    last_opened_at: datetime | None
    opens: int
    activated_at: datetime | None
    opted_out_at: datetime | None
    created_at: datetime
    updated_at: datetime
    stage: Stage
    link: str


class HouseholdShape(HouseholdRow):
    """The same with its people."""

    guests: list[GuestShape]


class HouseholdPage(Shape):
    """`next` null: this was the last."""

    items: list[HouseholdRow]
    next: str | None


@router.get("")
async def list_households(
    caller: Reader, asked: Annotated[Search, Query()]
) -> HouseholdPage:
    """List households by id, without their people. With `q` those in which a guest
    matches."""
    found, following = await runtime.current().db.read(
        records.household_records,
        caller.wedding_id,
        records.understood(asked.q),
        records.cursor(asked.after),
    )
    return HouseholdPage.model_validate(page(map(_row, found), following))


@router.post("", status_code=201)
async def add(caller: Sender, new: NewHousehold) -> HouseholdShape:
    """Write a household down. Its link and code are made."""
    app = runtime.current()
    return _json(
        await app.db.write(
            records.write_household,
            caller.wedding_id,
            new.model_dump(),
            now=app.clock.now(),
        )
    )


@router.get("/{household_id}", responses=problems(404))
async def show(caller: Reader, household_id: RowId) -> HouseholdShape:
    """Show one household with its people."""
    return _json(
        await runtime.current().db.read(
            records.household_record, caller.wedding_id, household_id
        )
    )


@router.patch("/{household_id}", responses=problems(404, 409))
async def change(
    caller: Sender, household_id: RowId, changes: HouseholdChange
) -> HouseholdShape:
    """Change of a household what is named. What is left out stays."""
    app = runtime.current()
    named = changes.model_dump(exclude_unset=True)
    for name in ("name", "side"):  # neither can be empty
        if name in named and named[name] is None:
            del named[name]
    return _json(
        await app.db.write(
            records.change_household,
            caller.wedding_id,
            household_id,
            named,
            by=caller.by,
            now=app.clock.now(),
        )
    )


@router.delete("/{household_id}", status_code=204, responses=problems(404))
async def delete(caller: Sender, household_id: RowId) -> Response:
    """Take a household and its people off the list."""
    app = runtime.current()
    await app.db.write(
        records.delete_household,
        caller.wedding_id,
        household_id,
        by=caller.by,
        now=app.clock.now(),
    )
    return Response(status_code=204)


def _json(found: HouseholdRecord) -> HouseholdShape:
    guests = [guest_json(one) for one in found.guests]
    return HouseholdShape.model_validate({**_columns(found.row), "guests": guests})


def _row(row: Any) -> HouseholdRow:
    return HouseholdRow.model_validate(_columns(row))


def _columns(row: Any) -> dict[str, object]:
    """A household as the table names it, with its invitation's address."""
    return record(
        row, link=invitation_link(runtime.current().settings.public, row.token)
    )
