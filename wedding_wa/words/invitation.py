"""words: what guests read on their invitation, in each of the guests' languages.

More languages than the app's own pages have, hence files of their own:
`guests/<language>/invitation.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from wedding_wa.domain.invitation import GUEST_LANGUAGES, filled

_ROOT = Path(__file__).parent / "guests"
_FALLBACK = "en"


def guest_language(*wishes: str | None) -> str:
    """Return the first wish that guests are written to in, else English."""
    return next((wish for wish in wishes if wish in GUEST_LANGUAGES), _FALLBACK)


def default_texts(language: str) -> dict[str, str]:
    """Return what the invitation says where the couple has written nothing else."""
    return {name: text.strip() for name, text in _words(language)["text"].items()}


def guest_say(language: str, key: str, **values: str) -> str:
    """Return one of the sentences that the couple does not rewrite."""
    return filled(_words(language)["fixed"][key], values)


def long_date(language: str, day: date) -> str:
    """Return the day as a card says it: "Saturday, 19 June 2027"."""
    values = {"weekday": weekday(language, day), "day": short_date(language, day)}
    return filled(_words(language)["date"]["long"], values)


def short_date(language: str, day: date) -> str:
    """Return the day without its weekday: "19 June 2027"."""
    words = _words(language)["date"]
    values = {
        "month": words["months"][day.month - 1],
        "d": words.get("first", "1") if day.day == 1 else str(day.day),
        "y": str(day.year),
    }
    return filled(words["day"], values)


def weekday(language: str, day: date) -> str:
    """Return "Saturday"."""
    return str(_words(language)["date"]["weekdays"][day.weekday()])


@cache
def _words(language: str) -> Mapping[str, Any]:
    path = _ROOT / guest_language(language) / "invitation.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
