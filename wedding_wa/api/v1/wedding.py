"""api: /api/v1/wedding: names, day, place, country, time zone."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Body, Manager, Reader, SmallBodies
from wedding_wa.services.wedding_details import change_details, details

router = APIRouter(prefix="/wedding", route_class=SmallBodies)

Line = Annotated[str, Field(max_length=200)]


class WeddingShape(Shape):
    """`day` null while it is not known; `default_country` (ISO 3166) is where a number
    without a prefix is; sending hours follow `time_zone`."""

    groom_name: str
    bride_name: str
    day: date | None
    place: str
    default_country: str
    time_zone: str
    guest_language: str


class WeddingChange(Body):
    """What is to change; what is left out stays. `day` is ISO 8601, or null."""

    groom_name: Line = ""
    bride_name: Line = ""
    day: Annotated[str, Field(max_length=20, examples=["2027-06-19"])] | None = None
    place: Line = ""
    default_country: Line = Field("", examples=["IT"])
    time_zone: Line = Field("", examples=["Europe/Rome"])
    guest_language: Line = Field("", examples=["it"])


@router.get("")
async def show(caller: Reader) -> WeddingShape:
    """The wedding's details."""
    return await _saved(caller.wedding_id)


@router.patch("", responses=problems())
async def change(caller: Manager, changes: WeddingChange) -> WeddingShape:
    """Change what is named. A new time zone holds from the next message on."""
    await save(caller, changes)
    return await _saved(caller.wedding_id)


async def save(caller: Caller, changes: Body) -> None:
    """Change the details that are named; null empties one. Raises BadInput."""
    app, fields = runtime.current(), changes.model_dump(exclude_unset=True)
    await app.db.write(
        change_details,
        caller.wedding_id,
        {name: text or "" for name, text in fields.items()},
        now=app.clock.now(),
        by=caller.by,
    )


async def _saved(wedding_id: int) -> WeddingShape:
    found = await runtime.current().db.read(details, wedding_id)
    return WeddingShape.model_validate({**found, "day": found["day"] or None})
