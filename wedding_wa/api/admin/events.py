"""api: /api/admin/whatsapp-events: timelines, and what other programs tell of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.admin.shapes import EventShape, RefText, RefValue, event_shape
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Body, Controller, Paged, Reader, SmallBodies
from wedding_wa.services import told
from wedding_wa.services.queue_records import EventRecord, event_records, number_of

router = APIRouter(prefix="/whatsapp-events", route_class=SmallBodies)

_LONGEST = 2**31 - 1


class Asked(Paged):
    """`queue_message`: of one message, by its number or `task_id`; else of all."""

    queue_message: RefText | None = None
    limit: int = Field(100, ge=1, le=200)


class EventPage(Shape):
    """`next` null: this was the last, for now."""

    items: list[EventShape]
    next: str | None


class ToldEvent(Body):
    """What a program tells of a message. It is shown in the timeline, as told by the
    key's name, and changes nothing."""

    queue_message: RefValue = Field(examples=[17])
    phase: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:-]{0,59}$", examples=["printed"]
    )
    duration_ms: int | None = Field(None, ge=0, le=_LONGEST)
    metadata: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="At most 4,000 bytes and 5 levels, without `phase` and `by`.",
        examples=[{"printer": "study"}],
    )


@router.get("", responses=problems(404))
async def list_events(caller: Reader, asked: Annotated[Asked, Query()]) -> EventPage:
    """The timeline of one message, or of all, oldest first."""
    found, following = await runtime.current().db.read(
        _events, caller.wedding_id, asked
    )
    items = [event_shape(one) for one in found]
    return EventPage(items=items, next=following or None)


@router.post("", status_code=201, responses=problems(404, 409))
async def tell(caller: Controller, said: ToldEvent) -> EventShape:
    """Tell something of a message: one more line in its timeline, marked as external.

    No status, limit or retry heeds it. A message has room for 50 of them.
    """
    return event_shape(await runtime.current().db.write(_tell, caller, said))


def _events(
    session: Session, wedding_id: int, asked: Asked
) -> tuple[list[EventRecord], str]:
    named = asked.queue_message
    number = None if named is None else number_of(session, wedding_id, named)
    return event_records(
        session, wedding_id, number, after=asked.after, limit=asked.limit
    )


def _tell(session: Session, caller: Caller, said: ToldEvent) -> EventRecord:
    wedding = caller.wedding_id
    number = number_of(session, wedding, said.queue_message)
    what = told.Told(said.phase, said.duration_ms, said.metadata)
    now = runtime.current().clock.now()
    return told.tell(session, wedding, number, what, by=caller.by, now=now)
