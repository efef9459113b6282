"""services: what was written under a clock that was far ahead, put right."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.messages import HoldRule, Status
from wedding_wa.services.queue.rows import ATTEMPTS, MESSAGES
from wedding_wa.services.sql import changed

log = logging.getLogger(__name__)

# Nothing that was done lies so far ahead; clocks of two machines differ by less.
_TOO_FAR = timedelta(days=1)


def put_right(session: Session, account_id: int, *, now: datetime) -> None:
    """Sends of a future that cannot be count as just now: when they were is not known,
    and holding the account until then would be for a year. What they held is decided
    anew."""
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
    if not wrong:
        return
    log.warning(
        "sends of the future put right",
        extra={"action": "clock_was_wrong", "account_id": account_id, "n": wrong},
    )
    changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.account_id == account_id,
            MESSAGES.c.status == Status.PENDING,
            MESSAGES.c.due_at > now + _TOO_FAR,
            MESSAGES.c.hold_rule.is_not(None),
            MESSAGES.c.hold_rule != HoldRule.SCHEDULED,
            MESSAGES.c.held_at.is_(None),
        )
        .values(due_at=now),
    )
