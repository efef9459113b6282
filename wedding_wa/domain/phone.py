"""domain: phone numbers as people type them, stored as E.164, shown nicely."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat

from wedding_wa.domain.errors import BadInput

COUNTRIES: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)


@lru_cache(maxsize=2048)  # a program names the same guests again and again
def parse_phone(text: str, country: str) -> str:
    """Return E.164 (`+39…`) for a number typed any way; `country` where none is said.

    "39 333 …" without its plus is understood where it is no number of `country`.
    Raises BadInput for what cannot be a phone number.
    """
    typed = text.strip()
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        raise BadInput("error.phone.unreadable", "phone") from None
    if not phonenumbers.is_valid_number(number) and not typed.startswith(("+", "0")):
        number = _international(typed) or number
    if not phonenumbers.is_possible_number(number):
        raise BadInput("error.phone.impossible", "phone")
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _international(typed: str) -> phonenumbers.PhoneNumber | None:
    """The number that a forgotten plus would make, if there is such a number."""
    try:
        number = phonenumbers.parse(f"+{typed}", None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def nice_phone(phone: str) -> str:
    """Return an E.164 number with the spaces people of its country expect."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return str(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))


def masked(phone: str) -> str:
    """Return a phone number or chat id fit for a log: its last three digits."""
    user = phone.partition("@")[0]
    return f"…{user[-3:]}"
