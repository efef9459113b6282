"""api: /api/v1/notices: what the owner must know, and letting paused sending go on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Controller,
    Paged,
    Reader,
    RowId,
    SmallBodies,
)
from wedding_wa.services.guest_records import cursor
from wedding_wa.services.notice_records import (
    RESUMABLE,
    go_on,
    notice_record,
    notice_records,
)
from wedding_wa.services.notices import NoticeView

router = APIRouter(prefix="/notices", route_class=SmallBodies)


class Which(Paged):
    """`active` true: those still open; false: those over; left out: all."""

    active: bool | None = None


class NoticeShape(Shape):
    """`kind`: account_down, restricted, silent, paused, paused_all, quarantine, missed
    or restored; `params`: the figures of its sentence. `account` null: about all.
    `resumable`: its `go-on` would let sending go on."""

    id: int
    kind: str
    account: AccountKey | None
    params: dict[str, Any]
    at: datetime
    ended_at: datetime | None
    resumable: bool


class NoticesShape(Shape):
    """A page. `next` null: this was the last."""

    items: list[NoticeShape]
    next: str | None


@router.get("")
async def list_notices(
    caller: Reader, asked: Annotated[Which, Query()]
) -> NoticesShape:
    """What the ribbons say and said, newest first."""
    found, following = await runtime.current().db.read(
        notice_records, caller.wedding_id, cursor(asked.after), active=asked.active
    )
    return NoticesShape(items=[_json(one) for one in found], next=following or None)


@router.get("/{notice_id}", responses=problems(404))
async def show(caller: Reader, notice_id: RowId) -> NoticeShape:
    """One notice."""
    found = await runtime.current().db.read(notice_record, caller.wedding_id, notice_id)
    return _json(found)


@router.post("/{notice_id}/go-on", responses=problems(404, 409))
async def resume(caller: Controller, notice_id: RowId) -> NoticeShape:
    """Let go on what it says is paused, as its button does. It ends by that. What no
    person can end (409) ends by itself."""
    app = runtime.current()
    found = await app.db.write(
        go_on, caller.wedding_id, notice_id, by=caller.by, now=app.clock.now()
    )
    return _json(found)


def _json(one: NoticeView) -> NoticeShape:
    return NoticeShape.model_validate(
        {
            "id": one.id,
            "kind": one.kind,
            "account": one.account,
            "params": dict(one.params),
            "at": one.at,
            "ended_at": one.ended_at,
            "resumable": one.kind in RESUMABLE and one.ended_at is None,
        }
    )
