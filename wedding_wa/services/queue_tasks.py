"""services: messages by the ids that programs know them by."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import NotFound
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.queue_bulk import VALUES


def ids_of_tasks(
    session: Session, wedding_id: int, task_ids: Sequence[str]
) -> tuple[int, ...]:
    """The messages with these task ids. Raises NotFound if one is not the wedding's."""
    found: set[int] = set()
    for at in range(0, len(task_ids), VALUES):
        some = task_ids[at : at + VALUES]
        rows = sa.select(MESSAGES.c.id).where(
            MESSAGES.c.wedding_id == wedding_id, MESSAGES.c.task_id.in_(some)
        )
        found |= set(session.scalars(rows))
    if len(found) < len(set(task_ids)):
        raise NotFound
    return tuple(sorted(found))
