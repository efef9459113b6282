"""services: messages left unsent for good: too late, not wanted, cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Phase, SkipReason, Status
from wedding_wa.models import QueueMessage
from wedding_wa.services import events
from wedding_wa.services.queue.aside import end_notices
from wedding_wa.services.queue.rows import (
    FREE,
    change_pending,
    free_those_behind,
    message_event,
    row_id,
)


def skip_pending(
    session: Session, message: QueueMessage, reason: SkipReason, *, now: datetime
) -> bool:
    """Leave a waiting message unsent for good, with its reason."""
    if not change_pending(session, message, **skipped(reason, now)):
        return False
    events.end_waits(session, row_id(message), at=now)
    message_event(session, message, Phase.SKIPPED, now, {"reason": reason.value})
    end_notices(session, message, now=now)
    free_those_behind(session, message, now=now)
    return True


def skip_expired(session: Session, account_id: int, *, now: datetime) -> int:
    """Leave unsent what is too late by now, whatever it waits for; return how many."""
    late = select(QueueMessage).where(
        col(QueueMessage.account_id) == account_id,
        col(QueueMessage.status) == Status.PENDING,
        col(QueueMessage.expires_at) <= now,
    )
    return sum(
        skip_pending(session, message, SkipReason.EXPIRED, now=now)
        for message in session.exec(late).all()
    )


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


def skipped(reason: SkipReason, now: datetime) -> dict[str, object]:
    """The values of a message that is left unsent."""
    return {
        "status": Status.SKIPPED.value,
        "skip_reason": reason.value,
        "finished_at": now,
        "forced_at": None,
        "held_at": None,
        **FREE,
    }
