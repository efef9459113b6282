"""api: what is wrong with a request's values, field by field, in words.

The framework's own sentences repeat what was sent; ours never do: a text may be a
secret. `field` is the path to the value, `to` or `messages.3.text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wedding_wa.words import say

#: Refused in every text: NUL, and half of a pair of surrogates (api/v1/shapes).
UNSTORABLE = "unstorable"

# What pydantic calls it, and the sentence about it: `api.wrong.<name>`.
_KINDS = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "json_invalid": "unreadable",
    "none_required": "left_out",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "pattern",
    "string_type": "text",
    "string_unicode": "unstorable",
    UNSTORABLE: "unstorable",
    "too_short": "too_few",
    "too_long": "too_many",
    "greater_than": "above",
    "greater_than_equal": "at_least",
    "less_than": "below",
    "less_than_equal": "at_most",
    "multiple_of": "steps",
    "literal_error": "one_of",
    "enum": "one_of",
    "int_from_float": "whole",
    "int_parsing_size": "number",
    "finite_number": "number",
}
# Families of pydantic's names: `int_type`, `int_parsing` …
_FAMILIES = {
    "int": "whole",
    "float": "number",
    "decimal": "number",
    "bool": "yes_no",
    "datetime": "moment",
    "timezone": "moment",
    "date": "day",
    "time": "time",
    "uuid": "uuid",
    "url": "url",
    "list": "list",
    "tuple": "list",
    "set": "list",
    "dict": "object",
    "mapping": "object",
    "model": "object",
}
_OTHER = "other"
#: Every name that a sentence may have.
NAMES = {*_KINDS.values(), *_FAMILIES.values(), _OTHER}

# Bounds as pydantic names them. They come from us, never from the request.
_BOUNDS = ("min_length", "max_length", "gt", "ge", "lt", "le", "multiple_of")
_LONGEST_NAME = 80


def wrongs(errors: Iterable[Mapping[str, Any]], lang: str) -> list[dict[str, str]]:
    """Return pydantic's `errors` as members of a problem: field, code, detail."""
    return [_wrong(one, lang) for one in errors]


def one_wrong(field: str, code: str, detail: str) -> dict[str, str]:
    """One value that is wrong, as a member of a problem."""
    return {"field": field, "code": code, "detail": detail}


def place(loc: Sequence[str | int]) -> str:
    """`("body", "to", 0)` reads "to.0"; a name that is none is cut and mended."""
    name = ".".join(str(part) for part in loc[1:]) or str(loc[0])
    return name[:_LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")


def _wrong(error: Mapping[str, Any], lang: str) -> dict[str, str]:
    name, context = name_of(error["type"]), error.get("ctx", {})
    code = f"api.wrong.{name}"
    bound = next((context[one] for one in _BOUNDS if one in context), "")
    known = str(context.get("expected", "")).replace("'", "")
    known = known.replace(" or ", ", ") or '""'
    detail = say(lang, code, n=bound, known=known)
    return one_wrong(place(error["loc"]), code, detail)


def name_of(kind: str) -> str:
    """The sentence's name for what pydantic calls `kind`."""
    return _KINDS.get(kind) or _FAMILIES.get(kind.partition("_")[0], _OTHER)
