"""api: the headers of every HTTP answer: what a page may load, what may be kept."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Radix and emotion write style attributes, hence 'unsafe-inline' for styles only.
_POLICY = (
    "default-src 'self'; script-src 'self' {scripts}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SLASHLESS = ("/api/", "/i/", "/login", "/logout", "/setup")
_FOREVER = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """Puts the security and caching headers on every HTTP answer of `app`.

    A header that a route has set itself stays. `csp_file` holds the hashes of the
    inline scripts; it is read at the first request, never at import.
    """

    def __init__(self, app: ASGIApp, *, csp_file: Path) -> None:
        self._app = app
        self._csp_file = csp_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = message["status"] < 400
                self._add(MutableHeaders(scope=message), scope["path"], found=found)
            await send(message)

        await self._app(scope, receive, with_headers)

    def _add(self, headers: MutableHeaders, path: str, *, found: bool) -> None:
        fixed = _FIXED | {"Content-Security-Policy": _policy(self._csp_file)}
        for name, value in fixed.items():
            headers.setdefault(name, value)
        if found and path.startswith("/assets/"):
            headers.setdefault("Cache-Control", _FOREVER)
        else:
            private = path.startswith("/api/")
            headers.setdefault("Cache-Control", "no-store" if private else "no-cache")


class TrailingSlash:
    """Makes `/api/x/` the same as `/api/x`, without a redirect that loses the body.

    Also for the plain HTML pages; the app's own pages are the frontend's matter.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith(_SLASHLESS) and path.endswith("/"):
            scope = dict(scope, path=path.rstrip("/"), raw_path=None)
        await self._app(scope, receive, send)


@cache
def _policy(csp_file: Path) -> str:
    hashes = json.loads(csp_file.read_text(encoding="utf-8"))
    return _POLICY.format(scripts=" ".join(hashes))
