"""services: putting a message into the queue, the only way out to a guest.

A message needs the consent of the chat it goes to: the database refuses it without,
and this module says so in words first.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from wedding_wa.domain.errors import BadInput, Conflict, NotFound
from wedding_wa.domain.messages import Kind, Phase, Status
from wedding_wa.domain.policy import Policy
from wedding_wa.domain.text import between, clean_text, clean_title
from wedding_wa.models import Account, MessageArchive, QueueMessage
from wedding_wa.services import events
from wedding_wa.services.no_consent import no_consent
from wedding_wa.services.sql import table
from wedding_wa.services.voice import Way, recipient_of, way_to

_MESSAGES = table(QueueMessage)
_ARCHIVE = table(MessageArchive)
_CATEGORY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def _named_before(
    row: sa.Table, row_id: sa.ColumnElement[int], column: str
) -> sa.Select[Any]:
    """What stands under a name of that kind; no name finds nothing."""
    return sa.select(
        row_id.label("id"), row.c.task_id, row.c.asked, sa.literal(column).label("by")
    ).where(
        row.c.wedding_id == sa.bindparam("wedding", type_=sa.Integer),
        row.c[column] == sa.bindparam(column, type_=sa.String),
    )


# One statement, one moment: what is put away meanwhile is in the one or in the other.
# Each part has its index; with an OR of two names SQLite would read the whole archive.
_BEFORE = sa.union_all(
    *(
        _named_before(row, row_id, column)
        for column in ("idempotency_key", "client_message_id")
        for row, row_id in (
            (_MESSAGES, _MESSAGES.c.id),
            (_ARCHIVE, _ARCHIVE.c.message_id),
        )
    )
)


def newest() -> sa.ColumnElement[int]:
    """The greatest number that was ever given: SQLite would give the newest row's once
    more when that is put away."""
    in_queue = sa.select(sa.func.max(_MESSAGES.c.id)).scalar_subquery()
    put_away = sa.select(sa.func.max(_ARCHIVE.c.message_id)).scalar_subquery()
    return sa.func.max(sa.func.coalesce(in_queue, 0), sa.func.coalesce(put_away, 0))


# None where the key is there: one statement, so that two at the same moment need not
# wait and fail. Built once, for it is most of what a message costs.
_INSERT = (
    postgresql.insert(_MESSAGES).on_conflict_do_nothing().returning(_MESSAGES.c.id)
)
_INSERT_ON_SQLITE = (
    sqlite.insert(_MESSAGES)
    .values(id=newest() + 1)
    .on_conflict_do_nothing()
    .returning(_MESSAGES.c.id)
)


@dataclass(frozen=True, slots=True)
class EnqueueRequest:
    """One message to one recipient, as a door understood it.

    `to` is a phone as people type it, a chat id, or `household:<code>`; `account` None
    is the number they wrote to last. `category` and `title` are labels for our own
    eyes: the text is what is sent. Under one `idempotency_key` there is one message,
    however often it is asked for; `client_message_id`, what a program calls it, is such
    a key too. Times are aware.
    """

    account: str | None
    to: str
    text: str
    kind: str = Kind.MESSAGE.value
    category: str | None = None
    title: str | None = None
    priority: int = 3
    due_at: datetime | None = None
    expires_at: datetime | None = None
    max_attempts: int | None = None
    created_by: int | None = None
    idempotency_key: str | None = None
    client_message_id: str | None = None

    same_as: str | None = None

    @property
    def named(self) -> bool:
        """Whether asking for it again can be told from asking for another."""
        return (self.idempotency_key or self.client_message_id) is not None

    def fingerprint(self) -> str:
        """What is asked, as a hash: two that ask the same have the same.

        `same_as` says it in the asker's own words, where the recipient may go by
        another name the next time. What nobody asked for leaves no trace, so that a
        field more changes no hash of before.
        """
        if self.same_as is not None:
            asked: dict[str, object] = {"same_as": self.same_as}
        else:
            asked = {
                name: value
                for name, usual in _USUAL.items()
                if (value := getattr(self, name)) != usual
            }
        told = json.dumps(asked, sort_keys=True, default=datetime.isoformat)
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


# What is asked, each with what is meant where nobody asks it.
_USUAL = {
    name: usual
    for name, usual in asdict(EnqueueRequest(None, "", "")).items()
    if name not in ("created_by", "idempotency_key")
}


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What a door tells: the row's id and the public id. `again`: it was there."""

    id: int
    task_id: str
    again: bool = field(default=False, compare=False)


def enqueue(
    session: Session, wedding_id: int, request: EnqueueRequest, *, now: datetime
) -> Enqueued:
    """Accept a message; the same key again returns the first answer.

    Raises BadInput (also for something else under a key that was used), NotFound,
    OptedOut, or NoConsent with the wa.me link.
    """
    if made := _made_before(session, wedding_id, request):
        return made
    way = _way(session, wedding_id, request)
    return _insert(session, wedding_id, way, request, now)


