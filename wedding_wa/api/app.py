"""api: the FastAPI app. Its routes win over the pages mounted behind it."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig

from wedding_wa.api import (
    admin,
    docs,
    errors,
    guest_import,
    health,
    invitation,
    invitation_cover,
    login,
    print_sheet,
    setup,
    stream,
    v1,
    webhooks,
    whatsapp_service,
)
from wedding_wa.api.methods import UNKNOWN_ROUTE, addresses, allow
from wedding_wa.api.v1 import whatsapp

# Who asks for what is nobody else's business, and costs each request.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
_METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "QUERY",
]


def create_api() -> FastAPI:
    """Return the HTTP door: health, login, webhooks, REST; unknown paths are JSON.

    It is closed only together with `guard.guarding(api)` around it.
    """
    api = FastAPI(
        title="Wedding messages",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    errors.install(api)
    # routes are looked through in this order, and nothing is asked for so often
    api.router.routes.extend(whatsapp.ROUTES)
    for router in (health.router, login.router(), setup.router, webhooks.router()):
        api.include_router(router)
    for router in (invitation.router(), invitation_cover.router):
        api.include_router(router)
    api.include_router(guest_import.router())
    api.include_router(print_sheet.router)
    api.include_router(stream.router)
    api.include_router(v1.router())
    api.include_router(admin.router())
    api.include_router(whatsapp_service.router)
    api.include_router(docs.router(api))
    for path in ("/api", "/api/{path:path}"):
        api.add_api_route(path, _unknown, methods=_METHODS, name=UNKNOWN_ROUTE)
    return api


async def _unknown(request: Request) -> Response:
    """No such path; or there is, and it does not take that method."""
    methods = addresses(request.app).methods(request.scope["path"])
    if not methods:
        return errors.problem(request, 404, "error.no_such_path")
    refusal = errors.problem(request, 405, "error.method")
    refusal.headers.update(allow(methods))
    return refusal
