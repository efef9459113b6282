"""services: which message of a restored copy is the one that stands in the chat.

By its reserved id where it has one, else by its words: two queued with the same words
and one found settles one. What the copy knows as sent, or as typed by hand, is left out
first. In doubt a message counts as sent: better once than twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Outcome, Status
from wedding_wa.models import (
    Account,
    HandMessage,
    InboundMessage,
    MessageAttempt,
    QueueMessage,
)
from wedding_wa.services import queue
from wedding_wa.services.queue.rows import TAKING
from wedding_wa.services.same_person import same_person
from wedding_wa.services.sql import changed, table
from wedding_wa.services.waha import WahaMessage
from wedding_wa.services.waha_evidence import ID_ENGINES

# So many of the newest known messages are looked for before the chats are disbelieved.
_KNOWN = 5
_OPEN = (Status.PENDING, Status.PROCESSING, Status.UNCONFIRMED, Status.FAILED)

_MESSAGES = table(QueueMessage)
_ATTEMPTS = table(MessageAttempt)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a message may have reached: all names of their chat. `since`: the
    earliest moment at which an unconfirmed one may have gone."""

    chats: tuple[str, ...]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What the reading of one person's chats came to; `stuck` are in a worker's hands,
    or changed just now: to be looked at again."""

    settled: int
    stuck: int


def people(session: Session, account: Account) -> list[Person]:
    """Everybody to whom a message of the copy may have gone since it was taken."""
    rows = session.exec(
        select(QueueMessage.chat_id, sa.func.min(QueueMessage.dispatched_at))
        .where(*_maybe_sent(account))
        .group_by(col(QueueMessage.chat_id))
        .order_by(col(QueueMessage.chat_id))
    ).all()
    since: dict[str, datetime | None] = dict(rows)
    named = same_person(session, account.wedding_id, since.keys())
    found: dict[tuple[str, ...], Person] = {}
    for chat_id in since:
        chats = tuple(sorted(named[chat_id]))
        moments = [at for each in chats if (at := since.get(each)) is not None]
        found[chats] = Person(chats, min(moments, default=None))
    return list(found.values())


def known_messages(session: Session, account_id: int) -> list[tuple[str, str]]:
    """The newest messages that stood in the chats when the copy was taken, as (chat,
    bare id), of different chats. What came since may be another login's."""
    account = session.get_one(Account, account_id)
    assert account.restored_from is not None
    sent = session.execute(
        sa.select(_MESSAGES.c.chat_id, _MESSAGES.c.provider_message_id)
        .where(
            _MESSAGES.c.account_id == account_id,
            _MESSAGES.c.provider_message_id.is_not(None),
            _MESSAGES.c.finished_at <= account.restored_from,
        )
        .order_by(_MESSAGES.c.id.desc())
        .limit(10 * _KNOWN)
    ).all()
    heard = session.exec(
        select(InboundMessage.chat_id, InboundMessage.message_id)
        .where(
            InboundMessage.account_id == account_id,
            InboundMessage.received_at <= account.restored_from,
            sa.true() if account.engine in ID_ENGINES else sa.false(),
        )
        .order_by(col(InboundMessage.id).desc())
        .limit(10 * _KNOWN)
    ).all()
    found: dict[str, str] = {}
    for chat_id, message_id in [*sent, *heard]:
        found.setdefault(str(chat_id), str(message_id))
    return list(found.items())[:_KNOWN]


def settle_found(
    session: Session,
    account_id: int,
    person: Person,
    found: list[WahaMessage],
    *,
    restored_from: datetime,
    now: datetime,
) -> Settled:
    """Settle as sent what of the person's messages stands in `found`, oldest first."""
    account = session.get_one(Account, account_id)
    taken = _taken(session, account_id, [each.message_id for each in found])
    taken |= _by_hand(session, account_id, person, before=restored_from)
    news = [each for each in found if each.message_id not in taken]
    waiting = list(
        session.exec(
            select(QueueMessage)
            .where(*_maybe_sent(account), col(QueueMessage.chat_id).in_(person.chats))
            .order_by(*_most_likely_first())
        ).all()
    )
    done = Counter(
        _was_sent(session, message, one, now=now)
        for message, one in _matches(waiting, news)
    )
    return Settled(settled=done[True], stuck=done[False])


