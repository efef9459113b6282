"""services: the timeline: one row a phase, written in its cause's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Phase
from wedding_wa.models import MessageEvent
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, insert_id, table

_EVENTS = table(MessageEvent)
# What a message waits in before a claim; closed when the wait ends.
_WAITS = (Phase.QUEUED, Phase.WAITING_RATE_LIMIT, Phase.RETRY_SCHEDULED, Phase.FORCED)


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
    return insert_id(session, sa.insert(_EVENTS).values(row))


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
    open_waits = session.exec(
        select(col(MessageEvent.id), col(MessageEvent.at)).where(
            col(MessageEvent.message_id) == message_id,
            col(MessageEvent.duration_ms).is_(None),
            col(MessageEvent.phase).in_(_WAITS),
        )
    ).all()
    for event_id, began in open_waits:
        assert event_id is not None
        end(session, event_id, began=began, at=at)


def milliseconds(began: datetime, ended: datetime) -> int:
    """The whole milliseconds between two moments, never negative."""
    return max(0, round((ended - began).total_seconds() * 1000))
