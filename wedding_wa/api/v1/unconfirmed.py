"""api: /api/v1/unconfirmed: messages of which nobody knows whether they went.

What a person says of one (sent, or send it again) is said at the message itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import AccountKey, Body, Reader, Sender, SmallBodies
from wedding_wa.domain.doubt import ChatLook, Look, Missing
from wedding_wa.services.queue_tasks import ids_of_tasks
from wedding_wa.services.unconfirmed import (
    SHOWN,
    Unconfirmed,
    UnconfirmedPage,
    ids_in_doubt,
    settle_now,
    unconfirmed_page,
)

router = APIRouter(prefix="/unconfirmed", route_class=SmallBodies)

TaskId = Annotated[str, Field(min_length=1, max_length=64)]


class LookShape(Shape):
    """What was looked at last. `missing` stands against "it never went"; with `time`
    alone it goes again at `goes_again_at`. `error`, `reason`: why the chat could not be
    read."""

    at: datetime
    acked: bool
    echoed: bool
    connected: bool
    chat: ChatLook
    by_id: bool
    call_over: bool
    same_login: bool
    missing: list[Missing]
    goes_again_at: datetime | None
    error: str
    reason: str


class UnconfirmedShape(Shape):
    """One in doubt `since` it may have gone. `chat`: its conversation in the inbox;
    `last_try`: if it never went it has failed for good; `look` null: none yet."""

    id: int
    task_id: str
    account: AccountKey
    who: str
    number: str
    text: str
    since: datetime
    chat: int | None
    last_try: bool
    look: LookShape | None


class UnconfirmedListShape(Shape):
    """Those longest in doubt, of `total`; the others come up as these are settled."""

    items: list[UnconfirmedShape]
    total: int


class Which(Body):
    """By `task_id`; left out: those that the list shows."""

    task_ids: list[TaskId] = Field([], max_length=SHOWN)


class SettledShape(Shape):
    """How the look ended: `sent` went, `not_sent` never did, `open` stay in doubt."""

    sent: int
    not_sent: int
    open: int


@router.get("")
async def list_unconfirmed(caller: Reader) -> UnconfirmedListShape:
    """The oldest fifty in doubt, with the evidence that was looked at."""
    found: UnconfirmedPage = await runtime.current().db.read(
        unconfirmed_page, caller.wedding_id
    )
    return UnconfirmedListShape(
        items=[_json(one) for one in found.rows], total=found.total
    )


@router.post("/settle", responses=problems(404))
async def settle(caller: Sender, which: Which) -> SettledShape:
    """Look for evidence now, in the chats too, as "Look again" does; answers when that
    is done."""
    app = runtime.current()
    ids = await app.db.read(_ids, caller.wedding_id, which.task_ids)
    done = await settle_now(
        app.db,
        app.clients,
        app.clock,
        settle_after=timedelta(seconds=app.settings.settle_after_seconds),
        message_ids=ids,
    )
    return SettledShape.model_validate(done)


def _ids(session: Session, wedding_id: int, task_ids: list[str]) -> list[int]:
    """Only the wedding's own, and only those in doubt."""
    if task_ids:
        known = ids_of_tasks(session, wedding_id, task_ids)
        return ids_in_doubt(session, wedding_id, known)
    return [one.id for one in unconfirmed_page(session, wedding_id).rows]


def _json(one: Unconfirmed) -> UnconfirmedShape:
    fields: dict[str, Any] = {
        name: getattr(one, name)
        for name in UnconfirmedShape.model_fields
        if name != "look"
    }
    look = _look(one.look) if one.look else None
    return UnconfirmedShape.model_validate({**fields, "look": look})


def _look(look: Look) -> LookShape:
    return LookShape.model_validate(
        {name: getattr(look, name) for name in LookShape.model_fields}
        | {"missing": list(look.missing)}
    )
