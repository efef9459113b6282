"""api: GET /api/health, for monitors. Needs no login, so it tells no secret."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from wedding_wa import runtime
from wedding_wa.services.health import look

router = APIRouter()


@router.api_route("/api/health", methods=["GET", "HEAD"])
async def health() -> JSONResponse:
    """200 while the app serves ("ok", or "degraded" with the parts), else 503."""
    app = runtime.current()
    seen = await look(app.db, now=app.clock.now())
    content = {"status": seen.status, "parts": seen.parts}
    return JSONResponse(content, 200 if seen.serves else 503)
