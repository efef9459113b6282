"""words: the names of countries, one column a language (countries.csv)."""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path

from wedding_wa.words.catalogue import DEFAULT_LANGUAGE

_FILE = Path(__file__).parent / "countries.csv"


@cache
def countries(lang: str) -> tuple[tuple[str, str], ...]:
    """Return (ISO 3166 code, name) of every country, by name."""
    with _FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    column = lang if lang in rows[0] else DEFAULT_LANGUAGE
    named = [(row["code"], row[column]) for row in rows]
    return tuple(sorted(named, key=lambda pair: _plain(pair[1])))


def _plain(name: str) -> str:
    """The name without accents, for sorting: Åland stands under A."""
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
