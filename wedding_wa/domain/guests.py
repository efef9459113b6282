"""domain: guests: whose side, how far they are, names and tags as people write them."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.invitation import GUEST_LANGUAGES

NAME_LONGEST = 120
TAG_LONGEST = 40
NOTES_LONGEST = 4000

# Letters that no decomposition takes apart, as a keyboard without them writes them.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_SPACES = re.compile(r"\s+")
_TAG_JOINS = re.compile(r"[\s/]+")
_JOINERS = ("\u200c", "\u200d")  # emoji and some scripts are written with them
_TAG_FORBIDDEN = re.compile(r"[^\w&+.-]")


class Side(StrEnum):
    """Whose guest: their number is the one that speaks. The keys of the accounts."""

    GROOM = "groom"
    BRIDE = "bride"


class Stage(StrEnum):
    """How far a household has come; the database derives it from its moments."""

    NOT_INVITED = "not_invited"
    LINK_SENT = "link_sent"
    OPENED = "opened"
    ACTIVE = "active"
    OPTED_OUT = "opted_out"


def fold(text: str) -> str:
    """Return `text` as searches and order compare it: no case, no accents, single
    spaces. "Zoë  MÜLLER" and "zoe muller" fold to the same; folding twice is once.
    """
    lower = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    apart = unicodedata.normalize("NFKD", lower).casefold().translate(_PLAIN)
    bare = "".join(mark for mark in apart if not unicodedata.combining(mark))
    return _SPACES.sub(" ", bare).strip()


def clean_name(text: str, *, field: str = "name") -> str:
    """Return a person's or household's name, its spaces put right. Raises BadInput."""
    name = clean_line(text)
    if not any(mark.isprintable() and not mark.isspace() for mark in fold(name)):
        raise BadInput("error.name_missing", field)
    if len(name) > NAME_LONGEST:
        raise BadInput("error.name_long", field, n=NAME_LONGEST)
    return name


def clean_line(text: str) -> str:
    """Return `text` as one line of what can be seen: no control characters."""
    spaced = _SPACES.sub(" ", text)
    seen = "".join(mark for mark in spaced if not _is_hidden(mark))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", seen)).strip()


def _is_hidden(mark: str) -> bool:
    """Controls, and the marks of writing direction that come with copied numbers."""
    return unicodedata.category(mark) in ("Cc", "Cs", "Cf") and mark not in _JOINERS


def clean_notes(text: str) -> str:
    """Return notes with their lines kept. Raises BadInput where they are too long."""
    notes = "\n".join(clean_line(line) for line in text.splitlines()).strip()
    if len(notes) > NOTES_LONGEST:
        raise BadInput("guests.wrong.notes_long", "notes", n=NOTES_LONGEST)
    return notes


def clean_tag(text: str) -> str:
    """Return a tag: lower case, words joined by "-". "Close friends" is
    `close-friends`. Raises BadInput for what leaves nothing, or too much.
    """
    typed = unicodedata.normalize("NFC", text).lower().strip().lstrip("#").strip()
    tag = _TAG_FORBIDDEN.sub("", _TAG_JOINS.sub("-", typed)).strip("-.")
    tag = unicodedata.normalize("NFC", tag)
    if not tag:
        raise BadInput("guests.wrong.tag_empty", "tags")
    if len(tag) > TAG_LONGEST:
        raise BadInput("guests.wrong.tag_long", "tags", n=TAG_LONGEST)
    return tag


def clean_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a list with commas, each once, in the order written."""
    parts = re.split(r"[,;\n]", text)
    return tuple(dict.fromkeys(clean_tag(part) for part in parts if part.strip(" #")))


def clean_side(text: str) -> Side:
    """Return the side. Raises BadInput for anything but groom and bride."""
    try:
        return Side(text.strip().lower())
    except ValueError:
        raise BadInput("guests.wrong.side", "side") from None


def clean_language(text: str | None) -> str | None:
    """Return an invitation's language, None for "as the others". Raises BadInput."""
    code = (text or "").strip().lower()
    if code and code not in GUEST_LANGUAGES:
        raise BadInput("guests.wrong.language", "language")
    return code or None
