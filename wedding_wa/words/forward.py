"""words: what is said of an invitation on its way to a guest, in the guests' languages.

Kept beside the invitation's own words: `guests/<language>/forward.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wedding_wa.domain.invitation import filled
from wedding_wa.words.invitation import guest_language

_ROOT = Path(__file__).parent / "guests"


@dataclass(frozen=True, slots=True)
class CardWords:
    """A printed card: for whom it is, and how the code beside it is used."""

    for_whom: str
    how: str


def forward_text(language: str, *, household: str, couple: str, link: str) -> str:
    """Return a message for a relative to pass on, with the household's link.

    The link has a line of its own. An unknown language is English.
    """
    values = {"household": household, "couple": couple, "link": link}
    return filled(_words(language)["message"].strip(), values)


def card_words(language: str, *, household: str) -> CardWords:
    """Return what a printed card says beside its code."""
    card = _words(language)["card"]
    return CardWords(filled(card["for"], {"household": household}), card["how"])


@cache
def _words(language: str) -> Mapping[str, Any]:
    path = _ROOT / guest_language(language) / "forward.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
