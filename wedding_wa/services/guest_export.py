"""services: the guest list as a CSV or Excel file that a spreadsheet cannot run.

What is exported can be imported again and is then the same, line by line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl
import sqlalchemy as sa
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from sqlmodel import Session

from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Guest
from wedding_wa.services.guest_import_cells import harmless
from wedding_wa.services.guest_list import parse_search, select_ids
from wedding_wa.services.guest_match import (
    GUESTS,
    HOUSEHOLDS,
    LISTED,
    language_of_guest,
)
from wedding_wa.services.guests import tags_of
from wedding_wa.services.sql import table
from wedding_wa.words import say

Row = Sequence[str]

# In the order of the columns; `guest_import.field.<name>` is the heading.
COLUMNS = ("name", "household", "phone", "side", "language", "tags", "notes")
_WIDTHS = {"name": 26, "household": 26, "phone": 20, "notes": 44}
_USUAL_WIDTH = 14
_CHUNK = 500  # far below what SQLite takes as parameters


def guest_rows(
    session: Session, wedding_id: int, search: str, *, lang: str
) -> list[Row]:
    """Return the heading and everybody who matches `search` ("" is all), in the order
    of the list, in words of `lang`."""
    ids = select_ids(session, wedding_id, parse_search(search))
    rows: list[Row] = [heading(lang)]
    for start in range(0, len(ids), _CHUNK):
        rows += _rows(session, ids[start : start + _CHUNK], lang)
    return rows


def heading(lang: str) -> Row:
    """Return the names of the columns; the last says how far, and is not imported."""
    names = [say(lang, f"guest_import.field.{name}") for name in COLUMNS]
    return [*names, say(lang, "guest_import.export.stage")]


def sample_rows(lang: str) -> list[Row]:
    """Return a list to fill in, with two people on one phone and one without any."""
    people = (
        ("Anna Rossi", "Rossi", "+39 333 111 2222", "bride", "it", "family", ""),
        ("Bruno Rossi", "Rossi", "+39 333 111 2222", "bride", "it", "family", ""),
        ("Claire Dubois", "Dubois", "+33 6 12 34 56 78", "groom", "fr", "friends", ""),
        ("Dieter Braun", "Dubois", "", "groom", "de", "friends, work", "Vegetarian"),
    )
    rows: list[Row] = [heading(lang)[:-1]]
    for name, home, phone, side, language, tags, notes in people:
        word = say(lang, f"common.account.{side}")
        rows.append([name, home, phone, word, language, tags, notes])
    return rows


def as_csv(rows: Iterable[Row], *, lang: str) -> bytes:
    """Return a CSV file for a spreadsheet in `lang`: marked as UTF-8, no cell of it a
    formula. Where the comma is for decimals, a semicolon stands between cells."""
    file = io.StringIO(newline="")
    separator = "," if lang == "en" else ";"
    writer = csv.writer(file, delimiter=separator)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Sequence[Row], *, title: str) -> bytes:
    """Return an Excel file whose cells are text, and harmless wherever they go on to.

    A phone number keeps its plain plus here: Excel keeps it as text, and if a
    spreadsheet ever ran it, it would be a number all the same.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for place in range(len(rows[0]) if rows else 0):
        name = COLUMNS[place] if place < len(COLUMNS) else ""
        letter = openpyxl.utils.get_column_letter(place + 1)
        sheet.column_dimensions[letter].width = _WIDTHS.get(name, _USUAL_WIDTH)
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, text, bold=number == 0) for text in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: Any, text: str, *, bold: bool) -> Any:
    cell = WriteOnlyCell(sheet, value=None)
    cell.value = text if _is_number(text) else harmless(_writable(text))
    cell.data_type = "s"  # never "f", whatever it begins with
    cell.number_format = "@"
    cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    return cell


def _is_number(text: str) -> bool:
    return text.startswith("+") and text[1:].replace(" ", "").isdecimal()


def _writable(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n") if text else text


def _rows(session: Session, ids: Sequence[int], lang: str) -> list[Row]:
    owner = table(Guest).alias("owner")
    found = session.execute(
        sa.select(
            *(GUESTS.c.id, GUESTS.c.name, GUESTS.c.side, GUESTS.c.notes),
            sa.func.coalesce(GUESTS.c.phone, owner.c.phone).label("phone"),
            HOUSEHOLDS.c.name.label("home"),
            HOUSEHOLDS.c.stage.label("stage"),
            language_of_guest().label("language"),
        )
        .select_from(LISTED.outerjoin(owner, owner.c.id == GUESTS.c.contact_id))
        .where(GUESTS.c.id.in_(ids))
    )
    by_id = {row.id: row for row in found}
    tags = tags_of(session, ids)
    return [
        _row(by_id[guest_id], tags[guest_id], lang)
        for guest_id in ids
        if guest_id in by_id
    ]


def _row(row: Any, tags: Iterable[str], lang: str) -> Row:
    return [
        row.name,
        row.home,
        nice_phone(row.phone) if row.phone else "",
        say(lang, f"common.account.{row.side}"),
        row.language,
        ", ".join(tags),
        row.notes,
        say(lang, f"guest_import.stage.{row.stage}"),
    ]
