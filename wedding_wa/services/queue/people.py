"""services: what a person may do with a message before it is on its way."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.messages import HoldRule, Outcome, Phase, SkipReason, Status
from wedding_wa.domain.text import between, clean_text
from wedding_wa.models import Account, MessageEvent, QueueMessage
from wedding_wa.services import audit, events
from wedding_wa.services.audit import By
from wedding_wa.services.queue.aside import aside, end_notices
from wedding_wa.services.queue.leave import skipped
from wedding_wa.services.queue.rows import (
    FREE,
    MESSAGES,
    TAKING,
    change_pending,
    end_attempt,
    find_mine,
    free_those_behind,
    message_event,
    row_id,
)
from wedding_wa.services.sql import changed


def cancel(
    session: Session, wedding_id: int, message_id: int, *, now: datetime
) -> None:
    """Take a message out of the queue; also one in hand, before its mark.

    Raises NotFound, or Conflict where it is too late.
    """
    message = find_mine(session, wedding_id, message_id)
    _take_back(session, message, now, **skipped(SkipReason.CANCELLED, now))
    events.end_waits(session, message_id, at=now)
    message_event(session, message, Phase.CANCELLED, now, duration_ms=0)
    message_event(
        session, message, Phase.SKIPPED, now, {"reason": SkipReason.CANCELLED.value}
    )
    end_notices(session, message, now=now)
    free_those_behind(session, message, now=now)


def hold_back(
    session: Session,
    wedding_id: int,
    message_id: int,
    *,
    by: By = None,
    now: datetime,
) -> None:
    """Set a message aside until `let_go`; also one in hand, before its mark.

    `by` is who does it, named where it waits. Its place in the line and its time
    stay. Raises NotFound, or Conflict where it is too late or it is set aside already.
    """
    message = find_mine(session, wedding_id, message_id)
    if message.held_at is not None:
        raise Conflict("set aside already")
    values = aside(HoldRule.BY_HAND, now, **audit.named(session, by))
    _take_back(
        session, message, now, status=Status.PENDING.value, worker=None, **values
    )
    events.end_waits(session, message_id, at=now)
    reason = {"reason": HoldRule.BY_HAND.value}
    message_event(session, message, Phase.HELD, now, reason)
    free_those_behind(session, message, now=now)


def let_go(
    session: Session, wedding_id: int, message_id: int, *, now: datetime
) -> None:
    """Let a message that was set aside go on from where it was, whoever held it.

    Raises NotFound, or Conflict where it is not set aside.
    """
    message = find_mine(session, wedding_id, message_id)
    if message.held_at is None or not change_pending(
        session, message, held_at=None, crashes=0, **_own_time(message, now)
    ):
        raise Conflict("not set aside any more")
    events.end_waits(session, message_id, at=now)
    message_event(session, message, Phase.RELEASED, now, duration_ms=0)
    end_notices(session, message, now=now)


def edit(
    session: Session, wedding_id: int, message_id: int, *, text: str, now: datetime
) -> None:
    """Change the words of a message that has not been on its way yet.

    One in hand goes back to its place, to be typed anew. Raises NotFound, BadInput, or
    Conflict: too late, or nobody knows for sure that the old words never went.
    """
    message = find_mine(session, wedding_id, message_id)
    cleaned = clean_text(text)
    if cleaned == message.text:
        return
    if may_be_out(session, message):
        raise Conflict("the old words may have gone")
    before = _back_to_its_place(message)
    _take_back(session, message, now, text=cleaned, **before)
    length = {"length": len(cleaned), "length_before": len(message.text)}
    message_event(session, message, Phase.EDITED, now, length, duration_ms=0)


def set_priority(
    session: Session,
    wedding_id: int,
    message_id: int,
    *,
    priority: int,
    now: datetime,
) -> None:
    """Let a waiting message go sooner or later than others: 1 first, 5 last.

    Raises NotFound, BadInput, or Conflict where it does not wait any more.
    """
    message = find_mine(session, wedding_id, message_id)
    wanted = between("priority", priority, 1, 5)
    if wanted == message.priority and message.status == Status.PENDING:
        return
    if not change_pending(session, message, priority=wanted):
        raise Conflict("not waiting any more")
    data = {"priority": wanted, "priority_before": message.priority}
    message_event(session, message, Phase.REORDERED, now, data, duration_ms=0)
    free_those_behind(session, message, now=now)


def _take_back(
    session: Session, message: QueueMessage, now: datetime, **values: object
) -> None:
    """Change a message that waits, or that is in hand and not marked: the worker who
    had it finds it gone. Raises Conflict where it is too late for that."""
    message_id = row_id(message)
    taken = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == message_id,
            MESSAGES.c.attempt == message.attempt,
            sa.or_(
                MESSAGES.c.status == Status.PENDING,
                sa.and_(
                    MESSAGES.c.status == Status.PROCESSING,
                    MESSAGES.c.dispatched_at.is_(None),
                ),
            ),
        )
        .values(**values),
    )
    if not taken:
        raise Conflict("too late for that")
    if message.status == Status.PROCESSING:
        events.end_doings(session, message_id, at=now)
        end_attempt(session, message_id, message.attempt, Outcome.CANCELLED, now=now)


def _back_to_its_place(message: QueueMessage) -> dict[str, object]:
    """What waits stays as it is; what is in hand waits again."""
    if message.status == Status.PENDING:
        return {}
    return {"status": Status.PENDING.value, "worker": None, **FREE}


def _own_time(message: QueueMessage, now: datetime) -> dict[str, object]:
    """Its own time, and the hold that this still makes, once nobody sets it aside. A
    limit may have moved `due_at`; the place in the line is what was planned."""
    due = message.due_at if message.failures else min(message.due_at, message.queue_at)
    if due <= now:
        return {"due_at": due, **FREE}
    rule = HoldRule.RETRY if message.failures else HoldRule.SCHEDULED
    return {
        "due_at": due,
        "hold_rule": rule.value,
        "hold_params": {"reason": rule.value},
    }


def may_be_out(session: Session, message: QueueMessage) -> bool:
    """Whether the message may have gone as it is: a late proof must find the words it
    is about, so these cannot be changed."""
    in_doubt = session.exec(
        select(MessageEvent.id)
        .where(
            MessageEvent.message_id == message.id,
            MessageEvent.phase == Phase.UNCONFIRMED,
        )
        .limit(1)
    )
    if in_doubt.first() is not None:
        return True
    copied = session.get_one(Account, message.account_id).restored_from
    return copied is not None and message.created_at <= copied + TAKING
