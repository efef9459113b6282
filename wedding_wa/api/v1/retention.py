"""api: /api/v1/retention: for how many days things are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Body, Manager, Reader, SmallBodies
from wedding_wa.domain.retention import FailedAction, Retention
from wedding_wa.services.retention_policy import retention_of, save_retention

router = APIRouter(prefix="/retention", route_class=SmallBodies)

Days = Annotated[int, Field(ge=0, le=1_000_000)]


class RetentionShape(Shape):
    """Days. `failed_action`: what becomes of failed messages once they are old."""

    failed_days: int
    failed_action: FailedAction
    attempts_days: int
    webhooks_days: int
    history_days: int


class RetentionChange(Body):
    """What is to change; what is left out stays."""

    failed_days: Days = 0
    failed_action: Annotated[FailedAction, Field(strict=False)] = FailedAction.KEEP
    attempts_days: Days = 0
    webhooks_days: Days = 0
    history_days: Days = 0


@router.get("")
async def show(caller: Reader) -> RetentionShape:
    """For how long things are kept."""
    found = await runtime.current().db.read(retention_of, caller.wedding_id)
    return _json(found)


@router.patch("", responses=problems())
async def change(caller: Manager, changes: RetentionChange) -> RetentionShape:
    """Change what is named. It holds from the next run on; what is gone stays gone."""
    app, fields = runtime.current(), changes.model_dump(exclude_unset=True)
    saved = await app.db.write(
        save_retention,
        caller.wedding_id,
        {name: str(value) for name, value in fields.items()},
        now=app.clock.now(),
        by=caller.by,
    )
    return _json(saved)


def _json(found: Retention) -> RetentionShape:
    return RetentionShape(**asdict(found))