def check(
    session: Session, wedding_id: int, request: EnqueueRequest, *, now: datetime
) -> Enqueued | None:
    """Refuse what `enqueue` would refuse, and write nothing. Returns what stands in
    the queue under the same key already."""
    if made := _made_before(session, wedding_id, request):
        return made
    row_of(wedding_id, _way(session, wedding_id, request), request, now)
    return None


def _way(session: Session, wedding_id: int, request: EnqueueRequest) -> Way:
    """Which number writes, and on which consent. Raises as `enqueue` does."""
    to = recipient_of(session, wedding_id, request.to)
    way = way_to(session, wedding_id, to, account=request.account)
    if way is None:
        raise no_consent(session, wedding_id, account=request.account, to=request.to)
    return way


def find_account(session: Session, wedding_id: int, key: str) -> Account:
    """The wedding's account with this key. Raises NotFound."""
    account = session.exec(
        select(Account).where(Account.wedding_id == wedding_id, Account.key == key)
    ).first()
    if account is None:
        raise NotFound("error.account_not_found", account=key)
    return account


def account_id_of(session: Session, wedding_id: int, key: str) -> int:
    """The id of the wedding's account with this key. Raises NotFound."""
    account_id = find_account(session, wedding_id, key).id
    assert account_id is not None
    return account_id


def _insert(
    session: Session,
    wedding_id: int,
    way: Way,
    request: EnqueueRequest,
    now: datetime,
) -> Enqueued:
    row = row_of(wedding_id, way, request, now)
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    statement = _INSERT_ON_SQLITE if on_sqlite else _INSERT
    message_id = session.connection().execute(statement, row).scalar()
    if message_id is None:  # the same key, committed by another connection meanwhile
        made = _made_before(session, wedding_id, request)
        if made is None:
            raise Conflict("queued by somebody else just now")
        return made
    events.begin(
        session,
        message_id,
        Phase.QUEUED,
        wedding_id=wedding_id,
        attempt=0,
        at=now,
        data=first_words(row),
    )
    return Enqueued(message_id, row["task_id"])


def first_words(row: Mapping[str, Any]) -> dict[str, object]:
    """What the timeline's first line says besides."""
    return {"priority": row["priority"], "due_at": row["due_at"].isoformat()}


def row_of(
    wedding_id: int, way: Way, request: EnqueueRequest, now: datetime
) -> dict[str, Any]:
    """The message as it begins. Raises BadInput for a field that makes no sense."""
    due = max(request.due_at or now, now)
    return {
        "task_id": str(uuid.uuid4()),
        "wedding_id": wedding_id,
        "account_id": way.account_id,
        "consent_id": way.consent_id,
        "chat_id": way.chat_id,
        "phone": way.phone,
        "name": way.name,
        "idempotency_key": request.idempotency_key,
        "client_message_id": request.client_message_id,
        "asked": request.fingerprint() if request.named else None,
        "kind": _known_kind(request.kind),
        "category": _category(request.category),
        "title": clean_title(request.title),
        "text": clean_text(request.text),
        "priority": between("priority", request.priority, 1, 5),
        "max_attempts": _tries(way.policy, request.max_attempts),
        "due_at": due,
        "queue_at": due,
        "expires_at": _still_useful(request.expires_at, due),
        "status": Status.PENDING.value,
        "hold_rule": "scheduled" if due > now else None,
        "hold_params": {"reason": "scheduled"} if due > now else {},
        "error_params": {},
        "attempt": 0,
        "failures": 0,
        "created_at": now,
        "created_by": request.created_by,
    }


def _tries(policy: Mapping[str, Any], wanted: int | None) -> int:
    if wanted is None:
        return Policy(**policy).max_attempts
    return between("max_attempts", wanted, 1, 20)


def _known_kind(kind: str) -> str:
    if kind not in set(Kind):
        raise BadInput("error.invalid", "kind", fields="kind")
    return kind


def _category(category: str | None) -> str | None:
    if category is None or _CATEGORY.fullmatch(category):
        return category
    raise BadInput("error.category", "category")


def _still_useful(expires_at: datetime | None, due: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= due:
        raise BadInput("error.expires_before", "expires_at")
    return expires_at


def _made_before(
    session: Session, wedding_id: int, request: EnqueueRequest
) -> Enqueued | None:
    if not request.named:
        return None
    asked = {
        "wedding": wedding_id,
        "idempotency_key": request.idempotency_key,
        "client_message_id": request.client_message_id,
    }
    rows = session.connection().execute(_BEFORE, asked).all()
    return first_answer(rows, request)


def first_answer(
    rows: Sequence[sa.Row[Any]], request: EnqueueRequest
) -> Enqueued | None:
    """What was answered before, from what stands under the request's names. Raises
    BadInput where that was something else."""
    same = request.fingerprint() if rows else None
    for row in rows:
        if row.asked is not None and row.asked != same:
            raise BadInput("error.key_used", row.by)
    return Enqueued(rows[0].id, rows[0].task_id, again=True) if rows else None
