"""api: which pages of other websites may call the API from a browser: none, unless
API_CORS_ORIGINS names them.

Those may call with a key or a token, never with a login: no answer allows credentials.
"""

from __future__ import annotations

from fastapi import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wedding_wa import runtime
from wedding_wa.api.rate import HEADERS

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = ", ".join([*HEADERS, "Idempotency-Replayed", "Location", "Retry-After"])


class Cors:
    """Answers browsers that ask beforehand, and says on `/api/…` who may read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        allowed = runtime.current().settings.api_origins
        if not allowed:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        known = origin in allowed

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _allow(MutableHeaders(scope=message), origin if known else None)
            await send(message)

        if known and _asks_beforehand(scope, headers):
            answer = Response(status_code=204, headers=_PREFLIGHT)
            await answer(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)


def _asks_beforehand(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _allow(headers: MutableHeaders, origin: str | None) -> None:
    headers.add_vary_header("Origin")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
