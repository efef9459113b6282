"""What the Guests page says for names that are known only while running."""

from __future__ import annotations

import pytest

from wedding_wa.domain.guest_search import By, Hint, parse_search
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.services.guest_list import Counts
from wedding_wa.state.guest_orders import ORDERS
from wedding_wa.state.guest_views import chip_views, hint_words
from wedding_wa.words import catalogue, languages

QUALIFIERS = [by for by in By if by is not By.WORD]


@pytest.mark.parametrize("lang", languages())
def test_every_order_is_asked_and_answered(lang: str) -> None:
    """Title, about and button of the question, and what was done; no words too many."""
    said = {
        key
        for key in catalogue(lang)
        if key.startswith(("guests.ask.", "guests.done."))
    }
    parts = ("title", "about", "action")
    asked = {f"guests.ask.{kind}.{part}" for kind in ORDERS for part in parts}
    assert said == asked | {f"guests.done.{kind}" for kind in ORDERS}


@pytest.mark.parametrize("lang", languages())
def test_every_language_has_its_name(lang: str) -> None:
    """And so has "none of its own"."""
    known = {f"guests.language.{code}" for code in (*GUEST_LANGUAGES, "none")}
    assert {
        key for key in catalogue(lang) if key.startswith("guests.language.")
    } == known


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("by", QUALIFIERS)
def test_every_wrong_value_is_explained(lang: str, by: By) -> None:
    """With what was typed, and with an example in the reader's own qualifiers."""
    (words,) = hint_words([Hint("value", "@@", by)], lang)
    assert "@@" in words
    example = "lato:" if lang == "it" else "side:"
    if by is By.SIDE:
        assert example in words


@pytest.mark.parametrize("lang", languages())
def test_the_example_searches_are_understood(lang: str) -> None:
    """What the page suggests to type works when it is typed."""
    for key in ("guests.search", "guests.filtered.about"):
        text = str(catalogue(lang)[key])
        typed = [word.strip(".,") for word in text.split() if ":" in word]
        assert typed
        assert parse_search(" ".join(typed)).hints == ()


def test_only_the_commonest_tags_are_chips() -> None:
    """A wedding with hundreds of tags keeps a page that one can see through."""
    tags = tuple((f"tag{n}", 100 - n) for n in range(100))
    counts = Counts(1, 1, {"groom": 1, "bride": 0}, {"opened": 1}, tags)
    chips = chip_views(counts, parse_search(""))
    assert [chip["value"] for chip in chips if chip["kind"] == "tag"] == [
        f"tag{n}" for n in range(6)
    ]
