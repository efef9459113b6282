"""What is typed into the guest list's search field."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wedding_wa.domain.guest_search import (
    By,
    GuestQuery,
    Term,
    is_number,
    parse_search,
)


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("Zoë müller", [(By.WORD, "zoe"), (By.WORD, "muller")]),
        ('"Zoë Müller"', [(By.WORD, "zoe muller")]),
        ("side:Groom", [(By.SIDE, "groom")]),
        ("lato:sposa", [(By.SIDE, "bride")]),
        ("tag:Family #Choir", [(By.TAG, "family"), (By.TAG, "choir")]),
        ('tag:"Close friends"', [(By.TAG, "close-friends")]),
        ("activated:no", [(By.ACTIVATED, "no")]),
        ("attivo:sì", [(By.ACTIVATED, "yes")]),
        ("stage:opened", [(By.STAGE, "opened")]),
        ("stage:link-sent", [(By.STAGE, "link_sent")]),
        ("lang:it", [(By.LANG, "it")]),
        ('household:"De Rossi"', [(By.HOUSEHOLD, "de rossi")]),
        ("has:phone optedout:yes", [(By.HAS, "phone"), (By.OPTED_OUT, "yes")]),
        ("phone:+39-333", [(By.PHONE, "39333")]),
        ("phone:0039333", [(By.PHONE, "39333")]),
        ('household:"unclosed', [(By.HOUSEHOLD, "unclosed")]),
        ("Jean-Luc d'Arc", [(By.WORD, "jean-luc"), (By.WORD, "d'arc")]),
        ("", []),
        ("side: tag:", []),
        ("anna anna", [(By.WORD, "anna")]),
    ],
)
def test_a_search_means_what_it_says(typed: str, terms: list[tuple[By, str]]) -> None:
    """Words, qualifiers in both languages, quotes; an unfinished part asks nothing."""
    query = parse_search(typed)
    assert [(term.by, term.value) for term in query.terms] == terms
    assert query.hints == ()


def test_a_minus_turns_a_part_round() -> None:
    """Also a word and a tag."""
    query = parse_search("-tag:x -anna -#y")
    assert query.terms == (
        Term(By.TAG, "x", negated=True),
        Term(By.WORD, "anna", negated=True),
        Term(By.TAG, "y", negated=True),
    )


@pytest.mark.parametrize(
    ("typed", "why", "about"),
    [
        ("tga:family", "unknown", ""),
        ("side:left", "value", "side"),
        ("stage:gone", "value", "stage"),
        ("has:dog", "value", "has"),
        ("activated:maybe", "value", "activated"),
        ("phone:abc", "value", "phone"),
        ("lang:xx", "value", "lang"),
        ("tag:!!!", "value", "tag"),
    ],
)
def test_what_means_nothing_is_told(typed: str, why: str, about: str) -> None:
    """A hint says which part it was, so that nobody wonders at an empty list."""
    (hint,) = parse_search(f"anna {typed}").hints
    assert (hint.why, hint.about) == (why, about)


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet='-:#" tagx1+'))
@example('-"')
@example("side:")
@example('tag:"')
def test_no_text_is_too_strange(text: str) -> None:
    """Parsing never fails, and writing it down and parsing again changes nothing."""
    query = parse_search(text)
    again = parse_search(query.text)
    if len(query.text) <= 200:
        assert again == GuestQuery(query.terms)


def test_a_chip_takes_its_filter_on_and_off() -> None:
    """One value of a kind at a time; a second click takes it off; words stay."""
    query = parse_search("anna side:groom")
    bride = query.toggled(By.SIDE, "bride")
    assert bride.text == "anna side:bride"
    assert bride.asks(By.SIDE, "bride")
    assert bride.toggled(By.SIDE, "bride").text == "anna"


@pytest.mark.parametrize(
    ("word", "number"), [("+39", True), ("333", True), ("(02)", True), ("a1", False)]
)
def test_a_word_of_digits_is_part_of_a_number(word: str, number: bool) -> None:
    """Names hold no digits; what looks like a number is looked for in numbers."""
    assert is_number(word) is number
