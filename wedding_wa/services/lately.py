"""services: the newest messages with their state, for the pages that show a few."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Kind, Status
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.queue_views import live_state
from wedding_wa.services.queue_why import Reasons, Why

# How far back we look for messages of a kind, so that no look grows with the history.
_NEWEST = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `state` is what its badge says, `why` says why it still waits."""

    id: int
    account: str
    name: str
    phone: str
    text: str
    state: str
    why: Why | None
    error_code: str
    at: datetime


def newest_messages(
    session: Session,
    wedding_id: int,
    *,
    now: datetime,
    kind: Kind | None = None,
    limit: int = 6,
) -> list[Line]:
    """The wedding's last messages, newest first; of one `kind` among the last 500."""
    newest = session.exec(select(sa.func.max(QueueMessage.id))).one() or 0
    wanted = (
        select(QueueMessage, Account.key)
        .join(Account, col(Account.id) == col(QueueMessage.account_id))
        .where(
            col(QueueMessage.id) > newest - _NEWEST,
            QueueMessage.wedding_id == wedding_id,
        )
        .order_by(col(QueueMessage.id).desc())
        .limit(limit)
    )
    if kind is not None:
        wanted = wanted.where(QueueMessage.kind == kind.value)
    rows = session.exec(wanted).all()
    why = Reasons(session, now).of(message for message, _ in rows)
    return [
        _line(message, key, _state(session, message, now), why.get(row_id(message)))
        for message, key in rows
    ]


def _line(message: QueueMessage, key: str, state: str, why: Why | None) -> Line:
    return Line(
        id=row_id(message),
        account=key,
        name=message.name or "",
        phone=nice_phone(message.phone) if message.phone else "",
        text=message.text,
        state=state,
        why=why,
        error_code=message.error_code or "",
        at=message.created_at,
    )


def _state(session: Session, message: QueueMessage, now: datetime) -> str:
    """The live phase while it is being sent, else the bucket it is counted in."""
    if message.status != Status.PROCESSING:
        return message.bucket or message.status
    return live_state(session, message, now)
