"""api: guest lists come in and go out: upload, preview, confirm, export.

A file is read from the request's body, bounded, and kept as cells only: no folder
ever holds it. What may be uploaded says guest_import_cells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from wedding_wa import runtime
from wedding_wa.api import pages_html as html
from wedding_wa.api.deps import Caller, Needs
from wedding_wa.api.errors import problem
from wedding_wa.domain.guests import clean_side
from wedding_wa.services import guest_export, guest_import, guest_import_drafts
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.guest_import import Preview
from wedding_wa.services.guest_import_cells import MAX_BYTES
from wedding_wa.services.guest_import_drafts import Owner
from wedding_wa.services.guest_import_read import read_file
from wedding_wa.services.guest_import_report import bad_rows, told, why_bad
from wedding_wa.services.guest_import_values import Planned
from wedding_wa.words import best_language, say

Reader = Annotated[Caller, Needs(Scope.READ)]
Writer = Annotated[Caller, Needs(Scope.SEND)]
Format = Literal["csv", "xlsx"]

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# How many files are being read at once; more wait their turn.
_READERS = 2


def router() -> APIRouter:
    """Return the routes."""
    made = APIRouter(prefix="/api/guests")
    reading = asyncio.Semaphore(_READERS)

    async def receive(request: Request, caller: Writer) -> JSONResponse:
        return await _receive(request, caller, reading)

    routes: Sequence[tuple[str, str, Callable[..., Awaitable[Any]]]] = (
        ("POST", "/import", receive),
        ("GET", "/import/sample.{kind}", _sample),
        ("GET", "/import/{token}", _show),
        ("POST", "/import/{token}/confirm", _confirm),
        ("GET", "/import/{token}/bad.csv", _bad_lines),
        ("GET", "/export.{kind}", _export),
    )
    for method, path, endpoint in routes:
        made.add_api_route(path, endpoint, methods=[method])
    return made


async def _receive(
    request: Request, caller: Caller, reading: asyncio.Semaphore
) -> JSONResponse:
    """Keep the list in the body as a draft. Query: `filename`, `side`."""
    data = await _body(request)
    if data is None:
        too_large: dict[str, object] = {"mb": MAX_BYTES // 10**6}
        return problem(request, 413, "guest_import.error.too_large", params=too_large)
    side = clean_side(request.query_params.get("side", "groom"))
    async with reading:
        sheet = await asyncio.to_thread(read_file, data)
    app = runtime.current()
    token = await app.db.write(
        guest_import_drafts.keep,
        _owner(caller),
        sheet,
        filename=request.query_params.get("filename", ""),
        side=side,
        now=app.clock.now(),
    )
    content = {"draft": token, "lines": len(sheet.lines)}
    return JSONResponse(content, 201)


async def _show(request: Request, token: str, caller: Writer) -> JSONResponse:
    """What confirming would do, line by line."""
    found = await _preview(caller, token)
    lang = _language(request, caller)
    return JSONResponse(
        {
            "draft": token,
            "digest": found.digest,
            "columns": list(found.draft.columns.fields),
            "counts": {kind.value: n for kind, n in found.plan.counts.items()},
            "lines": [_line(line, lang) for line in found.plan.lines],
        }
    )


async def _confirm(
    token: str, caller: Writer, digest: Annotated[str, Body(embed=True)]
) -> JSONResponse:
    """Write what the preview of that digest showed."""
    app = runtime.current()
    done = await app.db.write(
        guest_import.confirm, _owner(caller), token, digest, now=app.clock.now()
    )
    return JSONResponse({kind.value: n for kind, n in done.plan.counts.items()})


async def _bad_lines(request: Request, token: str, caller: Writer) -> Response:
    """The lines that would be left out, with their reasons, as a file."""
    found = await _preview(caller, token)
    lang = _language(request, caller)
    rows = bad_rows(found, lang)
    return await as_file(rows, "csv", "guest_import.export.bad_file", lang)


async def _sample(request: Request, kind: Format, caller: Reader) -> Response:
    """A list to fill in."""
    lang = _language(request, caller)
    rows = guest_export.sample_rows(lang)
    return await as_file(rows, kind, "guest_import.export.sample_file", lang)


async def _export(
    request: Request, kind: Format, caller: Reader, q: str = ""
) -> Response:
    """Everybody who matches the search `q`, as a file."""
    lang = _language(request, caller)
    rows = await runtime.current().db.read(
        guest_export.guest_rows, caller.wedding_id, q, lang=lang
    )
    return await as_file(rows, kind, "guest_import.export.file", lang)


async def _body(request: Request) -> bytes | None:
    """The whole body, None for more than a list may have; no more of it is read."""
    kind = request.headers.get("content-type", "")
    if kind.startswith(("multipart/", "application/x-www-form-urlencoded")):
        raise HTTPException(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


async def _preview(caller: Caller, token: str) -> Preview:
    app = runtime.current()
    return await app.db.read(
        guest_import.preview, _owner(caller), token, now=app.clock.now()
    )


def _owner(caller: Caller) -> Owner:
    return Owner(caller.wedding_id, caller.by)


def _language(request: Request, caller: Caller) -> str:
    return language_of(request, caller, request.query_params.get("lang", ""))


def language_of(request: Request, caller: Caller, asked: str) -> str:
    """The words of a file: as asked for, else the reader's."""
    return best_language(asked, caller.language, html.language(request))


def _line(line: Planned, lang: str) -> dict[str, object]:
    return {
        "line": line.number,
        "verdict": line.verdict.value,
        "name": line.wanted.name,
        "phone": line.wanted.phone,
        "guest_id": line.guest_id,
        "changes": [
            {"field": shift.field, "old": shift.old, "new": shift.new}
            for shift in line.shifts
        ],
        "reasons": why_bad(line, lang),
        "notes": told(line, lang),
    }


async def as_file(
    rows: Sequence[Sequence[str]], kind: Format, name_key: str, lang: str
) -> Response:
    """A guest list to keep, under the name that `name_key` says."""
    name = say(lang, name_key)
    if kind == "csv":
        data = await asyncio.to_thread(guest_export.as_csv, rows, lang=lang)
    else:
        data = await asyncio.to_thread(guest_export.as_xlsx, rows, title=name)
    disposition = f"attachment; filename*=UTF-8''{quote(name)}.{kind}"
    return Response(
        data, media_type=_TYPES[kind], headers={"Content-Disposition": disposition}
    )
