"""services: the queue's messages with their timelines as records, for programs.

Newest first, by key. What no index knows is looked for among the next REACH messages
of a list, so that a page costs the same however long the history is: such a page may
hold fewer than were asked for, or none, and others still follow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.domain.messages import Status
from wedding_wa.models import BUCKETS, Account, MessageEvent, QueueMessage
from wedding_wa.services.cursors import Cursors, Part
from wedding_wa.services.queue.rows import MESSAGES, row_id
from wedding_wa.services.queue_list import saying
from wedding_wa.services.sql import table
from wedding_wa.services.voice import recipient_of

REACH = 5000
#: A message that was retried for days tells no more than its newest.
EVENTS = 200
_NUMBER = re.compile(r"[0-9]{1,9}")

_EVENTS = table(MessageEvent)
_CURSORS = Cursors(Part.ID)
_BUCKETS: dict[Status, tuple[str, ...]] = {
    Status.PENDING: ("waiting", "held"),
    Status.SENT: ("sent", "delivered", "read", "refused"),
}


@dataclass(frozen=True, slots=True)
class Sought:
    """Which messages; None and "" are all. `to` is a phone as people type it, a chat
    id, or `household:<code>`: whoever is meant, under all their names."""

    status: Status | None = None
    bucket: str | None = None
    account: str | None = None
    to: str = ""
    kind: str | None = None
    category: str | None = None
    search: str = ""
    task_id: str = ""
    client_message_id: str = ""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of a message's timeline."""

    id: int
    message_id: int
    phase: str
    at: datetime
    duration_ms: int | None
    data: dict[str, object]

    @classmethod
    def of(cls, row: MessageEvent) -> EventRecord:
        """The line as it is stored."""
        return cls(
            row.id or 0, row.message_id, row.phase, row.at, row.duration_ms, row.data
        )


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """A message, its account's key, and its newest EVENTS, oldest first, if asked
    for."""

    row: QueueMessage
    account: str
    events: tuple[EventRecord, ...]


def queue_records(
    session: Session,
    wedding_id: int,
    sought: Sought,
    *,
    after: str,
    limit: int,
    timelines: bool = True,
) -> tuple[list[QueueRecord], str]:
    """A page, and the cursor to the next, "" at the end; without `timelines` no record
    has events.

    Raises BadInput on "to" or "after", NotFound for an unknown household.
    """
    keys = account_keys(session, wedding_id)
    exact = _exact(keys, sought)
    reach = REACH if exact else limit + 1
    branches = _branches(session, wedding_id, keys, sought)
    looked = _newest(branches, before=_start(after), limit=reach)
    found = session.scalars(
        sa.select(MESSAGES.c.id)
        .where(MESSAGES.c.id.in_(sa.select(looked.c.id)), *exact)
        .order_by(MESSAGES.c.id.desc())
        .limit(limit + 1)
    ).all()
    if len(found) > limit:
        following = str(found[limit - 1])
    else:
        following = _end_of(session, looked, reach)
    page = found[:limit]
    return _records(session, wedding_id, keys, page, timelines=timelines), following


def queue_record(session: Session, wedding_id: int, message_id: int) -> QueueRecord:
    """One message. Raises NotFound."""
    keys = account_keys(session, wedding_id)
    found = _records(session, wedding_id, keys, [message_id])
    if not found:
        raise NotFound("error.message_not_found")
    return found[0]


def number_of(session: Session, wedding_id: int, named: int | str) -> int:
    """The id of a message of the wedding, named by its id or task_id.

    Raises NotFound, also for what is no name of any.
    """
    text = str(named)
    if _NUMBER.fullmatch(text):
        meant = MESSAGES.c.id == int(text)
    else:
        meant = MESSAGES.c.task_id == text
    mine = MESSAGES.c.wedding_id + 0 == wedding_id
    found: int | None = session.scalar(sa.select(MESSAGES.c.id).where(meant, mine))
    if found is None:
        raise NotFound("error.message_not_found")
    return found


def event_records(
    session: Session, wedding_id: int, message_id: int | None, *, after: str, limit: int
) -> tuple[list[EventRecord], str]:
    """A page of a message's timeline, or (None) of all, oldest first, and the cursor
    to the next, "" at the end. Raises BadInput on "after"."""
    which = col(MessageEvent.wedding_id) == wedding_id
    if message_id is not None:
        which = sa.and_(_EVENTS.c.message_id == message_id, _mine(wedding_id))
    rows = session.exec(
        select(MessageEvent)
        .where(which, col(MessageEvent.id) > (_start(after) or 0))
        .order_by(col(MessageEvent.id))
        .limit(limit + 1)
    ).all()
    following = str(rows[limit - 1].id) if len(rows) > limit else ""
    return [EventRecord.of(row) for row in rows[:limit]], following


def account_keys(session: Session, wedding_id: int) -> dict[int, str]:
    """The keys of the wedding's accounts by id."""
    rows = session.exec(
        select(col(Account.id), Account.key).where(Account.wedding_id == wedding_id)
    ).all()
    return {i: key for i, key in rows if i is not None}


def _mine(wedding_id: int) -> sa.ColumnElement[bool]:
    """By no index of its own: that would walk all of the wedding's."""
    return _EVENTS.c.wedding_id + 0 == wedding_id


