"""services: address cards (vCard 2.1, 3.0, 4.0) become lines of cells, one a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import vobject
from vobject.base import VObjectError

from wedding_wa.domain.errors import BadInput
from wedding_wa.services.guest_import_cells import MAX_LINES, Gatherer, Sheet

# Their names are words that guest_import_columns knows.
HEADER = ("name", "phone", "other phones", "tags", "notes")

_CARD = re.compile(
    r"^BEGIN:VCARD[ \t]*$.*?^END:VCARD[ \t]*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
# Pictures and sounds: half of such a file, and nothing in it for a guest list.
_HEAVY = re.compile(
    r"^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)\b[^\n]*\n(?:[ \t][^\n]*\n)*",
    re.IGNORECASE | re.MULTILINE,
)
# Which number is a person's WhatsApp, the likeliest first.
_MOBILE = ("iphone", "mobile", "cell")
_UNREADABLE = (
    *(VObjectError, ValueError, LookupError, AttributeError, TypeError),
    RecursionError,
)


def read_vcards(text: str) -> Sheet:
    """Return a line a card. One that cannot be read has no name, so that it is told.

    Raises BadInput where there is no whole card, and past the limits.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    gathered = Gatherer()
    gathered.add(1, HEADER)
    for place, match in enumerate(_CARD.finditer(text), 1):
        if place > MAX_LINES:
            raise BadInput("guest_import.error.lines", "file", max=MAX_LINES)
        gathered.add(place, _cells(match[0]))
    if len(gathered.lines) < 2:
        raise BadInput("guest_import.error.vcard", "file")
    return gathered.sheet("vcard", named=True)


def _cells(card: str) -> tuple[str, ...]:
    try:
        person = vobject.readOne(
            _HEAVY.sub("", card), allowQP=True, ignoreUnreadable=True
        )
        phones = _phones(person)
        return (
            _name(person),
            phones[0] if phones else "",
            ", ".join(phones[1:]),
            _tags(person),
            "\n".join(_words(person, "note")),
        )
    except _UNREADABLE:
        return ("", "", "", "", _excerpt(card))


def _name(person: Any) -> str:
    """What the card calls the person, else the parts of the name, else a nickname."""
    for written in _words(person, "fn"):
        return written
    for name in person.contents.get("n", ()):
        parts = (name.value.given, name.value.additional, name.value.family)
        if joined := " ".join(_flat(part) for part in parts if _flat(part)):
            return joined
    return next(iter([*_words(person, "nickname"), *_words(person, "org")]), "")


def _phones(person: Any) -> list[str]:
    """The numbers, mobile ones first, then the preferred one, each once."""
    ranked = []
    for place, line in enumerate(person.contents.get("tel", ())):
        number = re.sub(r"^tel:", "", _flat(line.value), flags=re.IGNORECASE)
        number = number.partition(";")[0].strip()  # 4.0: tel:+39…;ext=5
        if number:
            ranked.append((_rank(line), place, number))
    return list(dict.fromkeys(number for *_, number in sorted(ranked)))


def _rank(line: Any) -> tuple[bool, bool]:
    """False sorts first."""
    kinds = {
        word.strip().lower()
        for value in [*line.params.get("TYPE", ()), *line.singletonparams]
        for word in str(value).split(",")
    }
    preferred = "pref" in kinds or "PREF" in line.params
    return not kinds & set(_MOBILE), not preferred


def _tags(person: Any) -> str:
    lists = (line.value for line in person.contents.get("categories", ()))
    return ", ".join(
        word
        for value in lists
        for word in ([value] if isinstance(value, str) else map(str, value))
    )


def _words(person: Any, name: str) -> list[str]:
    found = (_flat(line.value) for line in person.contents.get(name, ()))
    return [word for word in found if word]


def _flat(value: object) -> str:
    """A value that has parts is a list of them."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Iterable):
        return " ".join(str(part).strip() for part in value if str(part).strip())
    return ""


def _excerpt(card: str) -> str:
    """What a person can recognise an unreadable card by."""
    lines = [line for line in card.splitlines()[1:-1] if ":" in line]
    return " ".join(lines)[:120]
