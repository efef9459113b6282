"""api: /api/v1/households."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from wedding_wa import runtime
from wedding_wa.api.v1.guests import Search, guest_json
from wedding_wa.api.v1.shapes import (
    Body,
    Reader,
    RowId,
    Sender,
    SmallBodies,
    page,
    record,
)
from wedding_wa.services import guest_records as records
from wedding_wa.services.guest_records import HouseholdRecord
from wedding_wa.services.invitations import invitation_link

router = APIRouter(prefix="/households", route_class=SmallBodies)


class NewHousehold(Body):
    """People who are invited together."""

    name: str
    side: str = "groom"
    language: str | None = None
    notes: str = ""


class HouseholdChange(Body):
    """What is to change; what is left out stays."""

    name: str = ""
    side: str = ""
    language: str | None = None
    notes: str = ""


@router.get("")
async def list_households(
    caller: Reader, asked: Annotated[Search, Query()]
) -> dict[str, object]:
    """By id; with `q` those in which a guest matches. Without their people."""
    found, following = await runtime.current().db.read(
        records.household_records,
        caller.wedding_id,
        records.understood(asked.q),
        records.cursor(asked.after),
    )
    return page(map(_row, found), following)


@router.post("", status_code=201)
async def add(caller: Sender, new: NewHousehold) -> dict[str, object]:
    """Write a household down; its link and code are made."""
    app = runtime.current()
    return _json(
        await app.db.write(
            records.write_household,
            caller.wedding_id,
            new.model_dump(),
            now=app.clock.now(),
        )
    )


@router.get("/{household_id}")
async def show(caller: Reader, household_id: RowId) -> dict[str, object]:
    """One household with its people."""
    return _json(
        await runtime.current().db.read(
            records.household_record, caller.wedding_id, household_id
        )
    )


@router.patch("/{household_id}")
async def change(
    caller: Sender, household_id: RowId, changes: HouseholdChange
) -> dict[str, object]:
    """Change what is named."""
    app = runtime.current()
    return _json(
        await app.db.write(
            records.change_household,
            caller.wedding_id,
            household_id,
            changes.model_dump(exclude_unset=True),
            by=caller.user_id,
            now=app.clock.now(),
        )
    )


@router.delete("/{household_id}", status_code=204)
async def delete(caller: Sender, household_id: RowId) -> Response:
    """Take a household and its people off the list."""
    app = runtime.current()
    await app.db.write(
        records.delete_household,
        caller.wedding_id,
        household_id,
        by=caller.user_id,
        now=app.clock.now(),
    )
    return Response(status_code=204)


def _json(found: HouseholdRecord) -> dict[str, object]:
    return {**_row(found.row), "guests": [guest_json(one) for one in found.guests]}


def _row(row: Any) -> dict[str, object]:
    """A household as the table names it, with its invitation's address."""
    return record(
        row, link=invitation_link(runtime.current().settings.public, row.token)
    )