def _matches(
    waiting: list[QueueMessage], news: list[WahaMessage]
) -> Iterable[tuple[QueueMessage, WahaMessage]]:
    by_id = {
        name: message
        for message in waiting
        for name in (message.reserved_id, message.provider_message_id)
        if name is not None
    }
    left = list(waiting)
    others = []
    for one in news:
        message = by_id.get(one.message_id)
        if message is None or message not in left:
            others.append(one)
            continue
        left.remove(message)
        yield message, one
    for one in others:
        said = _words(one.body)
        same = next((each for each in left if _words(each.text) == said), None)
        if same is not None:
            left.remove(same)
            yield same, one


def _was_sent(
    session: Session, message: QueueMessage, one: WahaMessage, *, now: datetime
) -> bool:
    if message.status != Status.UNCONFIRMED and not _add_try(session, message, one):
        return False
    known_as, account_id = one.message_id, message.account_id
    went = queue.settle_sent(
        session, message, evidence="restore", provider_id=known_as, now=now
    )
    if went and one.ack is not None:
        queue.apply_ack(session, account_id, known_as, one.ack, at=now, now=now)
    return went


def _add_try(session: Session, message: QueueMessage, one: WahaMessage) -> bool:
    """The try of which the copy does not know: it counts for limits and cool-down, at
    the time at which it went. False while the message is in a worker's hands."""
    moved = changed(
        session,
        sa.update(_MESSAGES)
        .where(
            _MESSAGES.c.id == message.id,
            _MESSAGES.c.attempt == message.attempt,
            _MESSAGES.c.status == message.status,
            _MESSAGES.c.status != Status.PROCESSING.value,
        )
        .values(attempt=message.attempt + 1),
    )
    if not moved:
        return False
    session.refresh(message)
    session.execute(
        sa.insert(_ATTEMPTS).values(
            wedding_id=message.wedding_id,
            message_id=message.id,
            account_id=message.account_id,
            chat_id=message.chat_id,
            attempt=message.attempt,
            started_at=one.timestamp,
            dispatched_at=one.timestamp,
            finished_at=one.timestamp,
            counts=True,
            gap_seconds=0.0,
            sibling_seconds=0.0,
            rest_seconds=0.0,
            outcome=Outcome.SENT.value,
        )
    )
    return True


def _maybe_sent(account: Account) -> tuple[sa.ColumnElement[bool], ...]:
    """Was in the copy, and not at its end then. What was skipped since the restore may
    have gone before it all the same."""
    assert account.restored_from is not None
    skipped = sa.and_(
        col(QueueMessage.status) == Status.SKIPPED,
        col(QueueMessage.finished_at) > account.restored_from,
    )
    return (
        col(QueueMessage.account_id) == account.id,
        col(QueueMessage.created_at) <= account.restored_from + TAKING,
        sa.or_(col(QueueMessage.status).in_([str(each) for each in _OPEN]), skipped),
    )


def _most_likely_first() -> tuple[sa.ColumnElement[Any], ...]:
    """Of several with the same words: first what would have gone first."""
    given_up = col(QueueMessage.status).in_([Status.FAILED, Status.SKIPPED])
    return (
        sa.case((given_up, 1), else_=0),
        sa.case((col(QueueMessage.reserved_id).is_(None), 0), else_=1),
        _MESSAGES.c.priority,
        _MESSAGES.c.queue_at,
        _MESSAGES.c.id,
    )


def _taken(session: Session, account_id: int, found: list[str]) -> set[str]:
    """Ids that the copy knows as those of messages that were sent."""
    rows = session.execute(
        sa.select(_MESSAGES.c.provider_message_id, _MESSAGES.c.reserved_id).where(
            _MESSAGES.c.account_id == account_id,
            _MESSAGES.c.status == Status.SENT.value,
            sa.or_(
                _MESSAGES.c.provider_message_id.in_(found),
                _MESSAGES.c.reserved_id.in_(found),
            ),
        )
    ).all()
    return {str(name) for row in rows for name in row if name is not None}


def _by_hand(
    session: Session, account_id: int, person: Person, *, before: datetime
) -> set[str]:
    """What the couple had typed on the phone before: heard then, and not ours. What is
    held for typed since may be ours, of which the copy does not know."""
    rows = session.exec(
        select(HandMessage.message_id).where(
            HandMessage.account_id == account_id,
            col(HandMessage.chat_id).in_(person.chats),
            HandMessage.at < before,
        )
    )
    return set(rows.all())


def _words(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
