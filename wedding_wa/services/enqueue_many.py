"""services: putting many messages into the queue at once: what each would ask of the
database is asked for all of them together, by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import WeddingError
from wedding_wa.domain.messages import Phase
from wedding_wa.models import MessageArchive, QueueMessage
from wedding_wa.services import events
from wedding_wa.services.enqueue import (
    Enqueued,
    EnqueueRequest,
    enqueue,
    first_answer,
    first_words,
    newest,
    row_of,
)
from wedding_wa.services.no_consent import no_consent
from wedding_wa.services.sql import table
from wedding_wa.services.voice import Ways, names_a_phone, phone_of, recipients_of

Outcome = Enqueued | WeddingError

_MESSAGES = table(QueueMessage)
_ARCHIVE = table(MessageArchive)
_NAMES = ("idempotency_key", "client_message_id")
_INSERT = sa.insert(_MESSAGES)
_NEWEST = sa.select(newest())


def _named_before(
    row: sa.Table, row_id: sa.ColumnElement[int], column: str
) -> sa.Select[Any]:
    """What stands under any of the names of that kind."""
    names: sa.BindParameter[Any] = sa.bindparam(column, expanding=True)
    return sa.select(
        *(row_id.label("id"), row.c.task_id, row.c.asked),
        *(sa.literal(column).label("by"), row.c[column].label("name")),
    ).where(
        row.c.wedding_id == sa.bindparam("wedding", type_=sa.Integer),
        row.c[column].in_(names),
    )


_BEFORE = sa.union_all(
    *(
        _named_before(row, row_id, column)
        for column in _NAMES
        for row, row_id in (
            (_MESSAGES, _MESSAGES.c.id),
            (_ARCHIVE, _ARCHIVE.c.message_id),
        )
    )
)


def enqueue_many(
    session: Session,
    wedding_id: int,
    requests: Sequence[EnqueueRequest],
    *,
    now: datetime,
) -> list[Outcome]:
    """What became of each, as of `enqueue`, in their order. A refused one has written
    nothing. Raises IntegrityError where the database refuses one of them."""
    done: list[Outcome] = []
    for some in _apart(requests):
        if len(some) > 1:
            done += _Together(session, wedding_id, some, now).done()
        else:
            done.append(_alone(session, wedding_id, some[0], now))
    return done


def _apart(requests: Sequence[EnqueueRequest]) -> Iterator[list[EnqueueRequest]]:
    """Neighbours of which none is another's second time, all to phone numbers; and
    those that are not, each by itself."""
    some: list[EnqueueRequest] = []
    seen: set[tuple[str, str]] = set()
    for one in requests:
        names = {(by, name) for by in _NAMES if (name := getattr(one, by)) is not None}
        if some and (names & seen or not names_a_phone(one.to)):
            yield some
            some, seen = [], set()
        some.append(one)
        seen |= names
        if not names_a_phone(one.to):
            yield some
            some, seen = [], set()
    if some:
        yield some


def _alone(
    session: Session, wedding_id: int, one: EnqueueRequest, now: datetime
) -> Outcome:
    try:
        return enqueue(session, wedding_id, one, now=now)
    except WeddingError as error:
        return error


class _Together:
    """Messages to phone numbers, each under other names than the rest."""

    def __init__(
        self,
        session: Session,
        wedding_id: int,
        requests: list[EnqueueRequest],
        now: datetime,
    ) -> None:
        self._session, self._wedding_id, self._now = session, wedding_id, now
        self._requests = requests
        self._outcomes: dict[int, Outcome] = {}

    def done(self) -> list[Outcome]:
        """Refuse and answer again what must be; write the rest."""
        self._find_made()
        rows = self._rows()
        if self._session.get_bind().dialect.name == "sqlite":
            self._insert(rows)
        for index in self._left():  # another connection may write meanwhile
            self._outcomes[index] = _alone(
                self._session, self._wedding_id, self._requests[index], self._now
            )
        return [self._outcomes[index] for index in range(len(self._requests))]

    def _left(self) -> list[int]:
        return [n for n in range(len(self._requests)) if n not in self._outcomes]

    def _find_made(self) -> None:
        asked: dict[str, object] = {"wedding": self._wedding_id}
        for by in _NAMES:
            names = (getattr(one, by) for one in self._requests)
            asked[by] = [name for name in names if name is not None]
        found: dict[tuple[str, str], list[sa.Row[Any]]] = {}
        for row in self._session.connection().execute(_BEFORE, asked):
            found.setdefault((row.by, row.name), []).append(row)
        for index in self._left() if found else ():
            one = self._requests[index]
            named = [(by, getattr(one, by)) for by in _NAMES]
            rows = [row for name in named for row in found.get(name, ())]
            try:
                if made := first_answer(rows, one):
                    self._outcomes[index] = made
            except WeddingError as error:
                self._outcomes[index] = error

    def _rows(self) -> dict[int, dict[str, Any]]:
        """The messages that may go out, as they begin."""
        phones = self._phones()
        people = recipients_of(
            self._session, self._wedding_id, frozenset(phones.values())
        )
        ways = Ways(self._session, self._wedding_id, list(people.values()))
        rows = {}
        for index, phone in phones.items():
            one = self._requests[index]
            try:
                way = ways.to(people[phone], account=one.account)
                if way is None:
                    raise no_consent(
                        self._session, self._wedding_id, account=one.account, to=phone
                    )
                rows[index] = row_of(self._wedding_id, way, one, self._now)
            except WeddingError as error:
                self._outcomes[index] = error
        return rows

    def _phones(self) -> dict[int, str]:
        phones = {}
        for index in self._left():
            to = self._requests[index].to
            try:
                phones[index] = phone_of(self._session, self._wedding_id, to)
            except WeddingError as error:
                self._outcomes[index] = error
        return phones

    def _insert(self, rows: dict[int, dict[str, Any]]) -> None:
        """On SQLite, whose one writer nobody comes between: by numbers given here."""
        if not rows:
            return
        connection = self._session.connection()
        last = connection.execute(_NEWEST).scalar_one()
        numbers = {index: last + 1 + n for n, index in enumerate(rows)}
        written = [row | {"id": numbers[index]} for index, row in rows.items()]
        connection.execute(_INSERT, written)
        events.begin_many(
            self._session,
            {row["id"]: first_words(row) for row in written},
            Phase.QUEUED,
            wedding_id=self._wedding_id,
            at=self._now,
        )
        for index, row in rows.items():
            self._outcomes[index] = Enqueued(numbers[index], row["task_id"])
