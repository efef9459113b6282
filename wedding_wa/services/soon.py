"""services: how much of what waits will go by itself within the next day."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.forecast import FARTHEST
from wedding_wa.domain.messages import Status
from wedding_wa.models import QueueMessage

_SOON = timedelta(days=1)


def going_soon(session: Session, account_id: int, *, now: datetime) -> int:
    """Count what the account's line sends within a day, one past FARTHEST at most.

    Not what a person must let go first, nor what is planned for later: when today's
    messages are done has nothing to do with either.
    """
    row = QueueMessage
    line = (
        select(col(row.id))
        .where(
            col(row.account_id) == account_id,
            col(row.status) == Status.PENDING.value,
            col(row.due_at) <= now + _SOON,
            col(row.held_at).is_(None),
        )
        .limit(FARTHEST + 1)
        .subquery()
    )
    return session.exec(select(sa.func.count()).select_from(line)).one()
