"""services: what a person may do with a message: cancel, force, try again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from wedding_wa.domain.errors import Conflict, MessageRefused, NotFound
from wedding_wa.domain.messages import Outcome, Phase, SkipReason, Status
from wedding_wa.models import QueueMessage
from wedding_wa.services import events
from wedding_wa.services.queue.rows import (
    FREE,
    MESSAGES,
    change_pending,
    end_attempt,
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
    message = _mine(session, wedding_id, message_id)
    cancelled = changed(
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
        .values(**_skipped(SkipReason.CANCELLED, now)),
    )
    if not cancelled:
        raise Conflict("too late to cancel")
    if message.status == Status.PROCESSING:
        events.end_doings(session, message_id, at=now)
        end_attempt(session, message_id, message.attempt, Outcome.CANCELLED, now=now)
    events.end_waits(session, message_id, at=now)
    message_event(session, message, Phase.CANCELLED, now, duration_ms=0)
    message_event(
        session, message, Phase.SKIPPED, now, {"reason": SkipReason.CANCELLED.value}
    )


def skip_pending(
    session: Session, message: QueueMessage, reason: SkipReason, *, now: datetime
) -> bool:
    """Leave a waiting message unsent for good, with its reason."""
    if not change_pending(session, message, **_skipped(reason, now)):
        return False
    events.end_waits(session, row_id(message), at=now)
    message_event(session, message, Phase.SKIPPED, now, {"reason": reason.value})
    return True


def skip_unwanted(
    session: Session, wedding_id: int, chat_ids: Collection[str], *, now: datetime
) -> int:
    """The person behind these chats wants no more: leave unsent what waits for them,
    from either account. Return how many. One in hand is let go at its mark."""
    waiting = select(QueueMessage).where(
        col(QueueMessage.wedding_id) == wedding_id,
        col(QueueMessage.chat_id).in_(chat_ids),
        col(QueueMessage.status) == Status.PENDING,
    )
    return sum(
        skip_pending(session, message, SkipReason.OPTED_OUT, now=now)
        for message in session.exec(waiting).all()
    )


def force(session: Session, wedding_id: int, message_id: int, *, now: datetime) -> None:
    """Send one now: before all others, past limits, gap, cool-down, rest, windows.

    Never past consent, opt-out, expiry, pause or an account that is down. Also gives
    a failed message one more try. Raises NotFound or Conflict.
    """
    message = _mine(session, wedding_id, message_id)
    if message.status == Status.FAILED:
        _again(session, message, now)
    forced = changed(
        session,
        sa.update(MESSAGES)
        .where(MESSAGES.c.id == message_id, MESSAGES.c.status == Status.PENDING)
        .values(forced_at=now, due_at=now, **FREE),
    )
    if not forced:
        raise Conflict("not waiting any more")
    events.end_waits(session, message_id, at=now)
    message_event(session, message, Phase.FORCED, now)


def retry_failed(
    session: Session,
    wedding_id: int,
    *,
    now: datetime,
    message_ids: Sequence[int] | None = None,
) -> int:
    """Put failed messages back in the line with all their tries; return how many.

    Never those that were refused for good.
    """
    failed = retryable(wedding_id)
    if message_ids is not None:
        failed = failed.where(col(QueueMessage.id).in_(message_ids))
    return sum(_again(session, message, now) for message in session.exec(failed).all())


def retryable(wedding_id: int) -> SelectOfScalar[QueueMessage]:
    """The failed messages that another try may help: not those refused for good."""
    return select(QueueMessage).where(
        col(QueueMessage.wedding_id) == wedding_id,
        col(QueueMessage.bucket) == Status.FAILED,
        col(QueueMessage.error_code) != MessageRefused.code,
    )


def _again(session: Session, message: QueueMessage, now: datetime) -> bool:
    back = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == message.id,
            MESSAGES.c.status == Status.FAILED,
            MESSAGES.c.attempt == message.attempt,
        )
        .values(
            status=Status.PENDING.value,
            failures=0,
            due_at=now,
            queue_at=now,
            finished_at=None,
            dispatched_at=None,
            worker=None,
            **FREE,
        ),
    )
    if back:
        message_event(session, message, Phase.RETRY_SCHEDULED, now, {"by": "person"})
    return bool(back)


def _skipped(reason: SkipReason, now: datetime) -> dict[str, object]:
    return {
        "status": Status.SKIPPED.value,
        "skip_reason": reason.value,
        "finished_at": now,
        "forced_at": None,
        **FREE,
    }


def _mine(session: Session, wedding_id: int, message_id: int) -> QueueMessage:
    message = session.get(QueueMessage, message_id)
    if message is None or message.wedding_id != wedding_id:
        raise NotFound("error.message_not_found")
    return message
