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
# As they go out, for they go out with every answer.
_FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_SLASHLESS = ("/api/", "/i/", "/login", "/logout", "/setup")
_FOREVER = b"public, max-age=31536000, immutable"


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
        there = {name for name, _ in headers.raw}
        fixed = (*_FIXED, (b"content-security-policy", _policy(self._csp_file)))
        kept = (b"cache-control", _cache_control(path, found=found))
        headers.raw.extend(one for one in (*fixed, kept) if one[0] not in there)


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


def _cache_control(path: str, *, found: bool) -> bytes:
    if found and path.startswith("/assets/"):
        return _FOREVER
    return b"no-store" if path.startswith("/api/") else b"no-cache"


@cache
def _policy(csp_file: Path) -> bytes:
    hashes = json.loads(csp_file.read_text(encoding="utf-8"))
    return _POLICY.format(scripts=" ".join(hashes)).encode("latin-1")