def _start(after: str) -> int | None:
    if not after:
        return None
    key = _CURSORS.parse(after)
    if key is None:
        raise BadInput("error.invalid", "after", fields="after")
    return int(key[0])


def _branches(
    session: Session, wedding_id: int, keys: dict[int, str], sought: Sought
) -> list[sa.Select[Any]]:
    """What indexes lead to: each a run of ids in order."""
    mine = MESSAGES.c.wedding_id + 0 == wedding_id
    ids = sa.select(MESSAGES.c.id)
    if sought.task_id:
        return [ids.where(MESSAGES.c.task_id == sought.task_id, mine)]
    if sought.client_message_id:
        named = MESSAGES.c.client_message_id == sought.client_message_id
        return [ids.where(MESSAGES.c.wedding_id == wedding_id, named)]
    if sought.to:
        chats = _chats(session, wedding_id, sought.to)
        return [
            ids.where(MESSAGES.c.account_id == account, MESSAGES.c.chat_id == chat)
            for account in keys
            for chat in chats
        ]
    return [
        ids.where(MESSAGES.c.wedding_id == wedding_id, MESSAGES.c.bucket == bucket)
        for bucket in _wanted_buckets(sought)
    ]


def _wanted_buckets(sought: Sought) -> Sequence[str]:
    """Those of the status and of the bucket that are asked for."""
    if sought.status is None:
        of_status: Sequence[str] = BUCKETS
    else:
        of_status = _BUCKETS.get(sought.status, (sought.status.value,))
    return [one for one in of_status if sought.bucket in (None, one)]


def _chats(session: Session, wedding_id: int, to: str) -> list[str]:
    try:
        return sorted(recipient_of(session, wedding_id, to).chat_ids)
    except BadInput as error:
        raise BadInput(error.code, "to") from error


def _exact(keys: dict[int, str], sought: Sought) -> list[sa.ColumnElement[bool]]:
    """What no branch has seen to."""
    conditions = saying(MESSAGES.c, sought.search)
    for name in ("kind", "category"):
        if (value := getattr(sought, name)) is not None:
            conditions.append(MESSAGES.c[name] == value)
    if sought.account is not None:
        ids = [i for i, key in keys.items() if key == sought.account]
        conditions.append(MESSAGES.c.account_id.in_(ids))
    if sought.to or sought.task_id or sought.client_message_id:
        named = _wanted_buckets(sought)
        if len(named) < len(BUCKETS):
            conditions.append(MESSAGES.c.bucket.in_(named))
    return conditions


def _newest(
    branches: Sequence[sa.Select[Any]], *, before: int | None, limit: int
) -> sa.Subquery:
    """The newest `limit` ids of all branches, each read no further than that."""
    if not branches:  # no account, or a bucket that is none of the status
        branches = [sa.select(MESSAGES.c.id).where(sa.false())]
    beyond = [] if before is None else [MESSAGES.c.id < before]
    parts = [
        sa.select(
            branch.where(*beyond)
            .order_by(MESSAGES.c.id.desc())
            .limit(limit)
            .subquery()
            .c.id
        )
        for branch in branches
    ]
    merged = (sa.union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    return sa.select(merged.c.id).order_by(merged.c.id.desc()).limit(limit).subquery()


def _end_of(session: Session, looked: sa.Subquery, reach: int) -> str:
    """Where looking ended before the list did."""
    last: int | None = session.scalar(
        sa.select(looked.c.id).order_by(looked.c.id.desc()).offset(reach - 1).limit(1)
    )
    return "" if last is None else str(last)


def _records(
    session: Session,
    wedding_id: int,
    keys: dict[int, str],
    ids: Sequence[int],
    *,
    timelines: bool = True,
) -> list[QueueRecord]:
    if not ids:
        return []
    rows = session.exec(
        select(QueueMessage).where(
            col(QueueMessage.id).in_(ids), MESSAGES.c.wedding_id + 0 == wedding_id
        )
    ).all()
    by_id = {row_id(row): row for row in rows}
    events = _events_of(session, list(by_id)) if timelines else {}
    return [
        QueueRecord(by_id[i], keys[by_id[i].account_id], tuple(events.get(i, ())))
        for i in ids
        if i in by_id
    ]


def _events_of(
    session: Session, message_ids: Sequence[int]
) -> dict[int, list[EventRecord]]:
    """The newest EVENTS of each message, oldest first: one query for all of them."""
    age = sa.func.row_number().over(
        partition_by=_EVENTS.c.message_id, order_by=_EVENTS.c.id.desc()
    )
    ranked = (
        sa.select(_EVENTS.c.id, age.label("age"))
        .where(_EVENTS.c.message_id.in_(message_ids))
        .subquery()
    )
    rows = session.exec(
        select(MessageEvent)
        .where(
            col(MessageEvent.id).in_(
                sa.select(ranked.c.id).where(ranked.c.age <= EVENTS)
            )
        )
        .order_by(col(MessageEvent.id))
    ).all()
    found: dict[int, list[EventRecord]] = {}
    for row in rows:
        found.setdefault(row.message_id, []).append(EventRecord.of(row))
    return found
