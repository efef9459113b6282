"""The catalogues: complete in both languages, every key said, nothing said without."""

from __future__ import annotations

import re

import pytest

from tests.unit.words.families import FAMILIES
from tests.unit.words.sources import patterns, said
from wedding_wa.words import catalogue, entries, languages

HOLE = re.compile(r"\{(\w+)\}")
KEYS = sorted(catalogue("en"))


def test_english_and_italian_are_there() -> None:
    """Both languages are there from the start, English as what others fall back on."""
    assert languages()[0] == "en"
    assert {"en", "it"} <= set(languages())
    assert len(KEYS) > 50


@pytest.mark.parametrize("lang", languages()[1:])
def test_languages_have_the_same_keys(lang: str) -> None:
    """A sentence added in one language is missing in none."""
    assert set(catalogue(lang)) == set(KEYS)


@pytest.mark.parametrize("lang", languages())
def test_placeholders_agree(lang: str) -> None:
    """What a sentence is given, it takes in every language, in both plural forms."""
    differing = {
        key: found for key in KEYS if (found := _holes(lang, key)) != _holes("en", key)
    }
    assert not differing


@pytest.mark.parametrize("lang", languages())
def test_no_sentence_is_empty_or_untidy(lang: str) -> None:
    """No empty sentences, no blanks at the ends, no straight three dots."""
    untidy = [
        key
        for key in KEYS
        for text in entries(catalogue(lang)[key])
        if not text or text != text.strip() or "..." in text
    ]
    assert not untidy


def test_everything_said_exists() -> None:
    """A key in the sources that no catalogue has would be shown as its own name."""
    families = {*FAMILIES, *(p.pattern.replace("\\.", ".") for p in patterns())}
    prefixes = {key.rpartition(".")[0] for key in KEYS} | families
    assert not sorted(said() - prefixes - {*KEYS})


def test_every_pattern_says_something() -> None:
    """A family in the sources whose keys were all renamed is found."""
    silent = [p.pattern for p in patterns() if not any(map(p.fullmatch, KEYS))]
    assert not silent


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_families_are_complete(family: str) -> None:
    """Every value of an enum that people see has its words, and only those do."""
    direct = re.compile(re.escape(family) + r"\.(\w+)")
    known = {match[1] for key in KEYS if (match := direct.fullmatch(key))}
    assert known == set(FAMILIES[family])


def test_no_key_is_unused() -> None:
    """Words that nobody says any more are thrown away."""
    unused = [
        key
        for key in KEYS
        if key not in said() and not any(p.fullmatch(key) for p in patterns())
    ]
    assert not unused


def _holes(lang: str, key: str) -> list[set[str]]:
    """The placeholders; a plural may leave `n` out of the form for one."""
    found = [set(HOLE.findall(text)) for text in entries(catalogue(lang)[key])]
    return [holes - {"n"} for holes in found] if len(found) > 1 else found
