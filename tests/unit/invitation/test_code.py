"""The code in a guest's first message is found again, whatever was done around it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.invitation import (
    CODE_ALPHABET,
    CODE_LENGTH,
    GUEST_LANGUAGES,
    MOST_CANDIDATES,
    TEXTS,
    checked_text,
    code_in,
    filled,
    new_code,
)
from wedding_wa.services.invitations import greeting_text, invitation_link, wa_me_link
from wedding_wa.words.invitation import default_texts

codes = st.text(CODE_ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
# Anything may stand around a code, except a letter or digit that touches it.
around = st.text(max_size=60)
edges = st.sampled_from(
    [" ", "\n", "(", ")", "_", "*", ".", "“", "…", "-", "🎉", "\u2068"]
)


@given(codes, around, edges, edges, around)
def test_code_survives_its_surroundings(
    code: str, before: str, left: str, right: str, after: str
) -> None:
    """A code that is a word of its own is among the candidates."""
    assert code in code_in(f"{before}{left}{code}{right}{after}")


@given(codes, st.data())
def test_code_survives_any_case(code: str, data: st.DataObject) -> None:
    """A keyboard that writes capitals as it likes changes nothing."""
    flips = data.draw(st.lists(st.booleans(), min_size=5, max_size=5))
    pairs = zip(code, flips, strict=True)
    typed = "".join(char.lower() if low else char for char, low in pairs)
    assert code in code_in(f"hi! (invitation {typed}) see you")


@given(codes, st.text(max_size=40), st.sampled_from(GUEST_LANGUAGES))
def test_greeting_round_trip(code: str, name: str, language: str) -> None:
    """The likeliest code in an untouched greeting is its own, in every language."""
    text = greeting_text(
        language, code=code, couple="Anna & Luca", household=name.replace(")", "")
    )
    assert code_in(text)[0] == code


@given(st.text(max_size=300))
def test_candidates_are_codes(text: str) -> None:
    """Whatever comes, candidates are few, different, and look like codes."""
    found = code_in(text)
    assert len(found) == len(set(found)) <= MOST_CANDIDATES
    assert all(len(c) == CODE_LENGTH and set(c) <= set(CODE_ALPHABET) for c in found)


@given(st.integers())
def test_new_codes_are_no_words(seed: int) -> None:
    """Always a letter and a digit: no word, no name, no post code is one by chance."""
    code = new_code(Random(seed).choice)
    assert code_in(code) == (code,)
    assert any(char.isdigit() for char in code)
    assert any(char.isalpha() for char in code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("K7M2P", ("K7M2P",)),
        ("Ciao!! invito k7m2p, siamo noi", ("K7M2P",)),
        ("(Invitation K7 M2P)", ("K7M2P",)),  # parted by the keyboard
        ("(Invitation K7-M2P)", ("K7M2P",)),
        ("K7M2PX", ()),  # longer words hold none
        ("éK7M2P", ()),
        ("K7M2O", ()),  # no O in any code
        ("Hello there, we are coming", ("THERE",)),  # only who knows them can tell
        ("there (Invitation K7M2P)", ("K7M2P", "THERE")),
        ("", ()),
    ],
)
def test_examples(text: str, expected: tuple[str, ...]) -> None:
    """What is a candidate, and which one is likelier."""
    assert code_in(text) == expected


@pytest.mark.parametrize("language", GUEST_LANGUAGES)
def test_defaults_are_allowed(language: str) -> None:
    """What we propose passes the check that the couple's words must pass."""
    texts = default_texts(language)
    assert set(texts) == set(TEXTS)
    assert {name: checked_text(name, text) for name, text in texts.items()} == texts


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("greeting", "Hello {couple}", "invitation_settings.error.code"),
        ("greeting", "Hello Nr{code}", "invitation_settings.error.code_alone"),
        ("greeting", "Hi {code} {day}", "invitation_settings.error.hole"),
        ("letter", "We are {code}", "invitation_settings.error.hole"),
        ("letter", " \n ", "invitation_settings.error.empty"),
        ("button", "x" * 41, "invitation_settings.error.long"),
    ],
)
def test_wrong_texts(name: str, text: str, code: str) -> None:
    """A text that would leave a hole, or a greeting without its code, is refused."""
    with pytest.raises(BadInput) as caught:
        checked_text(name, text)
    assert (caught.value.code, caught.value.field) == (code, name)


def test_text_is_tidied() -> None:
    """Blanks at the ends go, paragraphs stay, and so does a family of emoji."""
    assert checked_text("letter", " a  \r\n\r\nb\x00 👨‍👩‍👧\n") == "a\n\nb 👨‍👩‍👧"


def test_filled_once() -> None:
    """A name that looks like a placeholder is only a name."""
    assert filled("{couple} {x}", {"couple": "{code}", "code": "NO"}) == "{code} {x}"


def test_wa_me_link_is_exact() -> None:
    """wa.me wants bare digits and every other character percent-encoded."""
    text = "Ciao Anna & Luca, qui Rossi? (Invito K7M2P) +1/🎉"
    assert wa_me_link("+39 333 123-4567", text) == (
        "https://wa.me/393331234567?text=Ciao%20Anna%20%26%20Luca%2C%20qui%20Rossi%3F"
        "%20%28Invito%20K7M2P%29%20%2B1%2F%F0%9F%8E%89"
    )


def test_invitation_link() -> None:
    """One slash between the address and the path, whatever was configured."""
    assert invitation_link("https://we.example/", "tok_en") == (
        "https://we.example/i/tok_en"
    )
