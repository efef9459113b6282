"""services: what was written under a clock that was far ahead, put right."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.messages import HoldRule, Status
from wedding_wa.services.history import policy_of
from wedding_wa.services.queue.rows import ATTEMPTS, MESSAGES
from wedding_wa.services.sql import changed

log = logging.getLogger(__name__)

# Nothing that was done lies so far ahead; clocks of two machines differ by less.
_TOO_FAR = timedelta(days=1)


def put_right(session: Session, account_id: int, *, now: datetime) -> None:
    """Sends of a future that cannot be count as just now: when they were is not known,
    and holding the account until then would be for a year. What they held, and what was
    accepted or to be tried again in that future, is decided anew."""
    row = ATTEMPTS.c
    wrong = changed(
        session,
        sa.update(ATTEMPTS)
        .where(
            row.account_id == account_id,
            row.counts.is_(True),
            row.dispatched_at > now + _TOO_FAR,
        )
        .values(
            dispatched_at=now,
            finished_at=sa.case((row.finished_at.is_not(None), now), else_=None),
        ),
    )
    if wrong:
        log.warning(
            "sends of the future put right",
            extra={"action": "clock_was_wrong", "account_id": account_id, "n": wrong},
        )
    _ask_anew(session, account_id, whatever_held=bool(wrong), now=now)


def _ask_anew(
    session: Session, account_id: int, *, whatever_held: bool, now: datetime
) -> None:
    """Let what waits for such a time be decided now, and be in the line at once.

    Never what a person planned. What nothing holds was to go when it was accepted, and
    no try comes later than the longest back-off after now.
    """
    row, too_far = MESSAGES.c, now + _TOO_FAR
    limits = policy_of(session, account_id)
    longest = max(
        limits.backoff_max_seconds,
        limits.notification_base_seconds * limits.notification_max_factor,
    )
    no_back_off = sa.and_(
        row.hold_rule == HoldRule.RETRY,
        row.due_at > too_far + timedelta(seconds=longest),
    )
    at_once = sa.or_(row.hold_rule.is_(None), no_back_off)
    changed(
        session,
        sa.update(MESSAGES)
        .where(
            row.account_id == account_id,
            row.status == Status.PENDING,
            row.due_at > too_far,
            sa.or_(at_once, row.hold_rule != HoldRule.SCHEDULED)
            if whatever_held
            else at_once,
            row.held_at.is_(None),
        )
        .values(
            due_at=now,
            queue_at=sa.case((row.queue_at > too_far, now), else_=row.queue_at),
        ),
    )
