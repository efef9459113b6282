"""api: the one place that decides who gets in; everything not named here is closed.

A person is known by the login cookie, a program on `/api/…` by its key or its access
token. What changes something by a cookie, and every socket that knows one, must come
from our own pages: browsers name the page's origin, and a foreign one is refused
whatever comes with it. The feed's socket knows no cookie, and judges origins itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from wedding_wa import runtime
from wedding_wa.api.errors import answer, database_away, is_program
from wedding_wa.api.login import login_path
from wedding_wa.api.methods import UNKNOWN_ROUTE
from wedding_wa.api.rate import Rated
from wedding_wa.services import sessions
from wedding_wa.services.bearers import Bearer, bearer_of
from wedding_wa.services.database_trouble import ERRORS

# Open to everybody. A path ending in "/" stands for all below it.
PUBLIC = (
    "/login",
    "/logout",
    "/setup",
    "/api/health",
    "/api/openapi.json",
    "/api/docs",  # describes the program, nothing of a wedding
    "/api/docs/",
    "/api/webhooks/",  # each request is signed
    "/api/v1/token",  # where programs get in: by a password, a key, a refresh token
    "/api/v1/token/refresh",
    "/api/v1/token/rotate",
    "/api/v1/token/revoke",
    "/i/",  # each link is a secret
    "/assets/",
    "/fonts/",
    "/app.css",
    "/favicon.ico",
    "/favicon.svg",
    "/site.webmanifest",
)
# Public, yet whoever shows a key there is known by it.
_KNOWN_TOO = ("/api/v1/token",)
# Sockets that let nobody in before they know who it is, and tell those whom they
# refuse why, with a code: a door closed before it opened tells only 403.
_OWN_DOOR = ("/ws/whatsapp", "/ws/whatsapp/")

# What it takes to judge a request.
_HEARD = (b"origin", b"cookie", b"authorization", b"sec-fetch-site")
_FORMS = ("/login", "/logout", "/setup")
_SAFE = ("GET", "HEAD", "OPTIONS")
_OWN_SITE = ("none", "same-origin")

Who = sessions.Viewer | Bearer


def guarding(api: FastAPI) -> Callable[[ASGIApp], ASGIApp]:
    """Return the layer that goes around `api` and all that is mounted behind it.

    From the outside in: who it is, how often they may ask.
    """
    return lambda app: Guard(Rated(app), api)


class Guard:
    """Lets the known in, and everybody to what is PUBLIC. Puts `who` in the scope."""

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            refusal = await self._refusal(scope)
        except ERRORS as error:  # nobody can be known: no way in, and not for long
            await _away(scope, receive, send, error)
            return
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
        else:
            await _answer(Request(scope), refusal)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> int | None:
        """Return the status to refuse with, None to let the request in."""
        headers = _headers(scope)
        if _must_be_ours(scope, headers) and _foreign(headers):
            return 403
        path, opened = scope["path"], is_public(scope["path"]) or _asks_itself(scope)
        if opened and not (path in _KNOWN_TOO and _bearer_in(headers)):
            return None
        who = await _who(path, headers)
        if who:
            scope.setdefault("state", {})["who"] = who
            return None
        return None if opened or self._is_nothing(scope) else 401

    def _is_nothing(self, scope: Scope) -> bool:
        """An API path that does not exist may say so to everybody."""
        if scope["type"] != "http" or not _is_api(scope["path"]):
            return False
        # Whatever further in makes of a slash at the end, it opens nothing.
        scope = dict(scope, path=scope["path"].rstrip("/"))
        known = (
            route
            for route in self._api.routes
            if not isinstance(route, Mount)
            and getattr(route, "name", "") != UNKNOWN_ROUTE
        )
        return all(route.matches(scope)[0] is Match.NONE for route in known)


async def _away(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    """The database cannot be used: who it is cannot be told just now."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1013})  # try again later
        return
    told = await database_away(Request(scope), error)
    await told(scope, receive, send)


def is_public(path: str) -> bool:
    """True if everybody may ask for `path`."""
    if ".." in path:
        return False
    return any(
        path.startswith(open_path) if open_path.endswith("/") else path == open_path
        for open_path in PUBLIC
    )


async def _who(path: str, headers: Mapping[str, str]) -> Who | None:
    app, now = runtime.current(), runtime.current().clock.now()
    token = _bearer_in(headers) if _is_api(path) else None
    if token is not None:
        return await bearer_of(
            app.db, token, now=now, sealer=app.sealer, known=app.keys
        )
    return await sessions.viewer_of(app.db, headers.get("cookie", ""), now=now)


def _headers(scope: Scope) -> Mapping[str, str]:
    """Those of `_HEARD` that were sent, by their names; of one sent twice the first."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in reversed(scope["headers"])
        if name in _HEARD
    }


def _bearer_in(headers: Mapping[str, str]) -> str | None:
    """What follows `Bearer` in `Authorization:`; None where that is not there."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _asks_itself(scope: Scope) -> bool:
    return scope["type"] == "websocket" and scope["path"] in _OWN_DOOR


def _must_be_ours(scope: Scope, headers: Mapping[str, str]) -> bool:
    if scope["type"] == "websocket":
        return not _asks_itself(scope)
    if scope["method"] in _SAFE:
        return False
    carries_login = bool(sessions.token_in(headers.get("cookie", "")))
    return carries_login or scope["path"] in _FORMS


def _foreign(headers: Mapping[str, str]) -> bool:
    """True if a page of another origin sent this. No page at all is not foreign."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") not in _OWN_SITE
    return origin not in runtime.current().settings.allowed_origins


def _answer(request: Request, status: int) -> Response:
    if status == 403:
        return answer(request, 403, "error.foreign_origin")
    if is_program(request.url.path):
        return answer(request, 401, "error.login_needed")
    query = f"?{request.url.query}" if request.url.query else ""
    wish = request.url.path + query if request.method in _SAFE else "/"
    return RedirectResponse(login_path(wish), 303)
