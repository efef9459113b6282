"""services: what programs from outside tell of a message: shown in its timeline.

It is a row of Phase.EXTERNAL and nothing else: no status, limit or retry heeds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.domain.messages import Phase
from wedding_wa.models import MessageEvent
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.queue.rows import find_mine, message_event
from wedding_wa.services.queue_records import EventRecord

#: More would push the message's own phases off its page.
MOST = 50
MAX_BYTES = 4000
MAX_DEPTH = 5
RESERVED = ("phase", "by")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told: their own word for it, how long it took, and JSON beside it."""

    phase: str
    duration_ms: int | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


def tell(
    session: Session,
    wedding_id: int,
    message_id: int,
    told: Told,
    *,
    by: By,
    now: datetime,
) -> EventRecord:
    """Write it into the message's timeline, as told by `by`.

    Raises NotFound, BadInput on "metadata", or Refused where MOST were told already.
    """
    message = find_mine(session, wedding_id, message_id)
    name = "".join(audit.named(session, by).values())
    data = {"phase": told.phase, "by": name, **checked(told.metadata)}
    if _how_many(session, message_id) >= MOST:
        raise Refused("programs.told_enough", n=MOST)
    event_id = message_event(
        session, message, Phase.EXTERNAL, now, data, duration_ms=told.duration_ms
    )
    return EventRecord.of(session.get_one(MessageEvent, event_id))


def checked(metadata: Mapping[str, object]) -> Mapping[str, object]:
    """Return `metadata` if it may be kept: at most MAX_BYTES as JSON, MAX_DEPTH deep,
    and none of RESERVED at its top. Raises BadInput on "metadata"."""
    if any(name in metadata for name in RESERVED):
        known = ", ".join(RESERVED)
        raise BadInput("programs.metadata_reserved", "metadata", known=known)
    if _deeper(metadata, MAX_DEPTH):
        raise BadInput("programs.metadata_deep", "metadata", n=MAX_DEPTH)
    try:
        size = len(json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # NaN, half of a character: no JSON has them
        raise BadInput("programs.metadata_strange", "metadata") from None
    if size > MAX_BYTES:
        raise BadInput("programs.metadata_large", "metadata", n=MAX_BYTES)
    return metadata


def _deeper(value: object, levels: int) -> bool:
    """Whether `value` has more than so many levels of objects and lists."""
    if not isinstance(value, Mapping | list):
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return levels == 0 or any(_deeper(one, levels - 1) for one in inner)


def _how_many(session: Session, message_id: int) -> int:
    return session.exec(
        select(sa.func.count())
        .select_from(MessageEvent)
        .where(
            col(MessageEvent.message_id) == message_id,
            MessageEvent.phase == Phase.EXTERNAL.value,
        )
    ).one()
