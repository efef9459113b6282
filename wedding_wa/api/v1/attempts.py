"""api: /api/v1/attempts: every try to send, with how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import AccountKey, Paged, Reader, SmallBodies
from wedding_wa.domain.messages import Outcome
from wedding_wa.services.attempt_records import WhichTries, attempt_records

router = APIRouter(prefix="/attempts", route_class=SmallBodies)


class Filters(Paged):
    """What is left out filters nothing. `message`: a `task_id`."""

    message: str | None = Field(None, min_length=1, max_length=64)
    account: AccountKey | None = None
    outcome: Outcome | None = None


class AttemptShape(Shape):
    """One try. `counts`: it weighs on the limits. `outcome` null: it is under way, or
    nobody has noted its end. Times and `took_ms` are ours, `http_status` is WAHA's."""

    id: int
    message_id: int
    task_id: str
    account: AccountKey
    chat_id: str
    attempt: int
    started_at: datetime
    dispatched_at: datetime | None
    finished_at: datetime | None
    counts: bool
    outcome: Outcome | None
    http_status: int | None
    error_code: str | None
    took_ms: int | None


class AttemptsShape(Shape):
    """A page. `next` null: this was the last. One with a filter may hold fewer than
    100, or none, and others still follow."""

    items: list[AttemptShape]
    next: str | None


@router.get("", responses=problems(404))
async def list_attempts(
    caller: Reader, asked: Annotated[Filters, Query()]
) -> AttemptsShape:
    """The tries of the messages in the queue, newest first, a hundred a page."""
    which = WhichTries(asked.message, asked.account, asked.outcome)
    found, following = await runtime.current().db.read(
        attempt_records, caller.wedding_id, which, asked.after
    )
    items = [AttemptShape.model_validate(_shown(one)) for one in found]
    return AttemptsShape(items=items, next=following or None)


def _shown(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row[name] for name in AttemptShape.model_fields}
