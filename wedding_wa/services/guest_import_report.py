"""services: a previewed import in words: why lines are bad, as sentences and a file."""

from __future__ import annotations

from collections.abc import Iterable

from wedding_wa.services.guest_import import Preview
from wedding_wa.services.guest_import_lines import Remark
from wedding_wa.services.guest_import_values import Planned, Verdict
from wedding_wa.words import say


def why_bad(line: Planned, lang: str) -> list[str]:
    """Return the sentences of everything that is wrong with a line."""
    return [_said(lang, "bad", one) for one in line.wanted.bad]


def told(line: Planned, lang: str) -> list[str]:
    """Return what somebody should know of a line that is good."""
    return [_said(lang, "told", one) for one in line.wanted.told]


def bad_rows(found: Preview, lang: str) -> list[list[str]]:
    """Return the bad lines as they were, each with its reasons in the last column.

    The columns stand as in the file, so that it can be mended and imported again.
    """
    columns = found.draft.columns
    width = len(columns.fields)
    lines = found.draft.sheet.lines
    rows = []
    if columns.header:
        reason = say(lang, "guest_import.export.reason")
        rows.append([*_filled(lines[0].cells, width), reason])
    cells = {line.number: line.cells for line in lines[columns.header :]}
    rows += [
        [*_filled(cells[line.number], width), " ".join(why_bad(line, lang))]
        for line in found.plan.lines
        if line.verdict is Verdict.BAD
    ]
    return rows


def _filled(cells: Iterable[str], width: int) -> list[str]:
    return [*cells, *[""] * width][:width]


def _said(lang: str, kind: str, one: Remark) -> str:
    return say(lang, f"guest_import.{kind}.{one.code}", **dict(one.params))
