"""services: guest lists that were uploaded and are being looked at.

A draft belongs to who uploaded it, person or program, and ends with confirming or
after a day. It is kept as cells only; the file itself is not.
"""

from __future__ import annotations

import json
import secrets
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.domain.guests import Side, clean_language, clean_line, clean_side
from wedding_wa.models import ImportDraft
from wedding_wa.services.audit import Asking
from wedding_wa.services.guest_import_cells import Line, Sheet
from wedding_wa.services.guest_import_columns import Columns, Field, guess
from wedding_wa.services.sql import changed

KEPT_FOR = timedelta(hours=24)
_KEPT_OF_ONE = 5
_FILENAME_LONGEST = 120


class Owner(Asking):
    """Whose drafts: a person's of one wedding, or its programs' together."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """An uploaded list and how it is read."""

    id: int
    token: str
    filename: str
    sheet: Sheet
    columns: Columns
    created_at: datetime


def keep(
    session: Session,
    owner: Owner,
    sheet: Sheet,
    *,
    filename: str,
    side: Side = Side.GROOM,
    now: datetime,
) -> str:
    """Keep an uploaded list and return the draft's token. Its columns are guessed."""
    sweep(session, now=now)
    token = secrets.token_urlsafe(24)
    session.execute(
        sa.insert(ImportDraft).values(
            token=token,
            wedding_id=owner.wedding_id,
            user_id=owner.user_id,
            filename=clean_line(filename)[:_FILENAME_LONGEST],
            data=_packed(sheet),
            columns=_as_json(guess(sheet, side=side)),
            created_at=now,
        )
    )
    _drop_oldest(session, owner)
    return token


def sweep(session: Session, *, now: datetime) -> int:
    """Delete drafts that nobody confirmed in a day; return how many."""
    old = sa.delete(ImportDraft).where(col(ImportDraft.created_at) <= now - KEPT_FOR)
    return changed(session, old)


def load(session: Session, owner: Owner, token: str, *, now: datetime) -> Draft:
    """Return a draft. Raises NotFound for another's, an old and a confirmed one."""
    row = session.execute(
        sa.select(ImportDraft).where(
            col(ImportDraft.token) == token,
            col(ImportDraft.created_at) > now - KEPT_FOR,
            *_of(owner),
        )
    ).scalar_one_or_none()
    if row is None or row.id is None:
        raise NotFound("guest_import.error.gone")
    columns = _from_json(row.columns)
    return Draft(
        row.id, token, row.filename, _unpacked(row.data), columns, row.created_at
    )


def discard(session: Session, owner: Owner, token: str) -> None:
    """Throw a draft away."""
    changed(
        session,
        sa.delete(ImportDraft).where(col(ImportDraft.token) == token, *_of(owner)),
    )


def end(session: Session, draft: Draft) -> None:
    """End a draft that is being confirmed. Raises NotFound for one that is already."""
    one = sa.delete(ImportDraft).where(col(ImportDraft.id) == draft.id)
    if not changed(session, one):
        raise NotFound("guest_import.error.gone")


def choose(
    session: Session,
    owner: Owner,
    token: str,
    *,
    column: int | None = None,
    field: str = "",
    header: bool | None = None,
    side: str | None = None,
    language: str | None = None,
    now: datetime,
) -> None:
    """Read the list another way: `column` is `field` ("": nothing), the first line is
    or is no `header`, lines without a side or language have these ("": the wedding's).

    A field that another column has goes from there to here. Raises BadInput, NotFound.
    """
    draft = load(session, owner, token, now=now)
    columns = draft.columns
    if column is not None:
        columns = replace(columns, fields=_assigned(columns.fields, column, field))
    if header is not None:
        columns = replace(columns, header=header)
    if side is not None:
        columns = replace(columns, side=clean_side(side))
    if language is not None:
        columns = replace(columns, language=clean_language(language))
    session.execute(
        sa.update(ImportDraft)
        .where(col(ImportDraft.id) == draft.id)
        .values(columns=_as_json(columns))
    )


def _assigned(fields: tuple[str, ...], column: int, field: str) -> tuple[str, ...]:
    if field not in ("", *Field) or not 0 <= column < len(fields):
        raise BadInput("error.invalid", "columns", fields="columns")
    others = ("" if field and one == field else one for one in fields)
    return tuple(field if i == column else one for i, one in enumerate(others))


def _of(owner: Owner) -> tuple[sa.ColumnElement[bool], ...]:
    mine = col(ImportDraft.user_id)
    return (
        col(ImportDraft.wedding_id) == owner.wedding_id,
        mine.is_(None) if owner.user_id is None else mine == owner.user_id,
    )


def _drop_oldest(session: Session, owner: Owner) -> None:
    newest = (
        sa.select(col(ImportDraft.id))
        .where(*_of(owner))
        .order_by(col(ImportDraft.id).desc())
        .limit(_KEPT_OF_ONE)
    )
    ids = list(session.scalars(newest))
    changed(
        session,
        sa.delete(ImportDraft).where(*_of(owner), col(ImportDraft.id).not_in(ids)),
    )


def _packed(sheet: Sheet) -> bytes:
    lines = [[line.number, line.cells, line.formulas] for line in sheet.lines]
    whole = {"kind": sheet.kind, "named": sheet.named, "lines": lines}
    return zlib.compress(json.dumps(whole, ensure_ascii=False).encode())


def _unpacked(data: bytes) -> Sheet:
    whole = json.loads(zlib.decompress(data))
    lines = tuple(
        Line(number, tuple(cells), tuple(formulas))
        for number, cells, formulas in whole["lines"]
    )
    return Sheet(whole["kind"], lines, whole["named"])


def _as_json(columns: Columns) -> dict[str, object]:
    return {
        "header": columns.header,
        "fields": list(columns.fields),
        "side": columns.side.value,
        "language": columns.language,
    }


def _from_json(kept: dict[str, object]) -> Columns:
    fields, language = kept["fields"], kept["language"]
    assert isinstance(fields, list)
    return Columns(
        header=bool(kept["header"]),
        fields=tuple(fields),
        side=Side(str(kept["side"])),
        language=str(language) if language else None,
    )
