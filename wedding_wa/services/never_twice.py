"""services: the proof page: what became of every message, and what was seen twice.

The figures cost the same however long the history is: they are the counters that the
database keeps, and what was archived. `recount` counts the rows themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Outcome, Status
from wedding_wa.models import (
    Account,
    DuplicateSeen,
    MessageArchive,
    QueueCounter,
    QueueMessage,
)
from wedding_wa.services.queue.rows import ATTEMPTS, MESSAGES
from wedding_wa.services.queue_views import who_is

#: Where a message can be; together they are all that were ever accepted.
LINES = (
    "sent",
    "refused",
    "waiting",
    "processing",
    "unconfirmed",
    "failed",
    "skipped",
)
_LINE_OF = {
    "delivered": "sent",
    "read": "sent",
    "held": "waiting",
    "pending": "waiting",
}
#: What ends a doubt, as the page names it, by the evidence's own name.
EVIDENCE = ("ack", "echo", "chat", "answer", "restore")
PERSON = "person"
#: So many repeats are shown by name; all are counted.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Repeat:
    """One message that WhatsApp has twice. `who` is "" where it is archived."""

    message_id: int
    account: str
    who: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of all messages. `lines` has every one of LINES, those archived
    among them; `archived` is how many these are. `settled` counts doubts that ended,
    by what ended them. `since` is when the first message was accepted."""

    lines: Mapping[str, int]
    archived: int
    settled: Mapping[str, int]
    duplicates: int
    repeats: Sequence[Repeat]
    since: datetime | None

    @property
    def planned(self) -> int:
        """How many were ever accepted."""
        return sum(self.lines.values())


@dataclass(frozen=True, slots=True)
class Recount:
    """What the rows themselves say. `rows` were counted, `counted` is what the
    counters say of them; `sent_twice` messages have two tries that went, `shared`
    WhatsApp ids belong to two messages. In order: equal, and none."""

    rows: int
    counted: int
    sent_twice: int
    shared: int
    at: datetime

    @property
    def in_order(self) -> bool:
        """Whether the count found nothing wrong."""
        return self.rows == self.counted and not (self.sent_twice or self.shared)


def proof(session: Session, wedding_id: int) -> Proof:
    """Read the figures of the page."""
    keys = _account_keys(session, wedding_id)
    archived = _archived(session, wedding_id)
    lines = dict.fromkeys(LINES, 0)
    for counted in (_counted(session, list(keys)), archived):
        for name, n in counted.items():
            lines[_LINE_OF.get(name, name)] += n
    return Proof(
        lines=lines,
        archived=sum(archived.values()),
        settled=_settled(session, list(keys)),
        duplicates=_duplicates(session, wedding_id),
        repeats=_repeats(session, wedding_id, keys),
        since=_since(session, wedding_id),
    )


def recount(session: Session, wedding_id: int, *, now: datetime) -> Recount:
    """Count every row: slower with each message, so only when somebody asks."""
    keys = _account_keys(session, wedding_id)
    went_twice = (
        sa.select(ATTEMPTS.c.message_id)
        .where(
            ATTEMPTS.c.account_id.in_(keys), ATTEMPTS.c.outcome == Outcome.SENT.value
        )
        .group_by(ATTEMPTS.c.message_id)
        .having(sa.func.count() > 1)
    )
    known_as = MESSAGES.c.provider_message_id
    shared = (
        sa.select(known_as)
        .where(MESSAGES.c.wedding_id == wedding_id, known_as.is_not(None))
        .group_by(MESSAGES.c.account_id, known_as)
        .having(sa.func.count() > 1)
    )
    rows = sa.select(MESSAGES.c.id).where(MESSAGES.c.wedding_id == wedding_id)
    return Recount(
        rows=_count(session, rows),
        counted=sum(_counted(session, list(keys)).values()),
        sent_twice=_count(session, went_twice),
        shared=_count(session, shared),
        at=now,
    )


def _account_keys(session: Session, wedding_id: int) -> dict[int, str]:
    rows = session.exec(
        select(col(Account.id), Account.key).where(Account.wedding_id == wedding_id)
    ).all()
    return {i: key for i, key in rows if i is not None}


def _counted(session: Session, account_ids: Sequence[int]) -> dict[str, int]:
    rows = session.exec(
        select(QueueCounter.bucket, sa.func.sum(QueueCounter.n))
        .where(col(QueueCounter.account_id).in_(account_ids))
        .group_by(QueueCounter.bucket)
    ).all()
    return {bucket: int(n) for bucket, n in rows}


def _archived(session: Session, wedding_id: int) -> dict[str, int]:
    rows = session.exec(
        select(MessageArchive.status, sa.func.count())
        .where(MessageArchive.wedding_id == wedding_id)
        .group_by(MessageArchive.status)
    ).all()
    return {status: int(n) for status, n in rows}


def _settled(session: Session, account_ids: Sequence[int]) -> dict[str, int]:
    """By what doubts ended; by the index of those that had one."""
    rows = session.exec(
        select(QueueMessage.settled_by, sa.func.count())
        .where(
            col(QueueMessage.account_id).in_(account_ids),
            col(QueueMessage.settled_by).is_not(None),
            QueueMessage.status != Status.UNCONFIRMED,
        )
        .group_by(col(QueueMessage.settled_by))
    ).all()
    return {str(by): int(n) for by, n in rows}


def _duplicates(session: Session, wedding_id: int) -> int:
    return _count(
        session,
        sa.select(col(DuplicateSeen.id)).where(
            col(DuplicateSeen.wedding_id) == wedding_id
        ),
    )


def _repeats(
    session: Session, wedding_id: int, keys: Mapping[int, str]
) -> tuple[Repeat, ...]:
    rows = session.exec(
        select(DuplicateSeen, QueueMessage)
        .join(
            QueueMessage,
            col(QueueMessage.id) == col(DuplicateSeen.message_id),
            isouter=True,
        )
        .where(DuplicateSeen.wedding_id == wedding_id)
        .order_by(col(DuplicateSeen.id).desc())
        .limit(SHOWN)
    ).all()
    return tuple(
        Repeat(
            message_id=seen.message_id,
            account=keys[seen.account_id],
            who=who_is(message) if message else "",
            text=message.text if message else "",
            sent_at=seen.sent_at,
        )
        for seen, message in rows
    )


def _since(session: Session, wedding_id: int) -> datetime | None:
    """When the first was accepted, be it archived by now."""
    first = session.exec(
        select(QueueMessage.created_at)
        .where(QueueMessage.wedding_id == wedding_id)
        .order_by(col(QueueMessage.id))
        .limit(1)
    ).first()
    oldest = session.exec(
        select(MessageArchive)
        .where(MessageArchive.wedding_id == wedding_id)
        .order_by(col(MessageArchive.id))
        .limit(1)
    ).first()
    archived = _created(oldest) if oldest else None
    return min((one for one in (first, archived) if one), default=None)


def _created(row: MessageArchive) -> datetime:
    """When an archived message was accepted; where it was deleted whole, before
    its deletion is all that is known."""
    told = (row.record or {}).get("created_at")
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        return row.at
    return at if at.tzinfo else row.at


def _count(session: Session, statement: sa.Select[Any]) -> int:
    counted = sa.select(sa.func.count()).select_from(statement.subquery())
    return int(session.execute(counted).scalar_one())
