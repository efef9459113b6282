"""services: what one line of a guest list says, or why it says nothing.

Pure: cells in, a value out. Compared with the guests there are: guest_import_plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import (
    NAME_LONGEST,
    NOTES_LONGEST,
    TAG_LONGEST,
    Side,
    clean_name,
    clean_notes,
    clean_tag,
    fold,
)
from wedding_wa.domain.phone import nice_phone, parse_phone
from wedding_wa.services.guest_import_cells import MAX_CELL, Line
from wedding_wa.services.guest_import_columns import (
    Columns,
    Field,
    read_language,
    read_side,
)

# A list says the same names and households again and again.
folded = lru_cache(maxsize=40_000)(fold)

# What stands between several numbers, or several tags, in one cell.
_SEVERAL = re.compile(r"[,;/|\n]")
_LISTED = re.compile(r"[,;|\n]")
_SHOWN = 60

# Why a line is bad, and what is told of one that is good: `guest_import.<kind>.<code>`.
BAD = (
    *("name_missing", "name_long", "household_long", "phone", "side", "language"),
    *("tag_long", "notes_long", "cell_long", "cells", "formula", "twice"),
    "twice_name",
)
TOLD = ("other_phones", "shares", "household_of", "namesake")


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence to be: its code in BAD or TOLD, and what it names."""

    code: str
    params: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line asks for. Empty or None where it says nothing; `phone` is E.164.

    `bad` says why it cannot be had; then the other fields are as typed.
    """

    number: int
    name: str
    phone: str | None = None
    household: str = ""
    side: Side | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""
    bad: tuple[Remark, ...] = ()
    told: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What is the same for all lines: how to understand them."""

    columns: Columns
    width: int
    country: str
    couple: Mapping[str, Side]


def remark(code: str, **params: object) -> Remark:
    """Return a Remark that can be compared and kept in a set."""
    return Remark(code, tuple(sorted(params.items())))


def read_line(line: Line, how: Reading) -> Wanted:
    """Return what the line says. It is bad with all its reasons, not the first."""
    bad = list(_misshapen(line, how))
    cells = {
        field: line.cells[i]
        for i, field in enumerate(how.columns.fields)
        if field and i < len(line.cells)
    }
    name = _name(cells, bad)
    phone, others = _phone(cells, how.country, bad)
    return Wanted(
        number=line.number,
        name=name,
        phone=phone,
        household=_household(cells, bad),
        side=_side(cells, how.couple, bad),
        language=_language(cells, bad),
        tags=_tags(cells, bad),
        notes=_notes(cells, bad),
        bad=tuple(bad),
        told=(remark("other_phones", phones=", ".join(others)),) if others else (),
    )


def _misshapen(line: Line, how: Reading) -> list[Remark]:
    fields = how.columns.fields
    found = []
    if len(line.cells) > how.width:
        found.append(remark("cells", n=len(line.cells), max=how.width))
    used = {i for i, field in enumerate(fields) if field}
    long = (i for i, cell in enumerate(line.cells) if len(cell) > MAX_CELL)
    found += [remark("formula", column=i + 1) for i in line.formulas if i in used]
    found += [
        remark("cell_long", column=i + 1, max=MAX_CELL) for i in long if i in used
    ]
    return found


def _name(cells: Mapping[str, str], bad: list[Remark]) -> str:
    parts = [cells.get(field, "") for field in (Field.NAME, Field.FIRST, Field.LAST)]
    typed = " ".join(part for part in parts if part)
    if not folded(typed):
        bad.append(remark("name_missing"))
        return ""
    try:
        return clean_name(typed)
    except BadInput:
        bad.append(remark("name_long", max=NAME_LONGEST))
        return _shown(typed)


def _phone(
    cells: Mapping[str, str], country: str, bad: list[Remark]
) -> tuple[str | None, list[str]]:
    """The number, and the others that stand beside it. One that is no number makes
    the line bad; a bad one among the others is left out."""
    typed = _said(cells, Field.PHONE)
    others = _SEVERAL.split(cells.get(Field.OTHER_PHONES, ""))
    found = _numbers([typed], country) if typed else []
    if typed and not found:
        parts = _SEVERAL.split(typed)
        found = _numbers(parts, country) if len(parts) > 1 else []
        if not found:
            bad.append(remark("phone", text=_shown(typed)))
            return None, []
    found = list(dict.fromkeys([*found, *_numbers(others, country)]))
    nice = [nice_phone(number) for number in found[1:]]
    return (found[0] if found else None), nice


def _numbers(texts: list[str], country: str) -> list[str]:
    found = []
    for text in texts:
        try:
            found.append(parse_phone(text, country))
        except BadInput:
            continue
    return found


def _household(cells: Mapping[str, str], bad: list[Remark]) -> str:
    typed = cells.get(Field.HOUSEHOLD, "")
    if not folded(typed):
        return ""
    try:
        return clean_name(typed, field="household")
    except BadInput:
        bad.append(remark("household_long", max=NAME_LONGEST))
        return ""


def _side(
    cells: Mapping[str, str], couple: Mapping[str, Side], bad: list[Remark]
) -> Side | None:
    typed = _said(cells, Field.SIDE)
    side = read_side(typed, couple) if typed else None
    if typed and side is None:
        bad.append(remark("side", text=_shown(typed)))
    return side


def _language(cells: Mapping[str, str], bad: list[Remark]) -> str | None:
    typed = _said(cells, Field.LANGUAGE)
    language = read_language(typed) if typed else None
    if typed and language is None:
        bad.append(remark("language", text=_shown(typed)))
    return language


def _tags(cells: Mapping[str, str], bad: list[Remark]) -> tuple[str, ...]:
    tags = []
    for typed in _LISTED.split(cells.get(Field.TAGS, "")):
        if not re.search(r"[\w&+]", typed):
            continue
        try:
            tags.append(clean_tag(typed))
        except BadInput:
            bad.append(remark("tag_long", text=_shown(typed), max=TAG_LONGEST))
    return tuple(dict.fromkeys(tags))


def _notes(cells: Mapping[str, str], bad: list[Remark]) -> str:
    try:
        return clean_notes(cells.get(Field.NOTES, ""))
    except BadInput:
        bad.append(remark("notes_long", max=NOTES_LONGEST))
        return ""


def _said(cells: Mapping[str, str], field: Field) -> str:
    """A dash in a cell is how people write that there is nothing."""
    typed = cells.get(field, "")
    return typed if re.search(r"\w", typed) else ""


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…"
