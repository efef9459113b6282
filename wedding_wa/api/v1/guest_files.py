"""api: /api/v1/guests/import and /export: whole guest lists, in two steps and out.

A list is uploaded and kept as a draft, looked at line by line, read another way if a
column was guessed wrong, and only then confirmed, all of it or nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import problems
from wedding_wa.api.guest_import import as_file, language_of
from wedding_wa.api.v1.guest_file_shapes import (
    Confirmed,
    DraftShape,
    Lines,
    LineShape,
    LinesShape,
    Reading,
    ShiftShape,
    Upload,
    Wanted,
    WrittenShape,
)
from wedding_wa.api.v1.shapes import (
    Reader,
    Sender,
    SmallBodies,
    bodies,
)
from wedding_wa.api.v1.uploads import whole_body
from wedding_wa.domain.guests import Side
from wedding_wa.services import guest_export, guest_import, guest_import_drafts
from wedding_wa.services.guest_import import Preview
from wedding_wa.services.guest_import_cells import MAX_BYTES
from wedding_wa.services.guest_import_drafts import Owner
from wedding_wa.services.guest_import_read import read_file
from wedding_wa.services.guest_import_report import bad_rows, told, why_bad
from wedding_wa.services.guest_import_values import Planned

router = APIRouter(prefix="/guests", route_class=SmallBodies)
#: A list is larger than a JSON body may be.
uploads = APIRouter(prefix="/guests", route_class=bodies(MAX_BYTES))

Draft = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Lang = Annotated[str, Query(max_length=35)]
PAGE_SIZE = 200
# How many files are being read at once; more wait their turn.
_reading = asyncio.Semaphore(2)
_FILE = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {
            "text/csv": _FILE,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _FILE,
        }
    }
}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": _FILE, "text/csv": _FILE},
    }
}


@uploads.post(
    "/import", status_code=201, responses=problems(413), openapi_extra=_UPLOAD
)
async def receive(
    caller: Sender, request: Request, asked: Annotated[Upload, Query()]
) -> DraftShape:
    """Upload a list as the body (CSV, Excel or vCards, 5 MB at most). It is kept for a
    day as a draft; nothing is written."""
    data, app = await whole_body(request), runtime.current()
    async with _reading:
        sheet = await asyncio.to_thread(read_file, data)
    draft = await app.db.write(
        guest_import_drafts.keep,
        _owner(caller),
        sheet,
        filename=asked.filename,
        side=Side(asked.side),
        now=app.clock.now(),
    )
    return _json(await _preview(caller, draft))


@router.get("/import/sample", response_class=Response, responses=_FILES)
async def sample(
    caller: Reader, request: Request, asked: Annotated[Wanted, Query()]
) -> Response:
    """A list to fill in."""
    lang = language_of(request, caller, asked.lang)
    rows = guest_export.sample_rows(lang)
    return await as_file(rows, asked.format, "guest_import.export.sample_file", lang)


@router.get("/import/{draft}", responses=problems(404))
async def show(caller: Sender, draft: Draft) -> DraftShape:
    """How the list is read and what confirming would do just now."""
    return _json(await _preview(caller, draft))


@router.patch("/import/{draft}", responses=problems(404))
async def choose(caller: Sender, draft: Draft, reading: Reading) -> DraftShape:
    """Read the list another way. A field that another column has moves here."""
    app = runtime.current()
    await app.db.write(_choose, _owner(caller), draft, reading, app.clock.now())
    return _json(await _preview(caller, draft))


@router.get("/import/{draft}/lines", responses=problems(404))
async def lines(
    caller: Sender, draft: Draft, request: Request, asked: Annotated[Lines, Query()]
) -> LinesShape:
    """What would become of every line, 200 at a time."""
    found = await _preview(caller, draft)
    lang = language_of(request, caller, asked.lang)
    left = [
        one
        for one in found.plan.lines
        if one.number > asked.after and asked.verdict in (None, one.verdict.value)
    ]
    shown = left[:PAGE_SIZE]
    return LinesShape(
        items=[_line(one, lang) for one in shown],
        next=shown[-1].number if len(left) > PAGE_SIZE else None,
    )


@router.get(
    "/import/{draft}/bad",
    response_class=Response,
    responses={**_FILES, **problems(404)},
)
async def bad_lines(
    caller: Sender,
    draft: Draft,
    request: Request,
    lang: Lang = "",
) -> Response:
    """The lines that would be left out, with their reasons, as a CSV file."""
    found = await _preview(caller, draft)
    lang = language_of(request, caller, lang)
    rows = bad_rows(found, lang)
    return await as_file(rows, "csv", "guest_import.export.bad_file", lang)


@router.post("/import/{draft}/confirm", responses=problems(404, 409))
async def confirm(caller: Sender, draft: Draft, said: Confirmed) -> WrittenShape:
    """Write what the draft of that digest showed, all of it or nothing. 409: somebody
    changed guests meanwhile; look again."""
    app = runtime.current()
    done = await app.db.write(
        guest_import.confirm, _owner(caller), draft, said.digest, now=app.clock.now()
    )
    return WrittenShape(counts=dict(done.plan.counts), writes=done.writes)


@router.delete("/import/{draft}", status_code=204, responses=problems(404))
async def discard(caller: Sender, draft: Draft) -> Response:
    """Throw the draft away."""
    app = runtime.current()
    await app.db.write(_discard, _owner(caller), draft, app.clock.now())
    return Response(status_code=204)


@router.get("/export", response_class=Response, responses=_FILES)
async def export(
    caller: Reader, request: Request, asked: Annotated[Wanted, Query()]
) -> Response:
    """Everybody who matches, as a file that can be imported again."""
    lang = language_of(request, caller, asked.lang)
    rows = await runtime.current().db.read(
        guest_export.guest_rows, caller.wedding_id, asked.q, lang=lang
    )
    return await as_file(rows, asked.format, "guest_import.export.file", lang)


async def _preview(caller: Caller, draft: str) -> Preview:
    app = runtime.current()
    found: Preview = await app.db.read(
        guest_import.preview, _owner(caller), draft, now=app.clock.now()
    )
    return found


def _owner(caller: Caller) -> Owner:
    return Owner(caller.wedding_id, caller.by)


def _choose(
    session: Session, owner: Owner, draft: str, reading: Reading, now: datetime
) -> None:
    guest_import_drafts.choose(
        session,
        owner,
        draft,
        header=reading.header,
        side=reading.side,
        language=reading.language,
        now=now,
    )
    for column in reading.columns:
        guest_import_drafts.choose(
            session, owner, draft, column=column.index, field=column.field, now=now
        )


def _discard(session: Session, owner: Owner, draft: str, now: datetime) -> None:
    guest_import_drafts.load(session, owner, draft, now=now)
    guest_import_drafts.discard(session, owner, draft)


def _json(found: Preview) -> DraftShape:
    columns = found.draft.columns
    return DraftShape.model_validate(
        {
            "draft": found.draft.token,
            "filename": found.draft.filename,
            "digest": found.digest,
            "header": columns.header,
            "columns": list(columns.fields),
            "side": columns.side.value,
            "language": columns.language,
            "counts": dict(found.plan.counts),
            "writes": found.writes,
        }
    )


def _line(one: Planned, lang: str) -> LineShape:
    return LineShape(
        line=one.number,
        verdict=one.verdict,
        name=one.wanted.name,
        phone=one.wanted.phone,
        guest_id=one.guest_id,
        changes=[ShiftShape.model_validate(shift) for shift in one.shifts],
        reasons=why_bad(one, lang),
        notes=told(one, lang),
    )
