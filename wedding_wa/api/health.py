"""api: GET /api/health, for monitors. Needs no login, so it tells no secret."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from wedding_wa import runtime
from wedding_wa.api.documented import Shape
from wedding_wa.services.health import look

router = APIRouter()


class PartShape(Shape):
    """One part of the app: ok, down, or not known."""

    status: str


class WorkerShape(PartShape):
    """What sends: ok, idle, silent. `heartbeat`: until when each account is held."""

    heartbeat: dict[str, datetime | None] = {}


class AccountHealth(PartShape):
    """WAHA's word for the account's session, or ours where WAHA cannot tell one."""

    since: datetime | None
    last_heard: datetime | None
    paused: bool


class PartsShape(Shape):
    """Every part there is; `accounts` by their keys."""

    process: PartShape
    database: PartShape
    worker: WorkerShape
    accounts: dict[str, AccountHealth]


class HealthShape(Shape):
    """`ok`, `degraded` (it serves, but a part is not well), or `down`."""

    status: Literal["ok", "degraded", "down"]
    parts: PartsShape


_DOWN = {"model": HealthShape, "description": "The app cannot serve."}


@router.api_route(
    "/api/health",
    methods=["GET", "HEAD"],
    response_model=HealthShape,
    responses={503: _DOWN},
)
async def health() -> JSONResponse:
    """Tell whether the app serves. 200 while it does ("ok", or "degraded" with the
    parts that are not well), else 503."""
    app = runtime.current()
    seen = await look(app.db, now=app.clock.now())
    content = {"status": seen.status, "parts": seen.parts}
    return JSONResponse(content, 200 if seen.serves else 503)
