"""services: messages that programs ask for, one or thousands in a request.

The fields are those of a file's line (`enqueue_fields`) under the names the API gives
them; what is wrong is told by the same names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, Conflict, Refused, WeddingError
from wedding_wa.models import Wedding
from wedding_wa.services.clock import Clock
from wedding_wa.services.database_trouble import ERRORS, trouble_of
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, enqueue
from wedding_wa.services.enqueue_fields import request_of

#: So many messages at most in one request.
MOST = 10_000
#: The longest key of such a request: its messages' keys have their number behind it.
LONGEST_KEY = 200
#: So many are committed together: what is being sent meanwhile waits no longer than
#: these take.
BATCH = 100

TEXT = "text"
_TIMES = ("scheduled_at", "expires_at")
# Where the API names a field otherwise than whoever finds it wrong.
_NAMES = {"at": "scheduled_at", "phone": "to"}

Outcome = Enqueued | WeddingError


def asks_for_times(fields: Mapping[str, object]) -> bool:
    """Whether the wedding's zone may be needed to read these."""
    return any(fields.get(name) is not None for name in _TIMES)


def zone_of(session: Session, wedding_id: int) -> str:
    """The wedding's time zone."""
    return session.exec(select(Wedding.time_zone).where(Wedding.id == wedding_id)).one()


def request_from(
    fields: Mapping[str, object],
    *,
    zone: str,
    key: str | None = None,
    by: int | None = None,
) -> EnqueueRequest:
    """Read a message as a program describes it. Raises BadInput.

    `key` is not part of what is asked: the same fields again under it are the same
    message, other fields are refused. `by` is the user, None for a key.
    """
    kind = fields.get("type")
    if kind not in (None, TEXT):
        raise BadInput("send.type", "type")
    given = {name: value for name, value in fields.items() if name != "type"}
    given["at"] = given.pop("scheduled_at", None)
    with _told_by_our_names():
        read = request_of({**given, "idempotency_key": key}, zone=zone)
    return replace(read, created_by=by)


def send(
    session: Session, wedding_id: int, request: EnqueueRequest, *, now: datetime
) -> Enqueued:
    """`enqueue` for a program."""
    with _told_by_our_names():
        return enqueue(session, wedding_id, request, now=now)


async def send_many(
    db: Database,
    clock: Clock,
    wedding_id: int,
    requests: Iterable[EnqueueRequest | WeddingError],
) -> list[Outcome]:
    """Queue these, BATCH a transaction; return what became of each, in their order.

    One that is refused hinders no other. Where the database fails after some are safe,
    the rest are told as refused; where it fails at once, its error is raised.
    """
    done: list[Outcome] = []
    waiting = iter(requests)
    while batch := list(islice(waiting, BATCH)):
        try:
            done += await db.write(_batch, wedding_id, batch, now=clock.now())
        except ERRORS as error:
            trouble = trouble_of(error)
            if trouble is None or not done:
                raise
            done += [_left(one, trouble.value) for one in (*batch, *waiting)]
    return done


def _left(one: EnqueueRequest | WeddingError, code: str) -> WeddingError:
    return one if isinstance(one, WeddingError) else Refused(code)


def _batch(
    session: Session,
    wedding_id: int,
    requests: Sequence[EnqueueRequest | WeddingError],
    *,
    now: datetime,
) -> list[Outcome]:
    """All in one savepoint: a refusal comes before anything of its message is written.
    Only what the database itself refuses has them done again, each in one of its own.
    """
    try:
        with session.begin_nested():
            return [_one(session, wedding_id, one, now) for one in requests]
    except sa.exc.IntegrityError:
        return [_alone(session, wedding_id, one, now) for one in requests]


def _one(
    session: Session, wedding_id: int, one: EnqueueRequest | WeddingError, now: datetime
) -> Outcome:
    if isinstance(one, WeddingError):
        return one
    try:
        return send(session, wedding_id, one, now=now)
    except WeddingError as error:
        return error


def _alone(
    session: Session, wedding_id: int, one: EnqueueRequest | WeddingError, now: datetime
) -> Outcome:
    try:
        with session.begin_nested():
            return _one(session, wedding_id, one, now)
    except sa.exc.IntegrityError:  # a rule of the database: it changed a moment ago
        return Conflict("refused by the database")


@contextlib.contextmanager
def _told_by_our_names() -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        name = _NAMES.get(error.field)
        if name is None:
            raise
        more = {k: v for k, v in error.params.items() if k not in ("field", "name")}
        raise BadInput(error.code, name, name=name, **more) from None
