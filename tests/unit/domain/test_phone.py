"""Phone numbers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.phone import COUNTRIES, masked, nice_phone, parse_phone


@pytest.mark.parametrize(
    ("typed", "country", "stored"),
    [
        ("+39 333 111 2222", "IT", "+393331112222"),
        ("333 1112222", "IT", "+393331112222"),
        ("  333-111.2222 ", "IT", "+393331112222"),
        ("0039 333 1112222", "IT", "+393331112222"),
        ("+393331112222", "US", "+393331112222"),
        ("06 6982 1234", "IT", "+390669821234"),  # Italy keeps the leading zero
        ("(202) 555-0143", "US", "+12025550143"),
        ("+44 (0)20 7946 0018", "IT", "+442079460018"),
        ("011 39 333 111 2222", "US", "+393331112222"),
    ],
)
def test_any_way_of_typing_a_number_is_the_same_number(
    typed: str, country: str, stored: str
) -> None:
    """Stored is E.164; without a country code the wedding's country counts."""
    assert parse_phone(typed, country) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "error.phone.unreadable"),
        ("zia Maria", "error.phone.unreadable"),
        ("+", "error.phone.unreadable"),
        ("+999 123456789", "error.phone.unreadable"),
        ("12", "error.phone.impossible"),
        ("+39 333", "error.phone.impossible"),
        ("+39 3331112222333444", "error.phone.impossible"),
    ],
)
def test_what_cannot_be_a_number_is_refused(typed: str, code: str) -> None:
    """The sentence is about the phone, whatever was typed."""
    with pytest.raises(BadInput) as refused:
        parse_phone(typed, "IT")
    assert (refused.value.field, refused.value.code) == ("phone", code)


@given(st.text(max_size=40), st.sampled_from(sorted(COUNTRIES)))
def test_whatever_is_typed_it_is_a_number_or_refused(text: str, country: str) -> None:
    """No input leads to another error; a number read once reads the same again."""
    try:
        phone = parse_phone(text, country)
    except BadInput:
        return
    assert phone.startswith("+")
    assert phone[1:].isdigit()
    assert parse_phone(phone, "IT") == phone


def test_shown_with_spaces_and_logged_without_the_number() -> None:
    """People see their country's grouping; a log only the last three digits."""
    assert nice_phone("+393331112222") == "+39 333 111 2222"
    assert nice_phone("not a phone") == "not a phone"
    assert masked("+393331112222") == "…222"
    assert masked("393331112222@c.us") == "…222"
