"""What is written down about a guest, put in order."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import (
    NAME_LONGEST,
    TAG_LONGEST,
    clean_language,
    clean_line,
    clean_name,
    clean_notes,
    clean_side,
    clean_tag,
    clean_tags,
    fold,
)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("  Zoë   MÜLLER ", "zoe muller"),
        ("Łukasz Wałęsa", "lukasz walesa"),
        ("Søren Đorđević", "soren dordevic"),
        ("Straße", "strasse"),
        ("İsmail ışık", "ismail isik"),
        ("e\u0301", "e"),
        ("Ǆ", "dz"),
        ("", ""),
    ],
)
def test_letters_compare_without_case_and_accents(typed: str, folded: str) -> None:
    """People search as they type on any keyboard."""
    assert fold(typed) == folded


@given(st.text())
@example("ŉ\u0345")
@example("ẞ")
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is stored folded may be compared with what is typed folded."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_a_clean_line_is_clean(text: str) -> None:
    """Cleaning settles, and nothing that a database or a log chokes on is left."""
    line = clean_line(text)
    assert clean_line(line) == line
    assert not {"\x00", "\n", "\r", "\t"} & set(line)


def test_a_name_loses_the_marks_of_a_copied_contact() -> None:
    """Contacts copied from a phone carry marks of direction and odd spaces."""
    assert clean_name("\u202aAnna\u00a0 Rossi\u202c\n") == "Anna Rossi"


@pytest.mark.parametrize("typed", ["", "  ", "\u200b", "\x00", "\u0301"])
def test_nothing_is_no_name(typed: str) -> None:
    """A name that cannot be seen would be a row that nobody can open."""
    with pytest.raises(BadInput) as wrong:
        clean_name(typed)
    assert wrong.value.field == "name"


def test_a_name_has_an_end() -> None:
    """The longest name that fits is taken whole, one letter more is not."""
    assert len(clean_name("a" * NAME_LONGEST)) == NAME_LONGEST
    with pytest.raises(BadInput):
        clean_name("a" * (NAME_LONGEST + 1))


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("Family", "family"),
        ("#Close  friends", "close-friends"),
        ("università", "università"),
        ("hen/stag", "hen-stag"),
        ('"tag:x"', "tagx"),
        ("B&B", "b&b"),
    ],
)
def test_a_tag_is_one_word(typed: str, tag: str) -> None:
    """A tag can be typed after `tag:` without quotes."""
    assert clean_tag(typed) == tag


@given(st.text(max_size=TAG_LONGEST))
def test_a_tag_stays_what_it_is(text: str) -> None:
    """Cleaning settles; what it gives holds no space, comma, quote or colon."""
    try:
        tag = clean_tag(text)
        again = clean_tag(tag)
    except BadInput:
        return
    assert again == tag
    assert not set(' ,;:"\t\n') & set(tag)


def test_tags_are_written_with_commas() -> None:
    """Each once, in the order of writing, and an empty part is no mistake."""
    assert clean_tags("Family, work,, family ,#Choir") == ("family", "work", "choir")
    assert clean_tags(" , ") == ()


def test_only_the_two_sides_are_sides() -> None:
    """A side names an account; anything else would speak to nobody."""
    assert clean_side(" Groom ") == "groom"
    with pytest.raises(BadInput) as wrong:
        clean_side("both")
    assert wrong.value.field == "side"


def test_a_language_is_one_that_the_invitation_speaks() -> None:
    """Empty means: as the household, as the wedding."""
    assert clean_language("IT ") == "it"
    assert clean_language("") is None
    assert clean_language(None) is None
    with pytest.raises(BadInput):
        clean_language("tlh")


def test_notes_keep_their_lines() -> None:
    """A note may be a list; what cannot be seen goes."""
    assert clean_notes("no nuts\r\n\x00table 4 \n") == "no nuts\ntable 4"
