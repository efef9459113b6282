"""services: messages set aside: they wait until a person lets them go."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import HoldRule, Phase, Status
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services import events, notices
from wedding_wa.services.history import policy_of
from wedding_wa.services.queue.rows import (
    MESSAGES,
    change_pending,
    message_event,
    row_id,
)
from wedding_wa.services.sql import changed

# A sender says every half minute that it lives; after so long a silence it was away.
_SAID_LATELY = timedelta(seconds=30)
_AWAY = timedelta(seconds=90)
_NOTICES = {
    HoldRule.QUARANTINE: notices.QUARANTINE,
    HoldRule.MISSED: notices.MISSED,
}


def aside(rule: HoldRule, now: datetime, **params: object) -> dict[str, object]:
    """The values that set a message aside because of `rule`."""
    return {
        "held_at": now,
        "hold_rule": rule.value,
        "hold_params": {"reason": rule.value, **params},
        "forced_at": None,
    }


def tell_set_aside(
    session: Session, message: QueueMessage, rule: HoldRule, now: datetime
) -> None:
    """Write it into the timeline and tell the owner, who alone can let it go."""
    events.end_waits(session, row_id(message), at=now)
    message_event(session, message, Phase.HELD, now, {"reason": rule.value})
    _tell_owner(session, message.wedding_id, message.account_id, rule, now)


def note_alive(session: Session, account_id: int, *, now: datetime) -> int:
    """A sender for the account lives. Was there none for long, then what should have
    gone meanwhile is set aside: nobody wants "see you at six" at nine. Return how many.
    """
    before = session.exec(
        select(Account.alive_at).where(Account.id == account_id)
    ).one()
    if before is not None and before <= now < before + _SAID_LATELY:
        return 0
    changed(
        session,
        sa.update(Account).where(col(Account.id) == account_id).values(alive_at=now),
    )
    if before is None or now - before < _AWAY:
        return 0
    return _set_missed_aside(session, account_id, now)


def end_notices(session: Session, message: QueueMessage, *, now: datetime) -> None:
    """The last of its kind was let go, cancelled or expired: the notice ends."""
    for rule, kind in _NOTICES.items():
        if not _any_left(session, message.account_id, rule):
            notices.close_notice(
                session,
                message.wedding_id,
                kind,
                account_id=message.account_id,
                now=now,
            )


def _set_missed_aside(session: Session, account_id: int, now: datetime) -> int:
    late = policy_of(session, account_id).missed_after_seconds
    if not late:
        return 0
    missed = session.exec(
        select(QueueMessage).where(
            QueueMessage.account_id == account_id,
            QueueMessage.status == Status.PENDING,
            col(QueueMessage.held_at).is_(None),
            QueueMessage.hold_rule == HoldRule.SCHEDULED,
            QueueMessage.due_at <= now - timedelta(seconds=late),
        )
    ).all()
    return sum(_miss(session, message, now) for message in missed)


def _miss(session: Session, message: QueueMessage, now: datetime) -> bool:
    was_due = message.due_at.isoformat()
    values = aside(HoldRule.MISSED, now, was_due=was_due)
    if not change_pending(session, message, MESSAGES.c.held_at.is_(None), **values):
        return False
    tell_set_aside(session, message, HoldRule.MISSED, now)
    return True


def _tell_owner(
    session: Session, wedding_id: int, account_id: int, rule: HoldRule, now: datetime
) -> None:
    notices.open_notice(
        session, wedding_id, _NOTICES[rule], account_id=account_id, now=now
    )


def _any_left(session: Session, account_id: int, rule: HoldRule) -> bool:
    found = session.exec(
        select(QueueMessage.id)
        .where(
            QueueMessage.account_id == account_id,
            col(QueueMessage.held_at).is_not(None),
            QueueMessage.hold_rule == rule,
            QueueMessage.status == Status.PENDING,
        )
        .limit(1)
    )
    return found.first() is not None
