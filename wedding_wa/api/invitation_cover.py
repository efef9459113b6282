"""api: the couple's side of the invitation: its preview and its cover picture.

The picture comes as the request's body, never into a folder that is served; what is
stored was decoded and encoded anew (services/invitation_cover.py).
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from wedding_wa import runtime
from wedding_wa.api.deps import Caller, Needs
from wedding_wa.api.errors import problem
from wedding_wa.api.invitation_html import SECRET, invitation_page
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.invitation_cover import (
    LARGEST_UPLOAD,
    own_cover,
    prepared,
    remove_cover,
    store_cover,
)
from wedding_wa.services.invitation_texts import unpacked
from wedding_wa.services.invitation_view import preview_view
from wedding_wa.words.invitation import guest_language

router = APIRouter()

_PAGE = "/settings/invitation"
_KEEP = "private, max-age=31536000, immutable"


@router.get(f"{_PAGE}/preview")
async def preview(
    caller: Annotated[Caller, Needs(Scope.READ)], language: str = "", draft: str = ""
) -> Response:
    """The invitation as it would be with the texts in `draft`; counts no opening."""
    view = await runtime.current().db.read(
        preview_view, caller.wedding_id, guest_language(language), unpacked(draft)
    )
    return invitation_page(view, address="", pictures=_PAGE, preview=True)


@router.get(f"{_PAGE}/cover-{{digest}}.jpg")
async def cover(caller: Annotated[Caller, Needs(Scope.READ)], digest: str) -> Response:
    """The picture, for the preview."""
    found = await runtime.current().db.read(own_cover, caller.wedding_id, digest)
    if found is None:
        raise HTTPException(404)
    data, mime = found
    return Response(data, media_type=mime, headers={**SECRET, "Cache-Control": _KEEP})


@router.post("/api/invitation/cover")
async def upload(
    request: Request, caller: Annotated[Caller, Needs(Scope.CONTROL)]
) -> Response:
    """Take a picture (JPEG, PNG or WebP, at most 15 MB) as the cover."""
    raw = await _body(request)
    if raw is None:
        return problem(request, 413, "invitation_settings.error.too_large")
    picture = await asyncio.to_thread(prepared, raw)
    app = runtime.current()
    await app.db.write(
        store_cover,
        caller.wedding_id,
        picture,
        now=app.clock.now(),
        by=caller.by,
    )
    size = {"width": picture.width, "height": picture.height}
    return JSONResponse({**size, "bytes": len(picture.data), "digest": picture.digest})


@router.delete("/api/invitation/cover")
async def remove(caller: Annotated[Caller, Needs(Scope.CONTROL)]) -> Response:
    """Take the cover away."""
    app = runtime.current()
    await app.db.write(
        remove_cover, caller.wedding_id, now=app.clock.now(), by=caller.by
    )
    return Response(status_code=204)


async def _body(request: Request) -> bytes | None:
    """Read the body; None as soon as it is too large, told or not."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > LARGEST_UPLOAD:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_UPLOAD:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)
