"""services: what a guest list is once read, whatever file it came in: lines of cells.

The limits here bound what a file of MAX_BYTES can become in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from wedding_wa.domain.errors import BadInput

MAX_BYTES = 5_000_000
MAX_LINES = 10_000
MAX_COLUMNS = 60
MAX_CELL = 4_000
_MAX_CHARACTERS = 12_000_000

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
# What a spreadsheet would run. A sign of safety before it makes it plain text again.
_DANGER = re.compile(r"'*[=+\-@\t\r\n]")
_MADE_SAFE = re.compile(r"'+[=+\-@\t\r\n]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file that holds something; `number` counts as people count.

    `formulas` are the places of cells that hold a formula without a stored result.
    """

    number: int
    cells: tuple[str, ...]
    formulas: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's lines, in order. `kind` is "csv", "xlsx" or "vcard".

    A vCard brings its own column names: `named` is then True.
    """

    kind: str
    lines: tuple[Line, ...]
    named: bool = False


def clean_cell(text: str) -> str:
    """Return the cell without control characters, with plain line ends, trimmed."""
    text = _BREAKS.sub("\n", _CONTROLS.sub("", text))
    return text.strip(" \t\n\ufeff\u00a0\u200b")


def harmless(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula.

    An apostrophe goes before `= + - @`, tab and line ends; `unharmed` takes it away.
    """
    return f"'{text}" if _DANGER.match(text) else text


def unharmed(text: str) -> str:
    """Return what `harmless` was given."""
    return text[1:] if _MADE_SAFE.match(text) else text


@dataclass(slots=True)
class Gatherer:
    """Takes lines one by one and keeps to the limits. Raises BadInput past them."""

    lines: list[Line] = field(default_factory=list)
    _characters: int = 0

    def add(
        self, number: int, cells: Iterable[str], formulas: Iterable[int] = ()
    ) -> None:
        """Take one line; an empty one is left out."""
        kept = [clean_cell(cell) for cell in cells]
        while kept and not kept[-1]:
            kept.pop()
        marked = tuple(formulas)
        if not kept and not marked:
            return
        if len(kept) > MAX_COLUMNS:
            raise BadInput("guest_import.error.columns", "file", max=MAX_COLUMNS)
        if len(self.lines) > MAX_LINES:  # one more: the first may name the columns
            raise BadInput("guest_import.error.lines", "file", max=MAX_LINES)
        # One character more tells that it was longer.
        kept = [cell[: MAX_CELL + 1] for cell in kept]
        self._characters += sum(map(len, kept))
        if self._characters > _MAX_CHARACTERS:
            raise BadInput("guest_import.error.unpacked", "file")
        self.lines.append(Line(number, tuple(kept), marked))

    def sheet(self, kind: str, *, named: bool = False) -> Sheet:
        """Return what was gathered. Raises BadInput for nothing at all."""
        if not self.lines:
            raise BadInput("guest_import.error.empty", "file")
        return Sheet(kind, tuple(self.lines), named)
