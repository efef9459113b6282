"""api: /api/v1/opt-outs: who wants no more messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Paged,
    Reader,
    RowId,
    Sender,
    SmallBodies,
    page,
    record,
)
from wedding_wa.services.audit import By
from wedding_wa.services.consent_records import (
    OptOutRecord,
    opt_out_record,
    opt_out_records,
)
from wedding_wa.services.guest_records import cursor
from wedding_wa.services.opt_outs import undo

router = APIRouter(prefix="/opt-outs", route_class=SmallBodies)


class Which(Paged):
    """`active` true: those that hold; false: those undone; left out: all."""

    active: bool | None = None


class OptOutShape(Shape):
    """A wish for no more messages. It rests on their own word (`sentence`,
    `inbound_id`) or was noted by a person; it holds until `undone_at`."""

    id: int
    account_id: int
    chat_id: str
    phone: str | None
    guest_id: int | None
    inbound_id: int | None
    sentence: str
    at: datetime
    noted_by: int | None
    undone_at: datetime | None
    undone_by: int | None
    undone_inbound_id: int | None
    account: AccountKey


class OptOutPage(Shape):
    """`next` null: this was the last."""

    items: list[OptOutShape]
    next: str | None


@router.get("")
async def list_opt_outs(caller: Reader, asked: Annotated[Which, Query()]) -> OptOutPage:
    """List wishes for no more messages, by id. A person's wish stands once for each of
    their chats."""
    found, following = await runtime.current().db.read(
        opt_out_records, caller.wedding_id, cursor(asked.after), active=asked.active
    )
    return OptOutPage.model_validate(page(map(_json, found), following))


@router.post("/{opt_out_id}/undo", responses=problems(404, 409))
async def undo_one(caller: Sender, opt_out_id: RowId) -> OptOutShape:
    """Undo it: the person wants messages again, in every chat of theirs."""
    app = runtime.current()
    return _json(
        await app.db.write(
            _undo, caller.wedding_id, opt_out_id, by=caller.by, now=app.clock.now()
        )
    )


def _undo(
    session: Session, wedding_id: int, opt_out_id: int, *, by: By, now: datetime
) -> OptOutRecord:
    undo(session, wedding_id, opt_out_id, by=by, now=now)
    session.expire_all()
    return opt_out_record(session, opt_out_id)


def _json(found: OptOutRecord) -> OptOutShape:
    return OptOutShape.model_validate(record(found.row, account=found.account))
