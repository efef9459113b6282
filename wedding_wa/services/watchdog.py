"""services: noticing sends that WhatsApp never acknowledged.

A 201 means only "handed to the engine". 60 s without any ack mark a message
*unacknowledged*: a mark, not a fault, for a sleeping phone gives none. Five of them
over 30 min with nothing else heard from that account pause it: the number may be
half dead.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Status
from wedding_wa.models import (
    Account,
    InboundMessage,
    MessageAttempt,
    QueueMessage,
    WebhookLog,
    Wedding,
)
from wedding_wa.services import pausing
from wedding_wa.services.live import Change, note
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.sql import changed
from wedding_wa.services.webhook_log import ACK

UNACKNOWLEDGED_AFTER = timedelta(seconds=60)
SILENT_MESSAGES = 5
SILENT_FOR = timedelta(minutes=30)


def mark_unacknowledged(session: Session, *, now: datetime) -> int:
    """Mark sends without any ack; pause accounts that fell silent. Returns marks."""
    marked = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.wedding_id.in_(sa.select(col(Wedding.id))),
            MESSAGES.c.bucket == Status.SENT,
            sa.func.coalesce(MESSAGES.c.ack, 0) == 0,
            MESSAGES.c.ack_error_at.is_(None),
            MESSAGES.c.unacknowledged_at.is_(None),
            MESSAGES.c.finished_at <= now - UNACKNOWLEDGED_AFTER,
        )
        .values(unacknowledged_at=now),
    )
    for account in session.exec(select(Account)).all():
        if marked:
            note(session, Change("message", account.wedding_id))
        if account.paused_at is None and _silent(session, account, now):
            pausing.pause_account(session, account, pausing.BY_SILENCE, now=now)
    return marked


def _silent(session: Session, account: Account, now: datetime) -> bool:
    """The last sends all lack an ack, over a long time, and nothing else came."""
    last = session.exec(
        select(QueueMessage)
        .join(MessageAttempt, col(MessageAttempt.message_id) == col(QueueMessage.id))
        .where(
            MessageAttempt.account_id == account.id,
            col(MessageAttempt.counts).is_(True),
        )
        .order_by(col(MessageAttempt.dispatched_at).desc())
        .limit(SILENT_MESSAGES)
    ).all()
    if len(last) < SILENT_MESSAGES or not all(m.unacknowledged_at for m in last):
        return False
    first = last[-1].finished_at
    if first is None or now - first < SILENT_FOR:
        return False
    return not _heard_since(session, account, first)


def _heard_since(session: Session, account: Account, since: datetime) -> bool:
    """An ack or a guest's words; a WORKING status and our own echoes prove nothing."""
    wrote = sa.exists().where(
        col(InboundMessage.account_id) == account.id,
        col(InboundMessage.received_at) > since,
    )
    acked = sa.exists().where(
        col(WebhookLog.account_id) == account.id,
        col(WebhookLog.event) == ACK,
        col(WebhookLog.received_at) > since,
    )
    return bool(session.execute(sa.select(sa.or_(wrote, acked))).scalar())
