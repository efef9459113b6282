"""api: what the routes of /api/admin share: a message's name, its timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import Id
from wedding_wa.services.queue_records import EventRecord

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

#: A message in an address: the queue's number, or the task_id.
MessageRef = Annotated[
    str,
    Path(
        alias="id",
        pattern=rf"^([1-9][0-9]{{0,9}}|{_UUID})$",
        description="The number of the queue's row, or the `task_id`.",
        examples=["17"],
    ),
]
#: The same in a query.
RefText = Annotated[str, Field(pattern=rf"^([1-9][0-9]{{0,9}}|{_UUID})$")]
#: The same in a body.
RefValue = Id | Annotated[str, Field(pattern=rf"^{_UUID}$")]


class EventShape(Shape):
    """One line of a timeline. `phase` "external": a program told it; `metadata` has its
    own `phase`, and `by`, who it was."""

    id: int
    queue_message: int
    phase: str
    timestamp: datetime
    duration_ms: int | None
    metadata: dict[str, Any]


def event_shape(event: EventRecord) -> EventShape:
    """A row of the timeline."""
    return EventShape(
        id=event.id or 0,
        queue_message=event.message_id,
        phase=event.phase,
        timestamp=event.at,
        duration_ms=event.duration_ms,
        metadata=event.data,
    )
