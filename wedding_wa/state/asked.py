"""state: what an address and a form say, as a visitor may have written them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

_LONGEST_ID = 9


def number_of(text: object) -> int:
    """A row's id; 0 for what cannot be one."""
    digits = str(text)
    known = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_ID
    return int(digits) if known else 0


def storable(text: object, longest: int) -> str:
    """What was typed, cut to a length; half a character, as a cut leaves it, is "?"."""
    return str(text)[:longest].encode("utf-8", "replace").decode()


def field_of(form: Mapping[str, Any], name: str) -> str:
    """The text of a form's field; "" where it has none."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def address(route: str, asked: Mapping[str, object]) -> str:
    """The page at `route`, asked for this."""
    return f"{route}?{urlencode(asked)}" if asked else route
