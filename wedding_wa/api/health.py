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


class PartHealth(Shape):
    """One part of the app: ok, down, or not known."""

    status: str


class WorkerHealth(PartHealth):
    """What sends: ok, idle, silent. `heartbeat`: until when each account is held."""

    heartbeat: dict[str, datetime | None] = {}


class AccountHealth(PartHealth):
    """WAHA's word for the account's session, or ours where WAHA cannot tell one."""

    since: datetime | None
    last_heard: datetime | None
    paused: bool


class PartsHealth(Shape):
    """Every part there is; `accounts` by their keys."""

    process: PartHealth
    database: PartHealth
    worker: WorkerHealth
    accounts: dict[str, AccountHealth]


class AppHealth(Shape):
    """`ok`, `degraded` (it serves, but a part is not well), or `down`."""

    status: Literal["ok", "degraded", "down"]
    parts: PartsHealth


_DOWN = {"model": AppHealth, "description": "The app cannot serve."}


@router.api_route(
    "/api/health",
    methods=["GET", "HEAD"],
    response_model=AppHealth,
    responses={503: _DOWN},
)
async def health() -> JSONResponse:
    """Tell whether the app serves. 200 while it does ("ok", or "degraded" with the
    parts that are not well), else 503."""
    app = runtime.current()
    seen = await look(app.db, now=app.clock.now())
    content = {"status": seen.status, "parts": seen.parts}
    return JSONResponse(content, 200 if seen.serves else 503)
