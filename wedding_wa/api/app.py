"""api: the FastAPI app. Its routes win over the pages mounted behind it."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse


def create_api() -> FastAPI:
    """Return the HTTP door: health, login, webhooks, REST; unknown paths are JSON."""
    api = FastAPI(
        title="Wedding messages",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )

    @api.get("/api/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @api.api_route(
        "/api/{path:path}",
        methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        include_in_schema=False,
    )
    async def unknown(path: str) -> JSONResponse:
        return JSONResponse({"detail": f"No such path: /api/{path}"}, status_code=404)

    return api
