"""api: which pages of other websites may call the API from a browser: none, unless
API_CORS_ORIGINS names them.

Those may call with a key or a token, never with a login: no answer allows credentials.
It stands outside of everything, as Reflex has an answer of its own, which does.
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
        headers = Headers(scope=scope)
        allowed = runtime.current().settings.api_origins
        origin = headers.get("origin", "")
        known = origin in allowed
        beforehand = known and _asks_beforehand(scope, headers)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                _forget_others(told)
                if allowed:
                    told.add_vary_header("Origin")
                _once_each(told)
                if known:
                    told["Access-Control-Allow-Origin"] = origin
                    told["Access-Control-Expose-Headers"] = _EXPOSED
                if beforehand:
                    told.update(_PREFLIGHT)
            await send(message)

        if beforehand:
            await Response(status_code=204)(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)


def _asks_beforehand(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _once_each(headers: MutableHeaders) -> None:
    """Reflex and we name the same header that answers depend on."""
    named = ",".join(headers.getlist("vary"))
    if parts := dict.fromkeys(one.strip() for one in named.split(",") if one.strip()):
        headers["Vary"] = ", ".join(parts)


def _forget_others(headers: MutableHeaders) -> None:
    for name in [name for name in headers if name.startswith("access-control-")]:
        del headers[name]
