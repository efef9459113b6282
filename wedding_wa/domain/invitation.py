"""domain: the invitation's languages, its texts, and the code in a guest's message.

The code is five characters without look-alikes (no I, L, O, 0, 1). It comes back in
a message that a person may have edited, on a phone that corrects as it likes, so it
is looked for, never expected at a place.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from wedding_wa.domain.errors import BadInput

# What guests may be written to in; the app's own pages speak fewer.
GUEST_LANGUAGES = ("en", "it", "fr", "pt", "es", "de")

CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 5
# A message is asked for at most so many codes: nobody tries out thousands in one.
MOST_CANDIDATES = 50

# text -> how many characters it may have
TEXTS: Mapping[str, int] = {
    "headline": 80,
    "front": 400,
    "letter": 3_000,
    "closing": 300,
    "button": 40,
    "greeting": 300,
    "description": 200,
}
PLACEHOLDERS = ("couple", "household", "day", "place")
# Only the message that the guest sends carries the code.
GREETING_PLACEHOLDERS = ("code", "couple", "household")

_WORD = re.compile(r"[^\W_]+")
_HOLE = re.compile(r"\{(\w*)\}")
_CODE = re.compile(rf"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


def new_code(choice: Callable[[str], str]) -> str:
    """Return a code, each character drawn by `choice`.

    Always a letter and a digit in it: "there" is a word, "20124" a post code, and
    neither must tell who wrote.
    """
    while True:
        code = "".join(choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        if not code.isalpha() and not code.isdigit():
            return code


def code_in(text: str) -> tuple[str, ...]:
    """Return what may be a household's code in a message, the likeliest first.

    Upper case, each once, at most 50. A code is a word of its own, in any case and
    between any punctuation, or two pieces of one that a space or a dash has parted.
    "There" may be a code too: only who knows the codes can tell.
    """
    tokens = [_Token(m[0], m.start(), m.end()) for m in _WORD.finditer(text)]
    whole = [(_rank(text, token), token.text.upper()) for token in tokens]
    pieces = [
        (_RANK_OF_PIECES, (first.text + second.text).upper())
        for first, second in itertools.pairwise(tokens)
        if _parted(text[first.end : second.start])
        and any(char.isdigit() for char in first.text + second.text)
    ]
    ranked = sorted(whole + pieces, key=lambda one: one[0])
    found = dict.fromkeys(code for _, code in ranked if _CODE.fullmatch(code))
    return tuple(found)[:MOST_CANDIDATES]


_RANK_OF_PIECES = (True, True, True, True)


def _rank(text: str, token: _Token) -> tuple[bool, bool, bool, bool]:
    """Less is likelier: as we wrote it, in brackets; then with a digit; then as typed
    in capitals, which words in a sentence seldom are."""
    in_brackets = text[token.end : token.end + 1] == ")"
    digit = any(char.isdigit() for char in token.text)
    capitals = token.text == token.text.upper()
    return (not (in_brackets and capitals), not digit, not capitals, not in_brackets)


def _parted(between: str) -> bool:
    """A keyboard parts a word by a space, a dash, or something that is not seen."""
    return len(between) == 1 and between not in ".,;:!?\n"


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with its `{names}` filled in one pass; unknown ones stay."""
    return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), template)


def checked_text(name: str, text: str) -> str:
    """Return a text of the invitation, its ends and line ends tidied.

    Raises BadInput on `name`: too long, a placeholder that nothing fills, or a
    greeting without the code by which we know who wrote.
    """
    tidy = "\n".join(line.rstrip() for line in _visible(text).splitlines()).strip()
    if not tidy:
        raise BadInput("invitation_settings.error.empty", name)
    if len(tidy) > TEXTS[name]:
        raise BadInput("invitation_settings.error.long", name, n=TEXTS[name])
    known = GREETING_PLACEHOLDERS if name == "greeting" else PLACEHOLDERS
    _check_holes(name, tidy, known)
    if name == "greeting":
        _check_greeting(tidy)
    return tidy


def _check_holes(name: str, text: str, known: Iterable[str]) -> None:
    for hole in _HOLE.findall(text):
        if hole not in known:
            names = ", ".join(f"{{{one}}}" for one in known)
            raise BadInput(
                "invitation_settings.error.hole",
                name,
                hole=f"{{{hole}}}",
                known=names,
            )


def _check_greeting(text: str) -> None:
    """The code must be there, and must come back out of the message."""
    if "{code}" not in text:
        raise BadInput("invitation_settings.error.code", "greeting")
    sample = "K7M2P"
    written = filled(text, {"code": sample, "couple": "?", "household": "?"})
    if sample not in code_in(written):  # glued to a word, as in "Nr{code}"
        raise BadInput("invitation_settings.error.code_alone", "greeting")


def _visible(text: str) -> str:
    """Without what cannot be stored or typed; line ends stay."""
    return "".join(
        char
        for char in text
        if char in "\r\n" or unicodedata.category(char) not in ("Cc", "Cs")
    )
