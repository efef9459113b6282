"""services: the bytes of a guest list become lines of cells, whatever wrote them.

CSV in any usual encoding and with any usual separator, Excel, vCard, and what a
spreadsheet puts on the clipboard. Whatever the bytes are, the end is a Sheet or a
BadInput whose sentence says what to do.
"""

from __future__ import annotations

import codecs
import csv
import io
import re

from wedding_wa.domain.errors import BadInput
from wedding_wa.services.guest_import_cells import (
    MAX_BYTES,
    MAX_LINES,
    Gatherer,
    Sheet,
    unharmed,
)
from wedding_wa.services.guest_import_vcard import read_vcards
from wedding_wa.services.guest_import_xlsx import read_xlsx

_ZIP = b"PK\x03\x04"
# Excel before 2007, and any Excel file that asks for a password.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What spreadsheets of guests' countries write, the likelier first.
_ONE_BYTE = ("cp1252", "mac_roman", "cp850", "cp1250")
_SAMPLE = 60_000
# Letters beyond a to z in the names of Western, then of Central Europe.
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüßœº’")
_CENTRAL = frozenset("ąćčďęěğıłńňőřśšşťţůűýźżž–“”«»ªÿ")
_SEPARATORS = (";", ",", "\t", "|")
_LOOKED_AT = 60
_VCARD = re.compile(r"\s*BEGIN:VCARD", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_AS_TEXT = re.compile(r'="([^"]*)"')


def read_file(data: bytes) -> Sheet:
    """Return the lines of a file; its name and declared type are not believed.

    Raises BadInput for what is no guest list, and past the limits of
    guest_import_cells.
    """
    if len(data) > MAX_BYTES:
        raise BadInput("guest_import.error.too_large", "file", mb=MAX_BYTES // 10**6)
    if data.startswith(_ZIP):
        return read_xlsx(data)
    if data.startswith(_OLE):
        raise BadInput("guest_import.error.old_excel", "file")
    text = _decoded(data)
    if _VCARD.match(text):
        return read_vcards(text)
    return read_text(text)


def read_text(text: str) -> Sheet:
    """Return the lines of a table in text: a CSV file, or what was pasted."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise BadInput("guest_import.error.empty", "file")
    if "\x00" in text:
        raise BadInput("guest_import.error.kind", "file")
    separator, text = _separator(text)
    gathered = Gatherer()
    try:
        for number, row in _rows(text, separator):
            cells = [_plain(cell) for cell in row]
            marks = [i for i, cell in enumerate(cells) if cell.startswith("=")]
            gathered.add(number, map(unharmed, cells), marks)
    except csv.Error:
        raise BadInput("guest_import.error.csv", "file") from None
    return gathered.sheet("csv")


def _rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Each row with the line it begins at. A quote left open would swallow the rest
    of the list, so that is told; other oddities of quotes are forgiven."""
    try:
        return _parsed(text, separator, strict=True)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise BadInput("guest_import.error.quote", "file") from None
    return _parsed(text, separator, strict=False)


def _parsed(text: str, separator: str, *, strict: bool) -> list[tuple[int, list[str]]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=strict
    )
    rows, begins = [], 1
    for row in reader:
        if any(row):
            rows.append((begins, row))
        if len(rows) > MAX_LINES + 1:
            break  # too many: nobody needs the rest
        begins = reader.line_num + 1
    return rows


def _plain(cell: str) -> str:
    """`="0039…"` is how spreadsheets keep a number as it was typed."""
    match = _AS_TEXT.fullmatch(cell.strip())
    return match[1] if match else cell.strip(" ")


# --- encodings ----------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    """Return the text. Raises BadInput for what is none."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    if encoding := _wide(data):
        return _strictly(data, encoding)
    if b"\x00" in data:
        raise BadInput("guest_import.error.kind", "file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_one_byte(data), "replace")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise BadInput("guest_import.error.encoding", "file") from None


def _wide(data: bytes) -> str:
    """UTF-16 without its mark: every second byte of European text is zero."""
    sample = data[:_SAMPLE]
    half = max(1, len(sample) // 2)
    if sample[1::2].count(0) > 0.6 * half and sample[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.6 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return ""


def _one_byte(data: bytes) -> str:
    """Which of the one-byte encodings makes names of it; undecided is Windows'.

    A list of names is too short for the statistics of a language, but the wrong
    encoding makes signs that stand in no name: "Nicol˜", "JosŽ", "£ukasz".
    """
    telling = [line for line in data.splitlines() if not line.isascii()]
    sample = b"\n".join(telling)[:_SAMPLE]
    # On equal terms the first of _ONE_BYTE: max keeps the first it meets.
    return max(_ONE_BYTE, key=lambda one: _namelike(sample.decode(one, "replace")))


def _namelike(text: str) -> int:
    score = 0
    for before, letter in zip(" " + text, text, strict=False):
        if letter.isascii():
            continue
        if letter.isupper() and before.islower():
            score -= 3
        elif letter.lower() in _WESTERN:
            score += 3
        else:
            score += 1 if letter.lower() in _CENTRAL else -3
    return score


# --- separators ---------------------------------------------------------------------


def _separator(text: str) -> tuple[str, str]:
    """Return what stands between the cells, and the text without Excel's `sep=` line.

    It is what cuts most of the first lines into the same number of cells, two or more.
    """
    if match := _SEPARATOR_LINE.match(text):
        return match[1] if match[1] in _SEPARATORS else ",", text[match.end() :]
    first = "".join(text.splitlines(keepends=True)[:_LOOKED_AT])
    # On equal terms the first of _SEPARATORS: max keeps the first it meets.
    return max(_SEPARATORS, key=lambda one: _evenness(first, one)), text


def _evenness(text: str, separator: str) -> float:
    """How many of the lines have as many cells as the first, weighed by that number."""
    try:
        widths = [len(row) for _, row in _parsed(text, separator, strict=False) if row]
    except csv.Error:
        return 0.0
    if not widths or widths[0] < 2:
        return 0.0
    even = sum(width == widths[0] for width in widths) / len(widths)
    return even + min(widths[0], 12) / 100
