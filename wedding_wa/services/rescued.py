"""services: a rescue that tells what it freed, and whom it left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Status
from wedding_wa.models import QueueMessage
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.rescue import rescue_left
from wedding_wa.services.serving import accounts_by_key, who_serves


@dataclass(frozen=True, slots=True)
class Held:
    """A message in a worker's hands. `by`: the living process that sends for its
    account; `became` is what it is now: "pending", "unconfirmed", or "quarantine"
    where it is set aside because processes died with it again and again."""

    id: int
    account: str
    by: str | None
    became: str


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was freed, and what a living worker holds and keeps."""

    freed: tuple[Held, ...]
    kept: tuple[Held, ...]


def rescue_and_tell(session: Session, *, now: datetime) -> Rescue:
    """Free what no living worker holds; a lease that is neither lapsed nor its
    process's proven death is left alone."""
    keys = accounts_by_key(session)
    serving = {one: who_serves(session, one, now=now) for one in keys}
    before = _in_hand(session)
    if before:
        rescue_left(session, now=now)
        session.expire_all()
    told = [
        Held(
            id=row_id(message),
            account=keys[message.account_id],
            by=f"{who.host}, {who.pid}"
            if (who := serving[message.account_id])
            else None,
            became="quarantine" if message.held_at else message.status,
        )
        for message in before
    ]
    freed = tuple(one for one in told if one.became != Status.PROCESSING)
    return Rescue(freed, tuple(one for one in told if one not in freed))


def _in_hand(session: Session) -> list[QueueMessage]:
    found = session.exec(
        select(QueueMessage)
        .where(QueueMessage.status == Status.PROCESSING)
        .order_by(col(QueueMessage.id))
    )
    return list(found.all())
