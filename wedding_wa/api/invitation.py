"""api: GET /i/{token}: a household's invitation, for whoever has the link.

No login, no cookie. An opening is counted after the page has gone out, and only a
person's (services/invitations.py); who is logged in to the app is not a guest.
"""

from __future__ import annotations

import asyncio
import re

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from wedding_wa import runtime
from wedding_wa.api.invitation_html import SECRET, invitation_page, unknown_page
from wedding_wa.api.knocks import Knocks, TooManyTries
from wedding_wa.api.login import visitor
from wedding_wa.services.invitation_picture import card_png
from wedding_wa.services.invitation_view import (
    InvitationView,
    cover_bytes,
    household_view,
)
from wedding_wa.services.invitations import (
    invitation_link,
    is_ahead,
    is_program,
    note_opening,
)
from wedding_wa.words.invitation import guest_language

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DAY = "private, max-age=86400"
_FOREVER = "private, max-age=31536000, immutable"


def router() -> APIRouter:
    """The routes, with what they remember of wrong links."""
    made = APIRouter()
    knocks = Knocks()

    @made.api_route("/i/{token}", methods=["GET", "HEAD"])
    async def invitation(request: Request, token: str) -> Response:
        view = await _view(token)
        if view is None:
            return _unknown(request, knocks)
        address = invitation_link(runtime.current().settings.public, token)
        page = invitation_page(view, address=address, pictures=f"/i/{token}")
        if await _counts(request):
            page.background = _counting(request, view)
        return page

    @made.api_route("/i/{token}/card.png", methods=["GET", "HEAD"])
    async def card(request: Request, token: str) -> Response:
        view = await _view(token)
        if view is None:
            return _unknown(request, knocks)
        line = " · ".join(part for part in (view.long_date, view.place) if part)
        names = (view.first_name, view.second_name)
        data = await asyncio.to_thread(card_png, *names, line)
        return _picture(data, "image/png", _DAY)

    @made.api_route("/i/{token}/cover-{digest}.jpg", methods=["GET", "HEAD"])
    async def cover(request: Request, token: str, digest: str) -> Response:
        app = runtime.current()
        found = await app.db.read(cover_bytes, token, digest)
        return _picture(*found, _FOREVER) if found else _unknown(request, knocks)

    return made


def browsers_language(request: Request) -> str:
    """The first of the browser's languages that guests are written to in."""
    wishes = request.headers.get("accept-language", "").lower().split(",")
    return guest_language(*(wish.strip()[:2] for wish in wishes[:20]))


def _picture(data: bytes, mime: str, keep: str) -> Response:
    return Response(data, media_type=mime, headers={**SECRET, "Cache-Control": keep})


def _unknown(request: Request, knocks: Knocks) -> Response:
    """A gentle 404; 429 for an address that tries out links. A right link is never
    refused: many guests may share one address."""
    app = runtime.current()
    address = request.client.host if request.client else ""
    language = browsers_language(request)
    try:
        knocks.knock(address, now=app.clock.monotonic())
    except TooManyTries as error:
        page = unknown_page(language, status=429)
        page.headers["Retry-After"] = str(round(error.seconds))
        return page
    return unknown_page(language)


async def _view(token: str) -> InvitationView | None:
    if not _TOKEN.fullmatch(token):
        return None
    return await runtime.current().db.read(household_view, token)


async def _counts(request: Request) -> bool:
    """False for what is surely no guest's look; the rest is told by its name."""
    if request.method == "HEAD" or is_ahead(request.headers):
        return False
    if is_program(request.headers.get("user-agent", "")):
        return False
    return await visitor(request) is None


def _counting(request: Request, view: InvitationView) -> BackgroundTask:
    app = runtime.current()
    return BackgroundTask(
        app.db.write,
        note_opening,
        view.household_id,
        user_agent=request.headers.get("user-agent", ""),
        now=app.clock.now(),
    )
