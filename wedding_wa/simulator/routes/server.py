"""simulator: ping, health and what WAHA says of itself."""

from __future__ import annotations

from fastapi import APIRouter, Response

from wedding_wa.simulator import answers
from wedding_wa.simulator.config import ENGINE
from wedding_wa.simulator.routes.here import WorldHere

router = APIRouter()

_SPACE = {
    "mediaFiles.space": {"status": "up"},
    "sessionsFiles.space": {"status": "up"},
}


@router.get("/ping")
async def ping() -> Response:
    return answers.answer({"message": "pong"})


@router.get("/health")
async def health() -> Response:
    told = {"status": "ok", "info": _SPACE, "error": {}, "details": _SPACE}
    response = answers.answer(told)
    response.headers["Cache-Control"] = "no-cache, no-store, must-revalidate"
    return response


@router.get("/api/server/version")
@router.get("/api/version")
async def version() -> Response:
    return answers.answer(answers.ENVIRONMENT)


@router.get("/api/server/status")
async def status(world: WorldHere) -> Response:
    uptime = world.pace.now_ms() - world.started_ms
    told = {"startTimestamp": world.started_ms, "uptime": uptime, "worker": {"id": ""}}
    return answers.answer(told)


@router.get("/api/server/environment")
async def environment(world: WorldHere) -> Response:
    """Tell the environment: the key in clear, as the real one does."""
    told = {
        "WAHA_API_KEY": world.config.api_key,
        "WHATSAPP_DEFAULT_ENGINE": ENGINE,
    }
    return answers.answer(told)
