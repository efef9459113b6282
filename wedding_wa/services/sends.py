"""services: messages that programs ask for, one or thousands in a request.

The fields are those of a file's line (`enqueue_fields`) under the names the API gives
them; what is wrong is told by the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, islice

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, Conflict, Refused, WeddingError
from wedding_wa.models import Wedding
from wedding_wa.services.clock import Clock
from wedding_wa.services.database_trouble import ERRORS, trouble_of
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest
from wedding_wa.services.enqueue_fields import request_of
from wedding_wa.services.enqueue_many import Outcome, enqueue_many

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
    try:
        read = request_of({**given, "idempotency_key": key}, zone=zone)
    except BadInput as error:
        raise _by_our_name(error) from None
    return replace(read, created_by=by)


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that a program asks for at `now`."""

    wedding_id: int
    request: EnqueueRequest
    now: datetime


def send(session: Session, sendings: Sequence[Sending]) -> list[Outcome]:
    """`enqueue` for programs that ask at the same moment: what becomes of each."""
    done: list[Outcome] = []
    for wedding_id, some in groupby(sendings, lambda one: one.wedding_id):
        theirs = list(some)
        requests = [one.request for one in theirs]
        now = max(one.now for one in theirs)
        done += _told_by_our_names(enqueue_many(session, wedding_id, requests, now=now))
    return done


async def send_alone(db: Database, sending: Sending) -> Enqueued:
    """Queue one. Raises as `enqueue`, and Conflict where the database refuses it."""
    try:
        return await db.write_together(send, sending)
    except sa.exc.IntegrityError:  # a wish, or a consent's end, of this very moment:
        pass  # looked at anew it is known, and told by its name
    try:
        return await db.write_together(send, sending)
    except sa.exc.IntegrityError:
        raise Conflict("refused by the database") from None


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
    sendings = [
        Sending(wedding_id, one, now)
        for one in requests
        if not isinstance(one, WeddingError)
    ]
    try:
        with session.begin_nested():
            came = send(session, sendings)
    except sa.exc.IntegrityError:
        came = [_alone(session, one) for one in sendings]
    left = iter(came)
    return [one if isinstance(one, WeddingError) else next(left) for one in requests]


def _alone(session: Session, one: Sending) -> Outcome:
    try:
        with session.begin_nested():
            return send(session, [one])[0]
    except sa.exc.IntegrityError:  # a rule of the database: it changed a moment ago
        return Conflict("refused by the database")


def _told_by_our_names(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [_by_our_name(one) if isinstance(one, BadInput) else one for one in outcomes]


def _by_our_name(error: BadInput) -> BadInput:
    name = _NAMES.get(error.field)
    if name is None:
        return error
    more = {k: v for k, v in error.params.items() if k not in ("field", "name")}
    return BadInput(error.code, name, name=name, **more)
