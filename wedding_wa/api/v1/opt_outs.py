"""api: /api/v1/opt-outs: who wants no more messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.v1.shapes import (
    Paged,
    Reader,
    RowId,
    Sender,
    SmallBodies,
    page,
    record,
)
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


@router.get("")
async def list_opt_outs(
    caller: Reader, asked: Annotated[Which, Query()]
) -> dict[str, object]:
    """By id; a person's wish stands once for each of their chats."""
    found, following = await runtime.current().db.read(
        opt_out_records, caller.wedding_id, cursor(asked.after), active=asked.active
    )
    return page(map(_json, found), following)


@router.post("/{opt_out_id}/undo")
async def undo_one(caller: Sender, opt_out_id: RowId) -> dict[str, object]:
    """The person wants messages again, in every chat of theirs."""
    app = runtime.current()
    return _json(
        await app.db.write(
            _undo, caller.wedding_id, opt_out_id, by=caller.user_id, now=app.clock.now()
        )
    )


def _undo(
    session: Session, wedding_id: int, opt_out_id: int, *, by: int | None, now: datetime
) -> OptOutRecord:
    undo(session, wedding_id, opt_out_id, by=by, now=now)
    session.expire_all()
    return opt_out_record(session, opt_out_id)


def _json(found: OptOutRecord) -> dict[str, object]:
    return record(found.row, account=found.account)
