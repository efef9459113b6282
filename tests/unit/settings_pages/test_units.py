"""Limits as people read and type them, and back again."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest

from wedding_wa.domain.caution import looser
from wedding_wa.domain.policy import BOUNDS, Policy, changed
from wedding_wa.state.settings_units import FIELDS, UNITS, faults, meant, shown
from wedding_wa.words import catalogue, languages

DEFAULTS = Policy()


def test_every_limit_can_be_edited() -> None:
    """A field that is added to the policy is missing on the page only until here."""
    assert set(FIELDS) == {field.name for field in fields(Policy)}
    assert set(UNITS) == set(BOUNDS)


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize(
    "policy",
    [
        DEFAULTS,
        Policy(
            cooldown_seconds=90,
            rest_min_seconds=0,
            rest_max_seconds=86_400,
            typing_jitter=0.07,
            typing_seconds_per_char=0.125,
            windows="09:00-12:30, 22:00-24:00",
            link_preview=True,
        ),
    ],
)
def test_what_is_shown_means_what_is_stored(policy: Policy, lang: str) -> None:
    """Every text of the page, typed again as it stands, gives the same limits."""
    texts = {name: meant(name, text) for name, text in shown(policy, lang).items()}
    assert changed(DEFAULTS, texts) == policy


def test_units_are_peoples_units() -> None:
    """Ten minutes read 10, not 600; twenty percent read 20; Italians write commas."""
    texts = shown(DEFAULTS, "it")
    assert texts["cooldown_seconds"] == "10"
    assert (texts["rest_min_seconds"], texts["rest_max_seconds"]) == ("15", "30")
    assert texts["typing_jitter"] == "20"
    assert texts["typing_seconds_per_char"] == "0,3"
    assert shown(DEFAULTS, "en")["typing_seconds_per_char"] == "0.3"


@pytest.mark.parametrize("typed", ["2,5", "2.5", " 2.5 "])
def test_both_decimal_marks_are_understood(typed: str) -> None:
    """Whatever the language, a comma and a point mean the same."""
    assert float(meant("cooldown_seconds", typed)) == 150


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("per_hour", "0", "This must be between 1 and 1000."),
        ("per_hour", "2.5", "This must be a whole number."),
        ("per_hour", "", "This must be a whole number."),
        ("cooldown_seconds", "1441", "This must be between 0 and 1440."),
        ("cooldown_seconds", "ten", "This must be a number."),
        ("cooldown_seconds", "nan", "This must be between 0 and 1440."),
        ("cooldown_seconds", "1e999", "This must be between 0 and 1440."),
        ("typing_jitter", "95", "This must be between 0 and 90."),
        ("gap_min_seconds", "61", "The smallest value must not be above the largest."),
    ],
)
def test_a_wrong_value_is_told_in_its_own_unit(
    name: str, typed: str, sentence: str
) -> None:
    """Bounds are said in minutes where one types minutes, in percent for percent."""
    assert faults(DEFAULTS, {name: typed}, "en") == {name: sentence}


def test_every_wrong_field_is_told_at_once() -> None:
    """Nobody mends one field only to be told of the next."""
    typed = {
        "per_hour": "x",
        "gap_min_seconds": "90",
        "rest_max_seconds": "1",
        "windows": "9-12",
        "per_day": "70",
    }
    assert set(faults(DEFAULTS, typed, "en")) == {
        "per_hour",
        "gap_min_seconds",
        "rest_min_seconds",
        "windows",
    }


def test_two_ends_are_judged_together() -> None:
    """Moving both ends of a span up is no fault, though each alone would be."""
    typed = {"gap_min_seconds": "100", "gap_max_seconds": "120"}
    assert faults(DEFAULTS, typed, "en") == {}


def test_a_label_and_a_hint_for_every_field() -> None:
    """Every limit has its name and one line of explanation, a span one for both."""
    keys = set(catalogue("en"))
    for name in FIELDS:
        span = name.replace("_min_seconds", "").replace("_max_seconds", "")
        row = span if f"{span}_min_seconds" in FIELDS else name
        assert {f"limits.field.{row}.label", f"limits.field.{row}.about"} <= keys


@pytest.mark.parametrize(
    ("change", "riskier"),
    [
        ({"per_hour": 11}, True),
        ({"per_hour": 9}, False),
        ({"gap_min_seconds": 29}, True),
        ({"gap_max_seconds": 61}, False),
        ({"rest_after": 0}, True),
        ({"rest_after": 5}, False),
        ({"pause_after_failures": 0}, True),
        ({"typing_seconds_per_char": 0.1}, True),
        ({"windows": "09:00-20:00"}, False),
        ({"link_preview": True}, False),
    ],
)
def test_what_counts_as_looser(change: dict[str, object], riskier: bool) -> None:
    """Faster, more, or less like a person than the defaults is named; never more."""
    policy = replace(DEFAULTS, **change)  # type: ignore[arg-type]
    assert looser(policy) == (tuple(change) if riskier else ())


def test_the_defaults_are_not_loose() -> None:
    """No warning for somebody who changed nothing."""
    assert looser(DEFAULTS) == ()
    assert looser(Policy(**asdict(DEFAULTS))) == ()
