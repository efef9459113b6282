"""services: freeing what a lost worker held."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.domain.errors import MaybeSent
from wedding_wa.domain.messages import HoldRule, Outcome, Phase, Status
from wedding_wa.models import QueueMessage
from wedding_wa.services.lease import Lease
from wedding_wa.services.queue.aside import aside, tell_set_aside
from wedding_wa.services.queue.rows import (
    FREE,
    MESSAGES,
    end_attempt,
    message_event,
    row_id,
)
from wedding_wa.services.sql import changed

# A process died so often with a message in hand, before its mark: the message may be
# what kills it, and the others must go on.
CRASHES_UNTIL_ASIDE = 3


def rescue(session: Session, lease: Lease, *, calls_over: bool, now: datetime) -> int:
    """Free what a lost worker held: unmarked goes back, marked is unconfirmed.

    Whoever calls it has the account's lease, so the old holder can write no more.
    `calls_over`: what the lease's own process marked is not under way any more (a
    fault ended it); of another process only its death proves that. Returns how many
    were rescued; no failure is counted. One with which processes died again and again
    is set aside.
    """
    left = session.exec(
        select(QueueMessage).where(
            QueueMessage.account_id == lease.account_id,
            QueueMessage.status == Status.PROCESSING,
        )
    ).all()
    return sum(
        _rescue_one(session, message, lease.owner, now, calls_over=calls_over)
        for message in left
    )


def _rescue_one(
    session: Session,
    message: QueueMessage,
    owner: str,
    now: datetime,
    *,
    calls_over: bool,
) -> bool:
    marked = message.dispatched_at is not None
    died = message.worker != owner
    values: dict[str, object] = (
        {"status": Status.UNCONFIRMED.value, "error_code": MaybeSent.code}
        if marked
        else _back_in_line(message, now, died=died)
    )
    mark = MESSAGES.c.dispatched_at
    as_read = (
        MESSAGES.c.id == message.id,
        MESSAGES.c.status == Status.PROCESSING,
        MESSAGES.c.attempt == message.attempt,
        mark.is_not(None) if marked else mark.is_(None),
    )
    if not changed(session, sa.update(MESSAGES).where(*as_read).values(**values)):
        return False
    outcome = Outcome.MAYBE_SENT if marked else Outcome.CRASHED
    if not marked or (calls_over and not died):
        end_attempt(session, row_id(message), message.attempt, outcome, now=now)
    message_event(session, message, Phase.RESCUED, now, {"marked": marked})
    if marked:
        message_event(
            session, message, Phase.UNCONFIRMED, now, {"error_detail": "crash"}
        )
    elif "held_at" in values:
        tell_set_aside(session, message, HoldRule.QUARANTINE, now)
    return True


def _back_in_line(
    message: QueueMessage, now: datetime, *, died: bool
) -> dict[str, object]:
    """Where a message that was not marked goes: to its place, or aside."""
    crashes = message.crashes + died
    values = {"status": Status.PENDING.value, "worker": None, "crashes": crashes}
    if died and crashes >= CRASHES_UNTIL_ASIDE:
        return {**values, **aside(HoldRule.QUARANTINE, now, count=crashes)}
    return {**values, **FREE}
