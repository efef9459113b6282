"""domain: what one types into the guest list's search field, and what it means.

Words match names, notes and numbers; `name:value` asks for one thing, `-` in front
for its opposite, quotes hold words together, `#choir` is `tag:choir`. The names are
understood in English and in Italian. What means nothing is kept as a hint, and then
nobody matches: an order "to all who match" must never reach people by a typing error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import (
    Side,
    Stage,
    clean_line,
    clean_tag,
    fold,
)
from wedding_wa.domain.invitation import GUEST_LANGUAGES

LONGEST = 200


class By(StrEnum):
    """What a part of a search looks at."""

    WORD = "word"
    SIDE = "side"
    TAG = "tag"
    STAGE = "stage"
    ACTIVATED = "activated"
    OPTED_OUT = "optedout"
    LANG = "lang"
    HOUSEHOLD = "household"
    HAS = "has"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Term:
    """One part. `value` is in the form in which it is compared."""

    by: By
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """What was not understood: `why` is unknown or value; `about` the qualifier."""

    why: str
    typed: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class GuestQuery:
    """A search taken apart. With a hint in it, it matches nobody."""

    terms: tuple[Term, ...] = ()
    hints: tuple[Hint, ...] = ()

    @property
    def text(self) -> str:
        """The search as one would type it; parsing it gives the same terms."""
        return " ".join(_written(term) for term in self.terms)

    def asks(self, by: By, value: str) -> bool:
        """Whether exactly this is asked for."""
        return Term(by, value) in self.terms

    def toggled(self, by: By, value: str) -> GuestQuery:
        """The search with this asked for instead of others of its kind, or no more."""
        others = tuple(term for term in self.terms if term.by is not by)
        if self.asks(by, value):
            return replace(self, terms=others)
        return replace(self, terms=(*others, Term(by, value)))


HAS = ("phone", "tag", "notes", "language", "chat")
_YES = ("yes", "y", "true", "1", "sì", "si", "s", "vero")
_NO = ("no", "n", "false", "0", "falso")
_NAMES: Mapping[str, By] = {
    **{by.value: by for by in By if by is not By.WORD},
    "lato": By.SIDE,
    "etichetta": By.TAG,
    "fase": By.STAGE,
    "active": By.ACTIVATED,
    "attivo": By.ACTIVATED,
    "opted_out": By.OPTED_OUT,
    "disiscritto": By.OPTED_OUT,
    "language": By.LANG,
    "lingua": By.LANG,
    "famiglia": By.HOUSEHOLD,
    "ha": By.HAS,
    "telefono": By.PHONE,
}
_VALUES: Mapping[By, Mapping[str, str]] = {
    By.SIDE: {side: side for side in Side} | {"sposo": "groom", "sposa": "bride"},
    By.STAGE: {stage: stage for stage in Stage}
    | {
        "da-invitare": "not_invited",
        "invited": "link_sent",
        "invitato": "link_sent",
        "aperto": "opened",
        "attivo": "active",
        "disiscritto": "opted_out",
    }
    | {stage.replace("_", "-"): stage for stage in Stage},
    By.LANG: {code: code for code in GUEST_LANGUAGES},
    By.HAS: {name: name for name in HAS}
    | {
        "tags": "tag",
        "chats": "chat",
        "lang": "language",
        "telefono": "phone",
        "etichetta": "tag",
        "note": "notes",
        "lingua": "language",
    },
    By.ACTIVATED: dict.fromkeys(_YES, "yes") | dict.fromkeys(_NO, "no"),
    By.OPTED_OUT: dict.fromkeys(_YES, "yes") | dict.fromkeys(_NO, "no"),
}
_PART = re.compile(r'(-?)(?:([^\W\d_][\w-]*):|(#))?(?:"([^"]*)"?|([^\s"]+)|(?<=:))')
_NUMBER = re.compile(r"[+\d(][\d()./+-]*")
_PLAIN = re.compile(r'[^\s":#-][^\s":]*')


def parse_search(text: str) -> GuestQuery:
    """Take a search apart. Never fails, whatever was typed."""
    terms: list[Term] = []
    hints: list[Hint] = []
    for found in _PART.finditer(clean_line(text)[:LONGEST]):
        part = _part(found)
        if isinstance(part, Hint):
            hints.append(part)
        elif part is not None and part not in terms:
            terms.append(part)
    return GuestQuery(tuple(terms), tuple(dict.fromkeys(hints)))


def digits(text: str) -> str:
    """Return what a number typed any way has in common with the stored one."""
    return re.sub(r"[^0-9]", "", text).removeprefix("00")


def is_number(word: str) -> bool:
    """Whether a free word looks like (a part of) a phone number."""
    return bool(_NUMBER.fullmatch(word)) and bool(digits(word))


def _part(found: re.Match[str]) -> Term | Hint | None:
    minus, name, hash_mark, quoted, bare = found.groups()
    value = quoted if quoted is not None else bare or ""
    negated = minus == "-"
    if hash_mark:
        return _term(By.TAG, value, negated)
    if name is None:
        word = fold(value)
        return Term(By.WORD, word, negated) if word else None
    by = _NAMES.get(fold(name))
    if by is None:
        return Hint("unknown", f"{name}:")
    return _term(by, value, negated)


def _term(by: By, value: str, negated: bool) -> Term | Hint | None:
    """A qualifier that has no value yet is still being typed: it asks for nothing."""
    if not value.strip():
        return None
    if by in _VALUES:
        known = _VALUES[by].get(value.strip().lower())
        return Hint("value", value, by) if known is None else Term(by, known, negated)
    kept = _COMPARED[by](value)
    return Hint("value", value, by) if kept is None else Term(by, kept, negated)


def _tag(value: str) -> str | None:
    try:
        return clean_tag(value)
    except BadInput:
        return None


_COMPARED: Mapping[By, Callable[[str], str | None]] = {
    By.TAG: _tag,
    By.HOUSEHOLD: lambda value: fold(value).replace('"', "") or None,
    By.PHONE: lambda value: digits(value) or None,
}


def _written(term: Term) -> str:
    minus = "-" if term.negated else ""
    value = term.value if _PLAIN.fullmatch(term.value) else f'"{term.value}"'
    if term.by is By.WORD:
        return f"{minus}{value}"
    return f"{minus}{term.by}:{value}"
