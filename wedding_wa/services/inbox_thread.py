"""services: one conversation: what a person wrote, what went to them, in time order.

The lines of all their chats are one thread: messages that came in, messages of the
queue, and what the couple typed on the phone. A page is told by its oldest line, so
that new lines at the bottom move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Phase, Status
from wedding_wa.models import (
    Account,
    HandMessage,
    InboundMessage,
    MessageEvent,
    QueueMessage,
)
from wedding_wa.models.base import UtcDateTime
from wedding_wa.services.cursors import Cursors, Part
from wedding_wa.services.inbox_people import Group
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.queue_views import Row, live_state, row_of
from wedding_wa.services.queue_why import Reasons
from wedding_wa.services.sql import table

STEP = 30

IN, HAND, OUT = "in", "hand", "out"
_RANKS = {IN: 0, HAND: 1, OUT: 2}
_CURSORS = Cursors(Part.MOMENT, Part.RANK, Part.ID)
# What has not left yet stands at the end, whenever it was written.
_AT_THE_END = datetime(9999, 12, 30, tzinfo=UTC)

_MESSAGES = table(QueueMessage)
_Key = tuple[datetime, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `kind` is in, hand or out; `row` is an out's message as the queue
    shows it, `state` what its badge says, `answered` that the guest answered it."""

    kind: str
    id: int
    account: str
    at: datetime
    text: str
    media: str
    row: Row | None = None
    state: str = ""
    answered: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}{self.id}"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines from `since` on, oldest first; `earlier` says that there are more."""

    lines: tuple[Line, ...]
    since: str
    earlier: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """One of the three kinds of lines, with what it is sorted by."""

    rank: int
    at: sa.ColumnElement[Any]
    id: sa.ColumnElement[Any]
    of_chats: Callable[[], sa.ColumnElement[bool]]


def lines_of(
    session: Session, group: Group, *, now: datetime, since: str = "", more: int = 0
) -> Lines:
    """Read the lines from the cursor `since` on and `more` before it; without a cursor
    the newest STEP. Nonsense counts as no cursor."""
    sources = [_source(model, group) for model in _MODELS]
    start = _CURSORS.parse(since)
    found = _keys(session, sources, None, start) if start else []
    wanted = (more if start else STEP) + 1
    older = _keys(session, sources, wanted, start)
    keys = sorted([*older[: wanted - 1], *found])
    lines = _read(session, keys, now)
    return Lines(
        lines=tuple(lines),
        since=_CURSORS.write(keys[0]) if keys else "",
        earlier=len(older) == wanted,
    )


# --- which lines --------------------------------------------------------------------


def _source(model: type[Any], group: Group) -> _Source:
    source = table(model)
    at: sa.ColumnElement[Any] = source.c.at if model in _WRITTEN else _left_at()

    def of_chats() -> sa.ColumnElement[bool]:
        return sa.or_(
            *[
                sa.and_(
                    source.c.account_id == chat.account_id,
                    source.c.chat_id == chat.chat_id,
                )
                for chat in group.chats
            ]
        )

    return _Source(_MODELS[model], at, source.c.id, of_chats)


def _left_at() -> sa.ColumnElement[Any]:
    """When a message of the queue left, or was given up; at the end while it waits."""
    waits = _MESSAGES.c.status.in_([Status.PENDING.value, Status.PROCESSING.value])
    ended = sa.func.coalesce(
        _MESSAGES.c.dispatched_at,
        _MESSAGES.c.finished_at,
        _MESSAGES.c.created_at,
        type_=UtcDateTime,
    )
    at_the_end = sa.literal(_AT_THE_END, UtcDateTime)
    return sa.type_coerce(sa.case((waits, at_the_end), else_=ended), UtcDateTime)


def _keys(
    session: Session,
    sources: Sequence[_Source],
    limit: int | None,
    start: _Key | None,
) -> list[_Key]:
    """With a limit the newest keys before `start`, newest first; else all from it."""
    found: list[_Key] = []
    for source in sources:
        statement = sa.select(source.at, source.id).where(source.of_chats())
        if start is not None:
            before = _before(source, start)
            statement = statement.where(before if limit else ~before)
        if limit:
            statement = statement.order_by(source.at.desc(), source.id.desc())
            statement = statement.limit(limit)
        rows = session.execute(statement).all()
        found += [(at, source.rank, int(i)) for at, i in rows]
    return sorted(found, reverse=True)[:limit]


def _before(source: _Source, start: _Key) -> sa.ColumnElement[bool]:
    at, rank, line_id = start
    edge = sa.literal(at, UtcDateTime)
    if source.rank > rank:
        return source.at < edge
    if source.rank < rank:
        return source.at <= edge
    return sa.or_(source.at < edge, sa.and_(source.at == edge, source.id < line_id))


# --- what they say ------------------------------------------------------------------


def _read(session: Session, keys: Sequence[_Key], now: datetime) -> list[Line]:
    """The lines of these keys, in their order."""
    accounts = _accounts(session)
    found: dict[tuple[int, int], Line] = {}
    for model, rank in _MODELS.items():
        ids = [line_id for _, r, line_id in keys if r == rank]
        rows = _by_id(session, model, ids)
        lines = (
            _written(rows, accounts, rank)
            if model in _WRITTEN
            else _sent(session, rows, accounts, now)
        )
        found |= {(rank, line.id): line for line in lines}
    return [found[rank, i] for _, rank, i in keys if (rank, i) in found]


def _by_id(session: Session, model: type[Any], ids: Sequence[int]) -> list[Any]:
    if not ids:
        return []
    return list(session.exec(select(model).where(model.id.in_(ids))).all())


def _written(rows: Sequence[Any], accounts: dict[int, str], rank: int) -> list[Line]:
    kind = IN if rank == _RANKS[IN] else HAND
    return [
        Line(
            kind=kind,
            id=row.id,
            account=accounts[row.account_id],
            at=row.at,
            text=row.body,
            media=row.media or "",
        )
        for row in rows
    ]


def _sent(
    session: Session,
    messages: Sequence[QueueMessage],
    accounts: dict[int, str],
    now: datetime,
) -> list[Line]:
    """The queue's messages, each with its state and why it waits, as the queue says."""
    whys = Reasons(session, now).of(messages)
    answered = _answered(session, messages)
    lines = []
    for message in messages:
        account = accounts[message.account_id]
        row = row_of(message, account, whys.get(row_id(message)))
        line = Line(
            kind=OUT,
            id=row.id,
            account=account,
            at=message.dispatched_at or message.finished_at or message.created_at,
            text=message.text,
            media="",
            row=row,
            state=row.state,
            answered=row.id in answered,
        )
        if message.status == Status.PROCESSING:
            line = replace(line, state=live_state(session, message, now))
        lines.append(line)
    return lines


def _answered(session: Session, messages: Sequence[QueueMessage]) -> set[int]:
    ids = [row_id(message) for message in messages]
    if not ids:
        return set()
    rows = session.exec(
        select(MessageEvent.message_id).where(
            col(MessageEvent.message_id).in_(ids), MessageEvent.phase == Phase.REPLIED
        )
    ).all()
    return set(rows)


def _accounts(session: Session) -> dict[int, str]:
    rows = session.exec(select(col(Account.id), Account.key)).all()
    return {i: key for i, key in rows if i is not None}


_WRITTEN: tuple[type[Any], ...] = (InboundMessage, HandMessage)
_MODELS: dict[type[Any], int] = {
    InboundMessage: _RANKS[IN],
    HandMessage: _RANKS[HAND],
    QueueMessage: _RANKS[OUT],
}
