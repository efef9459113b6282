"""api: /api/v1/never-twice: what became of every message, and what was seen twice."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from wedding_wa import runtime
from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import AccountKey, Paged, Reader, SmallBodies
from wedding_wa.services import never_twice
from wedding_wa.services.duplicate_records import duplicate_records
from wedding_wa.services.guest_records import cursor
from wedding_wa.services.never_twice import Proof, Recount

router = APIRouter(prefix="/never-twice", route_class=SmallBodies)


class ProofShape(Shape):
    """`lines` add up to `planned`, all messages ever accepted; `archived` of them are
    in the archive. `settled`: doubts that ended, by what ended them. `duplicates`: how
    many WhatsApp was seen to have twice. `since`: when the first was accepted."""

    planned: int
    lines: dict[str, int]
    archived: int
    settled: dict[str, int]
    duplicates: int
    since: datetime | None


class RecountShape(Shape):
    """What the rows say: `rows` of them, `counted` by the counters; messages sent twice
    and WhatsApp ids that two messages share. In order: equal, and none."""

    rows: int
    counted: int
    sent_twice: int
    shared: int
    in_order: bool
    at: datetime


class DuplicateShape(Shape):
    """A message that was seen again under another WhatsApp id. `task_id` is null where
    the message is archived."""

    id: int
    account: AccountKey
    message_id: int
    task_id: str | None
    whatsapp_id: str
    sent_at: datetime
    seen_at: datetime


class DuplicatesShape(Shape):
    """A page. `next` null: this was the last."""

    items: list[DuplicateShape]
    next: str | None


@router.get("")
async def show(caller: Reader) -> ProofShape:
    """What became of all messages, by the counters."""
    found: Proof = await runtime.current().db.read(never_twice.proof, caller.wedding_id)
    return ProofShape(
        planned=found.planned,
        lines=dict(found.lines),
        archived=found.archived,
        settled=dict(found.settled),
        duplicates=found.duplicates,
        since=found.since,
    )


@router.get("/recount")
async def recount(caller: Reader) -> RecountShape:
    """Count every row anew: slower with each message, so ask seldom."""
    app = runtime.current()
    found: Recount = await app.db.read(
        never_twice.recount, caller.wedding_id, now=app.clock.now()
    )
    return RecountShape.model_validate(found)


@router.get("/duplicates")
async def list_duplicates(
    caller: Reader, asked: Annotated[Paged, Query()]
) -> DuplicatesShape:
    """What WhatsApp was seen to have twice, by id."""
    found, following = await runtime.current().db.read(
        duplicate_records, caller.wedding_id, cursor(asked.after)
    )
    items = [DuplicateShape.model_validate(one) for one in found]
    return DuplicatesShape(items=items, next=following or None)
