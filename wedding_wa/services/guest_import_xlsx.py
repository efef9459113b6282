"""services: an Excel file becomes lines of cells; nothing in it is ever computed.

A cell with a formula gives the result that Excel stored with it. A file that unpacks
to far more than a guest list is refused before it is unpacked.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from wedding_wa.domain.errors import BadInput
from wedding_wa.services.guest_import_cells import (
    MAX_COLUMNS,
    Gatherer,
    Sheet,
    unharmed,
)

_MAX_UNPACKED = 30_000_000
_MAX_ROWS = 1_048_576  # Excel's own; rows that are left out cost time all the same
_MAX_PARTS = 1_000
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ParseError),
    *(InvalidFileException, DefusedXmlException, NotImplementedError, RuntimeError),
    # openpyxl's own words for XML that is well-formed and makes no sense
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError),
)


def read_xlsx(data: bytes) -> Sheet:
    """Return the lines of the first sheet that holds something.

    Raises BadInput for a damaged file, for one that is no Excel file, and past limits.
    """
    try:
        computed = _weigh(data)
        results = _opened(data, data_only=True)
        # The second reading costs as much as the first, and tells formulas only.
        sources = _opened(data, data_only=False) if computed else None
        for title in results.sheetnames:
            gathered = _gather(results[title], sources and sources[title])
            if gathered.lines:
                return gathered.sheet("xlsx")
    except _UNREADABLE:
        raise BadInput("guest_import.error.xlsx", "file") from None
    raise BadInput("guest_import.error.empty", "file")


def _weigh(data: bytes) -> bool:
    """Return whether there are formulas. What a zip file says of its size is also all
    that is ever unpacked of it; raises BadInput for too much."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = packed.infolist()
        _refuse(parts)
        sheets = (part for part in parts if "worksheets/" in part.filename)
        return any(_FORMULA.search(packed.read(sheet)) for sheet in sheets)


def _refuse(parts: Sequence[zipfile.ZipInfo]) -> None:
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise BadInput("guest_import.error.kind", "file")
    weight = sum(part.file_size for part in parts)
    if len(parts) > _MAX_PARTS or weight > _MAX_UNPACKED:
        raise BadInput("guest_import.error.unpacked", "file")


def _opened(data: bytes, *, data_only: bool) -> Any:
    return openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False
    )


def _gather(results: Any, sources: Any) -> Gatherer:
    """A formula whose result is missing is marked; its words are never shown."""
    gathered = Gatherer()
    rows = _rows(results)
    if sources is None:
        pairs: Iterator[tuple[Any, Any]] = ((row, row) for row in rows)
    else:
        pairs = zip_longest(rows, _rows(sources), fillvalue=())
    for number, (row, source) in enumerate(pairs, 1):
        if number > _MAX_ROWS:
            break
        if not any(source):
            continue
        marks = [
            i
            for i, value in enumerate(source)
            if sources is not None and _unsolved(row, i, value)
        ]
        cells = ["" if i in marks else _text(value) for i, value in enumerate(row)]
        gathered.add(number, map(unharmed, cells), marks)
    return gathered


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """What a sheet claims to measure is not believed; far columns are left out."""
    if not hasattr(sheet, "reset_dimensions"):  # a sheet of charts has no cells
        return iter(())
    sheet.reset_dimensions()
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(
        max_col=MAX_COLUMNS, values_only=True
    )
    return rows


def _unsolved(row: tuple[Any, ...], place: int, source: Any) -> bool:
    """True for a formula without a result, or whose result is an error."""
    plain = not isinstance(source, ArrayFormula | DataTableFormula)
    if plain and not (isinstance(source, str) and source.startswith("=")):
        return False
    result = row[place] if place < len(row) else None
    return result is None or (isinstance(result, str) and result.startswith("#"))


def _text(value: Any) -> str:
    """A number as people type it: no ".0", no exponent."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)
