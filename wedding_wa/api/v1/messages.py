"""api: /api/v1/whatsapp/messages: what became of messages, and orders to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Paged,
    Reader,
    Sender,
    SmallBodies,
)
from wedding_wa.domain.messages import Kind, Status
from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.services.message_records import (
    Deed,
    MessageRecord,
    change,
    do,
    message_record,
)
from wedding_wa.services.queue_records import QueueRecord, Sought, queue_records

router = APIRouter(prefix="/whatsapp/messages", route_class=SmallBodies)

PAGE = 100

TaskId = Annotated[
    str,
    Path(
        max_length=64,
        description="The `task_id` that queueing it answered.",
        examples=["5f0c1d2e-3a4b-4c5d-8e6f-7a8b9c0d1e2f"],
    ),
]


class Filters(Paged):
    """What is left out filters nothing. `to`: a phone typed any way, a chat id, or
    `household:CODE`; `q`: words of the name or the text, or digits of the number."""

    status: Status | None = None
    account: AccountKey | None = None
    to: str = Field("", max_length=255)
    kind: Kind | None = None
    category: str | None = Field(None, pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    q: str = Field("", max_length=80)


class MessageShape(Shape):
    """A message as it stands. `account`: the number it goes from; `to`: whom it goes
    to; `bucket`: where the Queue page counts it.

    `archived_at`: since then it is no longer in the queue; of one that was not kept
    whole only `task_id`, `account` and `status` are known.
    """

    id: int
    task_id: str
    client_message_id: str | None
    account: AccountKey
    to: str | None
    name: str | None = None
    kind: Kind | None = None
    category: str | None = None
    title: str | None = None
    text: str | None = None
    priority: int | None = None
    status: Status
    bucket: str | None = None
    ack: int | None = None
    ack_error_at: datetime | None = None
    hold_rule: str | None = None
    held_at: datetime | None = None
    skip_reason: str | None = None
    error_code: str | None = None
    attempt: int | None = None
    failures: int | None = None
    max_attempts: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    created_at: datetime | None = None
    dispatched_at: datetime | None = None
    finished_at: datetime | None = None
    provider_message_id: str | None = None
    settled_by: str | None = None
    archived_at: datetime | None = None


class PhaseShape(Shape):
    """One line of the timeline. `duration_ms` null: it has not ended."""

    id: int
    phase: str
    timestamp: datetime
    duration_ms: int | None
    metadata: dict[str, Any]


class TryShape(Shape):
    """One try to send it. `outcome` null: under way, or nobody has noted its end."""

    attempt: int
    outcome: str | None
    started_at: datetime
    dispatched_at: datetime | None
    finished_at: datetime | None
    http_status: int | None
    error_code: str | None
    took_ms: int | None


class WholeMessageShape(MessageShape):
    """With its newest 200 events and 50 attempts, oldest first."""

    events: list[PhaseShape]
    attempts: list[TryShape]


class MessagesShape(Shape):
    """A page. `next` null: this was the last. One with a filter may hold fewer than
    100, or none, and others still follow."""

    items: list[MessageShape]
    next: str | None


class Change(Body):
    """What is to change; what is left out stays. `priority`: 1 first, 5 last."""

    text: str | None = Field(None, min_length=1, max_length=MAX_TEXT)
    priority: int | None = Field(None, ge=1, le=5)


@router.get("", responses=problems(404))
async def list_messages(
    caller: Reader, asked: Annotated[Filters, Query()]
) -> MessagesShape:
    """The messages of the queue, newest first, a hundred a page."""
    sought = Sought(
        status=asked.status,
        account=asked.account,
        to=asked.to.strip(),
        kind=asked.kind,
        category=asked.category,
        search=asked.q.strip(),
    )
    found, following = await runtime.current().db.read(
        queue_records,
        caller.wedding_id,
        sought,
        after=asked.after,
        limit=PAGE,
        timelines=False,
    )
    return MessagesShape(items=[_listed(one) for one in found], next=following or None)


@router.get("/{task_id}", responses=problems(404))
async def show(caller: Reader, task_id: TaskId) -> WholeMessageShape:
    """One message with its events and attempts, also when it was archived."""
    found = await runtime.current().db.read(message_record, caller.wedding_id, task_id)
    return WholeMessageShape(
        **_fields(found),
        events=[PhaseShape(**_of(PhaseShape, one)) for one in found.events],
        attempts=[TryShape(**_of(TryShape, one)) for one in found.tries],
    )


@router.delete("/{task_id}", responses=problems(404, 409))
async def cancel(caller: Sender, task_id: TaskId) -> MessageShape:
    """Cancel it, before it is on its way: `status` is `skipped` then."""
    return await _done(caller, task_id, Deed.CANCEL)


@router.patch("/{task_id}", responses=problems(404, 409))
async def edit(caller: Sender, task_id: TaskId, changes: Change) -> MessageShape:
    """Change its text (while it surely has not gone) or its priority."""
    app = runtime.current()
    await app.db.write(
        change,
        caller.wedding_id,
        task_id,
        text=changes.text,
        priority=changes.priority,
        now=app.clock.now(),
    )
    return await _as_it_stands(caller, task_id)


@router.post("/{task_id}/hold", responses=problems(404, 409))
async def hold(caller: Sender, task_id: TaskId) -> MessageShape:
    """Set it aside until it is released."""
    return await _done(caller, task_id, Deed.HOLD)


@router.post("/{task_id}/release", responses=problems(404, 409))
async def release(caller: Sender, task_id: TaskId) -> MessageShape:
    """Let it go on from where it was, whoever set it aside."""
    return await _done(caller, task_id, Deed.RELEASE)


@router.post("/{task_id}/send-now", responses=problems(404, 409))
async def send_now(caller: Sender, task_id: TaskId) -> MessageShape:
    """Before all others and past the limits; never past consent, opt-out, expiry or a
    pause. Also gives a failed one another try."""
    return await _done(caller, task_id, Deed.SEND_NOW)


@router.post("/{task_id}/retry", responses=problems(404, 409))
async def retry(caller: Sender, task_id: TaskId) -> MessageShape:
    """Put a failed one back in the line, unless it was refused for good."""
    return await _done(caller, task_id, Deed.RETRY)


@router.post("/{task_id}/declare-sent", responses=problems(404, 409))
async def declare_sent(caller: Sender, task_id: TaskId) -> MessageShape:
    """Of an unconfirmed one: somebody has seen it in the chat."""
    return await _done(caller, task_id, Deed.DECLARE_SENT)


@router.post("/{task_id}/send-again", responses=problems(404, 409))
async def send_again(caller: Sender, task_id: TaskId) -> MessageShape:
    """Of an unconfirmed one: somebody has seen that it is not in the chat."""
    return await _done(caller, task_id, Deed.SEND_AGAIN)


async def _done(caller: Caller, task_id: str, deed: Deed) -> MessageShape:
    app = runtime.current()
    await app.db.write(
        do, caller.wedding_id, task_id, deed, by=caller.by, now=app.clock.now()
    )
    return await _as_it_stands(caller, task_id)


async def _as_it_stands(caller: Caller, task_id: str) -> MessageShape:
    found = await runtime.current().db.read(message_record, caller.wedding_id, task_id)
    return MessageShape(**_fields(found))


def _listed(found: QueueRecord) -> MessageShape:
    row = found.row
    whose: dict[str, Any] = {
        "account": found.account,
        "to": row.phone or row.chat_id,
    }
    return MessageShape(**_of(MessageShape, row.model_dump()), **whose)


def _fields(found: MessageRecord) -> dict[str, Any]:
    return {
        **_of(MessageShape, found.columns),
        "account": found.account,
        "to": found.to,
        "archived_at": found.archived_at,
    }


def _of(shape: type[Shape], values: Mapping[str, object]) -> dict[str, Any]:
    """Those of the values that the shape has."""
    return {name: values[name] for name in shape.model_fields if name in values}
