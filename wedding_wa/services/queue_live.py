"""services: the live phases of the last seconds, so that short ones are seen too.

Reading may take 20 ms, a page looks every 200: between two looks whole phases pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.messages import LIVE_PHASES, Phase
from wedding_wa.models import MessageEvent
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.sql import table

# What is older is history: a page that was away does not play it back.
RECENT = timedelta(seconds=5)
# More events than two accounts write in that time.
_LOOK = 100

# Being delivered follows being sent at once: without a look of its own nobody sees it.
_SHOWN = (*LIVE_PHASES, Phase.SENT)
EVENTS = table(MessageEvent)


@dataclass(frozen=True, slots=True)
class LivePhase:
    """One live phase that began; `event_id` grows with time."""

    event_id: int
    message_id: int
    phase: str


def recent_phases(
    session: Session, wedding_id: int, *, now: datetime
) -> tuple[LivePhase, ...]:
    """The live phases of the last seconds up to `sent`, oldest first, of each
    message's present attempt, also of messages that were sent meanwhile."""
    newest = (
        sa.select(EVENTS)
        .where(
            EVENTS.c.wedding_id == wedding_id,
            EVENTS.c.phase != Phase.EXTERNAL.value,  # many of these hide none of ours
        )
        .order_by(EVENTS.c.id.desc())
        .limit(_LOOK)
        .subquery()
    )
    rows = session.execute(
        sa.select(newest.c.id, newest.c.message_id, newest.c.phase)
        .join(MESSAGES, MESSAGES.c.id == newest.c.message_id)
        .where(
            newest.c.attempt == MESSAGES.c.attempt,
            newest.c.phase.in_([phase.value for phase in _SHOWN]),
            newest.c.at > now - RECENT,
        )
        .order_by(newest.c.id)
    ).all()
    return tuple(LivePhase(*row) for row in rows)
