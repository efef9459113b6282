"""api: /api/v1/maintenance: what runs by itself, and asking for a run now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Controller, Reader, SmallBodies
from wedding_wa.domain.errors import NotFound
from wedding_wa.services import chore_rows
from wedding_wa.services.maintenance_views import (
    ChoreState,
    ChoreView,
    Screen,
    maintenance_screen,
)

router = APIRouter(prefix="/maintenance", route_class=SmallBodies)

ChoreName = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$")]


class ChoreShape(Shape):
    """One chore and its last run. One of `every_seconds` and `daily_at` (the server's
    time) is set; `did` counts what the run did; `error` is a code, or a fault's name.
    Of those that come often `next_at` is not told."""

    name: str
    state: ChoreState
    every_seconds: float | None
    daily_at: str | None
    ran_at: datetime | None
    took_ms: int | None
    did: dict[str, int]
    error: str | None
    failures: int
    next_at: datetime | None


class MaintenanceShape(Shape):
    """All chores. `asleep`: no process runs anything just now."""

    asleep: bool
    items: list[ChoreShape]


@router.get("")
async def list_chores(caller: Reader) -> MaintenanceShape:
    """What runs by itself: last run, result, next run."""
    found = await _screen(caller.wedding_id)
    return MaintenanceShape(
        asleep=found.asleep, items=[_chore(one) for one in found.chores]
    )


@router.post("/{name}/run", status_code=202, responses=problems(404))
async def run(caller: Controller, name: ChoreName) -> ChoreShape:
    """Ask for a run now; whichever process keeps the chores begins it. Asked twice
    before it begins is asked once."""
    app = runtime.current()
    await app.db.write(
        chore_rows.want,
        name,
        wedding_id=caller.wedding_id,
        by=caller.by,
        now=app.clock.now(),
    )
    found = await _screen(caller.wedding_id)
    asked = [one for one in found.chores if one.name == name]
    if not asked:  # its row is an older version's
        raise NotFound
    return _chore(asked[0])


async def _screen(wedding_id: int) -> Screen:
    app = runtime.current()
    after = timedelta(seconds=app.settings.settle_after_seconds)
    found: Screen = await app.db.read(
        maintenance_screen, wedding_id, settle_after=after, now=app.clock.now()
    )
    return found


def _chore(one: ChoreView) -> ChoreShape:
    return ChoreShape(
        name=one.name,
        state=one.state,
        every_seconds=one.every.total_seconds() if one.every else None,
        daily_at=f"{one.daily:%H:%M}" if one.daily else None,
        ran_at=one.ran_at,
        took_ms=one.took_ms,
        did=dict(one.did),
        error=one.error,
        failures=one.failures,
        next_at=one.next_at,
    )
