"""api: logging in and out, in plain HTML. The cookie is set here and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup, escape

from wedding_wa import runtime
from wedding_wa.api import pages_html as html
from wedding_wa.api.errors import status_of
from wedding_wa.api.forms import fields
from wedding_wa.api.tries import tries_of
from wedding_wa.domain.errors import Refused
from wedding_wa.services import sessions, weddings
from wedding_wa.words import languages, say

HOME = "/"

_DAY = 86_400
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


def safe_path(wish: str) -> str:
    """Return where to go after the login: `wish` if it is a path of ours, else home."""
    if not wish.startswith("/") or wish.startswith("//") or _CONTROL.search(wish):
        return HOME
    parts = urlsplit(wish)
    ours = not parts.scheme and not parts.netloc
    loop = parts.path.rstrip("/") in ("/login", "/logout", "/setup")
    return wish if ours and not loop else HOME


def login_path(wish: str) -> str:
    """Return the login's path that leads back to `wish`."""
    path = safe_path(wish)
    return "/login" if path == HOME else f"/login?next={quote(path, safe='/')}"


def router() -> APIRouter:
    """The routes."""
    made = APIRouter()

    @made.get("/login")
    async def show(request: Request) -> Response:
        wish = safe_path(request.query_params.get("next", ""))
        if await visitor(request):
            return RedirectResponse(wish, 303)
        if not await runtime.current().db.read(weddings.first_owner_exists):
            return html.message(request, "login.welcome", "login.no_user_yet")
        return _form(request, wish=wish)

    @made.post("/login")
    async def log_in(request: Request) -> Response:
        form = await fields(request)
        wish, email = safe_path(form.get("next", "")), form.get("email", "")
        try:
            password = form.get("password", "")
            user_id = await tries_of(request).person(request, email, password)
            return await logged_in(request, user_id, wish)
        except Refused as refusal:
            return _form(request, wish=wish, email=email, refusal=refusal)

    @made.get("/logout")
    async def ask(request: Request) -> Response:
        lang = html.language(request)
        body = html.fill(
            "logout.html",
            about=say(lang, "login.leave_about"),
            submit=say(lang, "login.leave"),
            back=say(lang, "common.back"),
        )
        return html.page(request, title=say(lang, "login.leave"), body=body)

    @made.post("/logout")
    async def log_out(request: Request) -> Response:
        token = request.cookies.get(sessions.COOKIE, "")
        await runtime.current().db.write(sessions.end, token)
        response = RedirectResponse("/login", 303)
        _set_cookie(response, "", seconds=0)
        return response

    return made


async def visitor(request: Request) -> sessions.Viewer | None:
    """Return who sent the request, also on pages that need no login."""
    app = runtime.current()
    cookies = request.headers.get("cookie", "")
    return await sessions.viewer_of(app.db, cookies, now=app.clock.now())


async def logged_in(request: Request, user_id: int, wish: str) -> Response:
    """Start a session for `user_id` and go to `wish`. The browser's old one ends.

    Raises NotFound for somebody who belongs to no wedding.
    """
    app = runtime.current()
    await app.db.write(sessions.end, request.cookies.get(sessions.COOKIE, ""))
    token = await app.db.write(
        sessions.start,
        user_id,
        days=app.settings.login_days,
        user_agent=request.headers.get("user-agent", ""),
        now=app.clock.now(),
    )
    response = RedirectResponse(wish, 303)
    _set_cookie(response, token, seconds=app.settings.login_days * _DAY)
    who = await sessions.viewer(app.db, token, now=app.clock.now())
    if who and who.language in languages():
        html.choose_language(response, who.language)
    return response


def _set_cookie(response: Response, token: str, *, seconds: int) -> None:
    """Lax, not Strict: a link from a mail must find the person logged in. Whatever
    changes something is guarded by the origin besides (api/guard.py)."""
    response.set_cookie(
        sessions.COOKIE,
        token,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=runtime.current().settings.secure_cookies,
    )


def _form(
    request: Request, *, wish: str, email: str = "", refusal: Refused | None = None
) -> HTMLResponse:
    lang = html.language(request)
    wrong = say(lang, refusal.code, **refusal.params) if refusal else ""
    body = html.fill(
        "login.html",
        problem=html.problem(wrong),
        next=wish,
        email=html.text_field(
            "email",
            say(lang, "login.email"),
            kind="email",
            value=email,
            autocomplete="username",
            autofocus=not email,
        ),
        password=html.text_field(
            "password",
            say(lang, "login.password"),
            kind="password",
            autocomplete="current-password",
            autofocus=bool(email),
        ),
        submit=say(lang, "login.submit"),
        lost=_lost(lang),
    )
    status = status_of(refusal) if refusal else 200
    return html.page(
        request, title=say(lang, "login.welcome"), body=body, status=status
    )


def _lost(lang: str) -> Markup:
    command = Markup("<code>python -m wedding_wa set-password</code>")
    return escape(say(lang, "login.lost")).format(command=command)
