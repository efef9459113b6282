"""What guests read: whole in each of their six languages."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

import wedding_wa.words.invitation as module
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.words.invitation import guest_language, long_date

ROOT = Path(module.__file__).parent / "guests"
HOLE = re.compile(r"\{\w+\}")


def words(language: str) -> dict[str, dict[str, object]]:
    path = ROOT / language / "invitation.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", GUEST_LANGUAGES)
def test_languages_have_the_same_sentences(language: str) -> None:
    """None is missing, empty or untidy, and each takes what it is given."""
    english, here = words("en"), words(language)
    for part in ("text", "fixed"):
        assert set(here[part]) == set(english[part])
        for name, text in here[part].items():
            said = str(text).strip()
            assert said
            assert "..." not in said
            holes = set(HOLE.findall(said))
            assert holes == set(HOLE.findall(str(english[part][name]))), name


@pytest.mark.parametrize("language", GUEST_LANGUAGES)
def test_every_day_of_a_year_can_be_said(language: str) -> None:
    """Twelve months, seven weekdays, no hole left, no two days alike."""
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    said = {long_date(language, day) for day in days}
    assert len(said) == 365
    assert not any("{" in text for text in said)


def test_unknown_languages_read_english() -> None:
    """The first wish that is spoken counts."""
    assert guest_language("xx", None, "de", "it") == "de"
    assert guest_language("xx") == guest_language() == "en"
