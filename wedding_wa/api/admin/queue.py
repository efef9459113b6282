"""api: /api/admin/whatsapp-queue: the queue with its timelines, and orders to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.admin.shapes import EventShape, MessageRef, event_shape
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1 import shapes
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Bucket,
    Paged,
    Reader,
    Sender,
    SmallBodies,
)
from wedding_wa.domain.messages import Kind, Status
from wedding_wa.services.message_records import Deed, do_to
from wedding_wa.services.queue_bulk import Order, What
from wedding_wa.services.queue_records import (
    QueueRecord,
    Sought,
    number_of,
    queue_record,
    queue_records,
)
from wedding_wa.services.queue_selection import retryable_ids

router = APIRouter(prefix="/whatsapp-queue", route_class=SmallBodies)

_OWN = ("account", "to", "events")


class Asked(Paged):
    """As the Queue page's filters and its search; what is left out filters nothing."""

    status: Status | None = None
    bucket: Bucket | None = Field(
        None, description="The state as the Queue page shows and counts it."
    )
    account: AccountKey | None = None
    to: str = Field(
        "",
        max_length=255,
        description="A phone typed any way, a chat id, or `household:<code>`.",
        examples=["+39 333 111 2222"],
    )
    kind: Kind | None = None
    category: str | None = Field(None, pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    q: str = Field(
        "",
        max_length=80,
        description="Words in the name or the text, or digits of the number.",
    )
    task_id: str = Field("", max_length=36)
    client_message_id: str = Field("", max_length=255)
    limit: int = Field(25, ge=1, le=100)


class QueueRow(Shape):
    """A message as the table has it. `account` is the number it goes from, `to` whom
    it goes to; `events` are its newest 200, oldest first."""

    id: int
    task_id: str
    client_message_id: str | None
    account: AccountKey
    to: str
    chat_id: str
    phone: str | None
    name: str | None
    kind: Kind
    category: str | None
    title: str | None
    text: str
    priority: int
    status: Status
    bucket: Bucket
    hold_rule: str | None
    hold_params: dict[str, Any]
    skip_reason: str | None
    error_code: str | None
    attempt: int
    failures: int
    max_attempts: int
    due_at: datetime
    queue_at: datetime
    expires_at: datetime | None
    forced_at: datetime | None
    held_at: datetime | None
    created_at: datetime
    dispatched_at: datetime | None
    finished_at: datetime | None
    reserved_id: str | None
    provider_message_id: str | None
    ack: int | None
    ack_error_at: datetime | None
    unacknowledged_at: datetime | None
    settled_by: str | None
    events: list[EventShape]


class QueuePage(Shape):
    """`next` null: this was the last. One with a filter may hold fewer than `limit`, or
    none, and others still follow."""

    items: list[QueueRow]
    next: str | None


class Retry(shapes.Body):
    """Which failed messages: of one account, or of both."""

    account: AccountKey | None = None


class Retried(Shape):
    """How many wait again. `left`: they had moved meanwhile, or somebody stopped it on
    the Queue page before their turn."""

    retried: int
    left: int


@router.get("", responses=problems(404))
async def list_queue(caller: Reader, asked: Annotated[Asked, Query()]) -> QueuePage:
    """The queue, newest first, each message with its timeline."""
    found, following = await runtime.current().db.read(
        queue_records,
        caller.wedding_id,
        _sought(asked),
        after=asked.after,
        limit=asked.limit,
    )
    return QueuePage(items=[queue_row(one) for one in found], next=following or None)


@router.post("/retry-failed", responses=problems(409))
async def retry_failed(
    caller: Sender, said: Annotated[Retry | None, Body()] = None
) -> Retried:
    """Try again all that failed, with all their tries; never what was refused."""
    app = runtime.current()
    key = said.account if said else None
    ids = await app.db.read(retryable_ids, caller.wedding_id, key)
    if not ids:
        return Retried(retried=0, left=0)
    order = Order(What.RETRY, caller.wedding_id, caller.by)
    run = await app.runs.carry_out(
        app.db, order, ids, clock=app.clock, begun=app.bus.publish
    )
    app.bus.publish()
    done = run.progress.done
    return Retried(retried=done, left=len(ids) - done)


@router.post("/{id}/force-send", status_code=202, responses=problems(404, 409))
async def force_send(caller: Sender, message: MessageRef) -> QueueRow:
    """Send one before all others and past the limits, never past consent, opt-out,
    expiry or a pause; also one that failed, once more."""
    app = runtime.current()
    number = await app.db.read(number_of, caller.wedding_id, message)
    await app.db.write(
        do_to,
        caller.wedding_id,
        number,
        Deed.SEND_NOW,
        by=caller.by,
        now=app.clock.now(),
    )
    return queue_row(await app.db.read(queue_record, caller.wedding_id, number))


def queue_row(found: QueueRecord) -> QueueRow:
    """A message as it stands, with its timeline."""
    row = found.row
    values = {
        name: getattr(row, name) for name in QueueRow.model_fields if name not in _OWN
    }
    values["account"], values["to"] = found.account, row.phone or row.chat_id
    return QueueRow(**values, events=[event_shape(one) for one in found.events])


def _sought(asked: Asked) -> Sought:
    return Sought(
        status=asked.status,
        bucket=asked.bucket,
        account=asked.account,
        to=asked.to.strip(),
        kind=asked.kind,
        category=asked.category,
        search=asked.q.strip(),
        task_id=asked.task_id,
        client_message_id=asked.client_message_id,
    )
