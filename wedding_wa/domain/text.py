"""domain: what a person typed, cleaned and checked before it is kept."""

from __future__ import annotations

import re
import unicodedata

from wedding_wa.domain.errors import BadInput

MAX_TEXT = 4096
MAX_TITLE = 120
# C0 and C1 controls but line break and tab, and halves of characters: they break chats
# and logs
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Format characters and spaces: alone they show nothing.
_INVISIBLE = frozenset({"Cf", "Zs", "Zl", "Zp"})


def clean_text(text: str) -> str:
    """Return `text` as it will be sent. Raises BadInput: empty, or too long."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    cleaned = _CONTROL.sub("", unified).strip()
    if not _shows(cleaned):
        raise BadInput("error.text_empty", "text")
    if len(cleaned) > MAX_TEXT:
        raise BadInput("error.text_long", "text", limit=MAX_TEXT, length=len(cleaned))
    return cleaned


def clean_title(title: str | None) -> str | None:
    """Return a label in one line, None for an empty one. Raises BadInput: too long."""
    cleaned = " ".join(_CONTROL.sub(" ", title or "").split())
    if len(cleaned) > MAX_TITLE:
        raise BadInput(
            "error.title_long", "title", limit=MAX_TITLE, length=len(cleaned)
        )
    return cleaned if _shows(cleaned) else None


def between(field: str, value: int, low: int, high: int) -> int:
    """Return `value` if it lies within. Raises BadInput naming the field."""
    if not low <= value <= high:
        raise BadInput("error.between", field, low=low, high=high)
    return value


def _shows(text: str) -> bool:
    """Whether there is anything to see in it."""
    return any(
        not one.isspace() and unicodedata.category(one) not in _INVISIBLE
        for one in text
    )
