"""state: one line of an import as the page shows it."""

from __future__ import annotations

from typing import TypedDict

from wedding_wa.domain.phone import nice_phone
from wedding_wa.services.guest_import_report import told, why_bad
from wedding_wa.services.guest_import_values import Planned, Shift, Verdict
from wedding_wa.words import say


class ShiftView(TypedDict):
    """One thing that would change; `old` is "" where there was nothing."""

    field: str
    old: str
    new: str


class LineView(TypedDict):
    """A line. `about` says who it is; `told` are sentences, or a bad one's reasons."""

    number: int
    verdict: str
    name: str
    about: str
    shifts: list[ShiftView]
    told: list[str]


def line_view(line: Planned, lang: str) -> LineView:
    """Return a line in words of `lang`."""
    bad = line.verdict is Verdict.BAD
    return LineView(
        number=line.number,
        verdict=line.verdict.value,
        name=line.wanted.name,
        about=_about(line, lang),
        shifts=[_shift(shift, lang) for shift in line.shifts],
        told=why_bad(line, lang) if bad else told(line, lang),
    )


def _about(line: Planned, lang: str) -> str:
    """Phone, household, side, language, tags: what there is of them."""
    wanted = line.wanted
    home = ""
    if line.home_name:
        joins = isinstance(line.home, int) or line.home_name != wanted.name
        home = line.home_name if joins else ""
    side = line.side or wanted.side
    parts = (
        nice_phone(wanted.phone) if wanted.phone else "",
        home,
        say(lang, f"common.account.{side.value}") if side else "",
        say(lang, f"guest_import.language.{wanted.language}")
        if wanted.language
        else "",
        ", ".join(wanted.tags),
    )
    return " · ".join(part for part in parts if part)


def _shift(shift: Shift, lang: str) -> ShiftView:
    if shift.field == "tags":  # they are only added: the old ones stay
        added = shift.new.removeprefix(shift.old).lstrip(", ")
        tags = say(lang, "guest_import.field.tags")
        return ShiftView(field=tags, old="", new=f"+ {added}")
    old, new = (_value(shift.field, text, lang) for text in (shift.old, shift.new))
    field = say(lang, f"guest_import.field.{shift.field}")
    return ShiftView(field=field, old=old, new=new)


def _value(field: str, text: str, lang: str) -> str:
    if field == "phone" and text:
        return nice_phone(text)
    if field == "side" and text:
        return say(lang, f"common.account.{text}")
    if field == "language" and text:
        return say(lang, f"guest_import.language.{text}")
    return text
