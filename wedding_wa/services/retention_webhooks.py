"""services: the bodies of old events go, and what was turned away long ago.

An event's row stays, with its id: a replay is known for one for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.db import Database
from wedding_wa.models import QueueMessage, WebhookLog, WebhookRefusal
from wedding_wa.services.retention_messages import DONE
from wedding_wa.services.sql import batches, changed, table

_LOG = table(WebhookLog)
_MESSAGES = table(QueueMessage)

_LOOK = 1000
_MANY = 100


async def drop_bodies(db: Database, wedding_id: int, cutoff: datetime) -> int:
    """Forget what events received before `cutoff` said word for word; how many."""
    last, gone = 0, 0
    while ids := await db.read(_old_bodies, wedding_id, cutoff, last):
        for few in batches(ids, _MANY):
            gone += await db.write(_drop_bodies, few, cutoff)
        last = ids[-1]
    return gone


def _old_bodies(
    session: Session, wedding_id: int, cutoff: datetime, last: int
) -> list[int]:
    found = (
        sa.select(_LOG.c.id)
        .where(_LOG.c.wedding_id == wedding_id, _LOG.c.id > last, *_is_old_body(cutoff))
        .order_by(_LOG.c.id)
        .limit(_LOOK)
    )
    return list(session.execute(found).scalars())


def _is_old_body(cutoff: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Applied, or given up; and no evidence about a message whose end is not known."""
    open_end = sa.exists().where(
        _MESSAGES.c.account_id == _LOG.c.account_id,
        _MESSAGES.c.reserved_id == _LOG.c.message_id,
        _MESSAGES.c.status.not_in(DONE),
    )
    return (
        _LOG.c.raw.is_not(None),
        _LOG.c.applied_at.is_not(None),
        _LOG.c.received_at < cutoff,
        ~open_end,
    )


def _drop_bodies(session: Session, ids: Sequence[int], cutoff: datetime) -> int:
    """The row stays, with the event's id: a replay is known for one for ever."""
    return changed(
        session,
        sa.update(_LOG)
        .where(_LOG.c.id.in_(ids), *_is_old_body(cutoff))
        .values(raw=None),
    )


def drop_refusals(session: Session, wedding_id: int, cutoff: datetime) -> int:
    """Forget deliveries turned away before `cutoff`; return how many."""
    return changed(
        session,
        sa.delete(WebhookRefusal).where(
            col(WebhookRefusal.wedding_id) == wedding_id,
            col(WebhookRefusal.at) < cutoff,
        ),
    )
