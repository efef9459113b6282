"""services: sending ahead of others, and trying again what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from wedding_wa.domain.errors import Conflict, MessageRefused
from wedding_wa.domain.messages import Phase, Status
from wedding_wa.models import QueueMessage
from wedding_wa.services import events
from wedding_wa.services.queue.aside import end_notices
from wedding_wa.services.queue.rows import (
    FREE,
    MESSAGES,
    find_mine,
    free_those_behind,
    message_event,
)
from wedding_wa.services.sql import changed


def force(session: Session, wedding_id: int, message_id: int, *, now: datetime) -> None:
    """Send one now: before all others, past limits, gap, cool-down, rest, windows.

    Never past consent, opt-out, expiry, pause or an account that is down. Also gives
    a failed message one more try, unless it was refused for good. Raises NotFound or
    Conflict.
    """
    message = find_mine(session, wedding_id, message_id)
    if message.status == Status.FAILED and message.error_code != MessageRefused.code:
        _again(session, message, now)
    forced = changed(
        session,
        sa.update(MESSAGES)
        .where(MESSAGES.c.id == message_id, MESSAGES.c.status == Status.PENDING)
        .values(forced_at=now, due_at=now, held_at=None, crashes=0, **FREE),
    )
    if not forced:
        raise Conflict("not waiting any more")
    events.end_waits(session, message_id, at=now)
    message_event(session, message, Phase.FORCED, now)
    end_notices(session, message, now=now)
    free_those_behind(session, message, now=now)


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
            crashes=0,
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
