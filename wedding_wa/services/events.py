"""services: the timeline: one row a phase, written in its cause's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import LIVE_PHASES, Phase
from wedding_wa.models import MessageEvent
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, insert_id, table

_EVENTS = table(MessageEvent)
_INSERT = sa.insert(_EVENTS)
# What a message waits in before a claim; closed when the wait ends.
_WAITS = (Phase.QUEUED, Phase.WAITING_RATE_LIMIT, Phase.RETRY_SCHEDULED, Phase.FORCED)
# What a message in hand is doing; closed when it leaves the hand.
_DOINGS = tuple(LIVE_PHASES)


def begin(
    session: Session,
    message_id: int,
    phase: Phase,
    *,
    wedding_id: int,
    attempt: int,
    at: datetime,
    data: Mapping[str, object] | None = None,
    duration_ms: int | None = None,
) -> int:
    """Write that `phase` begins; return the row's id for `end`."""
    row = {
        "wedding_id": wedding_id,
        "message_id": message_id,
        "attempt": attempt,
        "phase": phase.value,
        "at": at,
        "duration_ms": duration_ms,
        "metadata": dict(data or {}),
    }
    note(session, Change("message", wedding_id, message_id))
    return insert_id(session, _INSERT, row)


def begin_many(
    session: Session,
    messages: Mapping[int, Mapping[str, object]],
    phase: Phase,
    *,
    wedding_id: int,
    at: datetime,
) -> None:
    """`begin` for many that nothing was tried of yet, each with its data."""
    for message_id in messages:
        note(session, Change("message", wedding_id, message_id))
    usual = {"wedding_id": wedding_id, "attempt": 0, "phase": phase.value, "at": at}
    rows = [
        usual | {"message_id": message_id, "duration_ms": None, "metadata": dict(data)}
        for message_id, data in messages.items()
    ]
    session.connection().execute(_INSERT, rows)


def end(
    session: Session,
    event_id: int,
    *,
    began: datetime,
    at: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Fill in how long the phase took, and what is known only now."""
    values: dict[str, object] = {"duration_ms": milliseconds(began, at)}
    if data is not None:
        values["metadata"] = dict(data)
    changed(session, sa.update(_EVENTS).where(_EVENTS.c.id == event_id).values(values))


def end_waits(session: Session, message_id: int, *, at: datetime) -> None:
    """Close the waits of a message that is claimed, or given up, at `at`."""
    _end_open(session, message_id, _WAITS, at)


def end_doings(session: Session, message_id: int, *, at: datetime) -> None:
    """Close the phase that a fault, a stop or a cancel broke off at `at`."""
    _end_open(session, message_id, _DOINGS, at)


def _end_open(
    session: Session, message_id: int, phases: Sequence[Phase], at: datetime
) -> None:
    still_open = session.exec(
        select(col(MessageEvent.id), col(MessageEvent.at)).where(
            col(MessageEvent.message_id) == message_id,
            col(MessageEvent.duration_ms).is_(None),
            col(MessageEvent.phase).in_(phases),
        )
    ).all()
    for event_id, began in still_open:
        assert event_id is not None
        end(session, event_id, began=began, at=at)


def milliseconds(began: datetime, ended: datetime) -> int:
    """The whole milliseconds between two moments, never negative."""
    return max(0, round((ended - began).total_seconds() * 1000))
