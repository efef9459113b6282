"""services: old failed messages are archived or forgotten, old tries forgotten.

What waits, is in hand or unconfirmed is never touched, nor a try that a limit or the
count of unanswered messages still reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.messages import Status
from wedding_wa.models import (
    MessageArchive,
    MessageAttempt,
    MessageEvent,
    QueueMessage,
)
from wedding_wa.services.live import Change, note
from wedding_wa.services.records import whole_record
from wedding_wa.services.retention_weight import weights
from wedding_wa.services.sql import batches, changed, table

_MESSAGES = table(QueueMessage)
_ATTEMPTS = table(MessageAttempt)
_EVENTS = table(MessageEvent)

# So many rows are looked at, and taken away, at a time.
_LOOK = 1000
_FEW = 10
_MANY = 100
#: Ends: nothing more is known or asked of these.
DONE = (Status.SENT.value, Status.FAILED.value, Status.SKIPPED.value)


async def put_failed_away(
    db: Database, wedding_id: int, cutoff: datetime, *, whole: bool, now: datetime
) -> int:
    """Take failed messages that were given up before `cutoff` out of the queue, into
    the archive: `whole`, or only that they were. Returns how many."""
    last, gone = 0, 0
    while ids := await db.read(_old_failed, wedding_id, cutoff, last):
        for few in batches(ids, _FEW):
            gone += await db.write(_put_away, few, cutoff, whole=whole, now=now)
        last = ids[-1]
    return gone


def _old_failed(
    session: Session, wedding_id: int, cutoff: datetime, last: int
) -> list[int]:
    found = (
        sa.select(_MESSAGES.c.id)
        .where(
            _MESSAGES.c.wedding_id == wedding_id,
            _MESSAGES.c.bucket == Status.FAILED,
            _MESSAGES.c.id > last,
            *_is_old_failed(cutoff),
        )
        .order_by(_MESSAGES.c.id)
        .limit(_LOOK)
    )
    return list(session.execute(found).scalars())


def _is_old_failed(cutoff: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    given_up = sa.func.coalesce(_MESSAGES.c.finished_at, _MESSAGES.c.created_at)
    return (_MESSAGES.c.status == Status.FAILED, given_up < cutoff)


def _put_away(
    session: Session,
    ids: Sequence[int],
    cutoff: datetime,
    *,
    whole: bool,
    now: datetime,
) -> int:
    """Archive (`whole`) or forget messages; none with a try that still weighs.

    Each row is locked first: who retries it at this moment waits, and finds it gone.
    """
    messages = session.exec(
        select(QueueMessage)
        .where(col(QueueMessage.id).in_(ids), *_is_old_failed(cutoff))
        .order_by(col(QueueMessage.id))
        .with_for_update()
    ).all()
    weighing = _messages_that_weigh(session, messages)
    gone = [m for m in messages if m.id not in weighing]
    for message in gone:
        session.execute(_archived(session, message, whole=whole, now=now))
    which = [m.id for m in gone]
    for events in (_EVENTS, _ATTEMPTS):
        changed(session, sa.delete(events).where(events.c.message_id.in_(which)))
    changed(session, sa.delete(_MESSAGES).where(_MESSAGES.c.id.in_(which)))
    if gone:
        note(session, Change("message", gone[0].wedding_id))
    return len(gone)


def _archived(
    session: Session, message: QueueMessage, *, whole: bool, now: datetime
) -> sa.Insert:
    """What stays of it: everything, or that it was, so that the sums stay true."""
    return sa.insert(MessageArchive).values(
        wedding_id=message.wedding_id,
        account_id=message.account_id,
        message_id=message.id,
        task_id=message.task_id,
        idempotency_key=message.idempotency_key,
        asked=message.asked,
        client_message_id=message.client_message_id,
        status=message.status,
        record=whole_record(session, message) if whole else None,
        at=now,
    )


def _messages_that_weigh(
    session: Session, messages: Sequence[QueueMessage]
) -> set[int]:
    tries = session.exec(
        select(MessageAttempt).where(
            col(MessageAttempt.message_id).in_([m.id for m in messages]),
            col(MessageAttempt.counts).is_(True),
        )
    ).all()
    if not tries:
        return set()
    known = weights(session, tries)
    return {one.message_id for one in tries if known.weighs(one)}


# --- tries ----------------------------------------------------------------------------


async def drop_tries(db: Database, wedding_id: int, cutoff: datetime) -> int:
    """Forget tries begun before `cutoff` that weigh on nothing; return how many."""
    last, gone = 0, 0
    while ids := await db.read(_old_tries, wedding_id, cutoff, last):
        for few in batches(ids, _MANY):
            gone += await db.write(_drop_tries, few, cutoff)
        last = ids[-1]
    return gone


async def count_tries(db: Database, wedding_id: int, cutoff: datetime) -> int:
    """How many `drop_tries` would forget now."""
    last, light = 0, 0
    while ids := await db.read(_old_tries, wedding_id, cutoff, last):
        for few in batches(ids, _MANY):
            light += len(await db.read(_light_tries, few, cutoff))
        last = ids[-1]
    return light


def _old_tries(
    session: Session, wedding_id: int, cutoff: datetime, last: int
) -> list[int]:
    found = (
        sa.select(_ATTEMPTS.c.id)
        .where(
            _ATTEMPTS.c.wedding_id == wedding_id,
            _ATTEMPTS.c.id > last,
            *_is_old_try(cutoff),
        )
        .order_by(_ATTEMPTS.c.id)
        .limit(_LOOK)
    )
    return list(session.execute(found).scalars())


def _is_old_try(cutoff: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Begun before, and of a message that is done: what waits may still need it."""
    done = sa.exists().where(
        _MESSAGES.c.id == _ATTEMPTS.c.message_id, _MESSAGES.c.status.in_(DONE)
    )
    return (_ATTEMPTS.c.started_at < cutoff, done)


def _drop_tries(session: Session, ids: Sequence[int], cutoff: datetime) -> int:
    light = _light_tries(session, ids, cutoff)
    return changed(
        session,
        sa.delete(_ATTEMPTS).where(_ATTEMPTS.c.id.in_(light), *_is_old_try(cutoff)),
    )


def _light_tries(
    session: Session, ids: Sequence[int], cutoff: datetime
) -> list[int | None]:
    tries = session.exec(
        select(MessageAttempt).where(
            col(MessageAttempt.id).in_(ids), *_is_old_try(cutoff)
        )
    ).all()
    known = weights(session, tries)
    return [one.id for one in tries if not known.weighs(one)]
