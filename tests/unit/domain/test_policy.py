"""Limits are checked values: nonsense is refused with the field's name."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.policy import BOUNDS, Policy, as_texts, changed, checked

PAIRS = ["gap", "sibling", "rest", "pause", "typing", "final_pause"]
WHOLE = {f.name for f in fields(Policy) if type(getattr(Policy(), f.name)) is int}


def a_number(name: str) -> st.SearchStrategy[float]:
    low, high = BOUNDS[name]
    if name in WHOLE:
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_nan=False)


def test_the_defaults_are_a_valid_policy() -> None:
    """What ships passes its own check, and is what lifecycle §4 says."""
    policy = checked(Policy())
    assert (policy.per_hour, policy.per_day) == (10, 80)
    assert (policy.gap_min_seconds, policy.gap_max_seconds) == (30, 60)
    assert (policy.sibling_min_seconds, policy.sibling_max_seconds) == (5, 20)
    assert (policy.rest_after, policy.cooldown_seconds) == (10, 600)
    assert (policy.rest_min_seconds, policy.rest_max_seconds) == (900, 1800)
    assert (policy.max_attempts, policy.pause_after_failures) == (4, 5)
    assert policy.opening_hours == ()


def test_every_number_has_bounds() -> None:
    """No numeric field can be set without a limit to it."""
    numbers = {
        f.name
        for f in fields(Policy)
        if type(getattr(Policy(), f.name)) in (int, float)
    }
    assert numbers == set(BOUNDS)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_outside_its_bounds_a_number_is_refused_by_name(name: str) -> None:
    """One step below the lowest, one above the highest, NaN and infinity."""
    low, high = BOUNDS[name]
    for value in (low - 0.001, high + 0.001, math.nan, math.inf, -math.inf):
        with pytest.raises(BadInput) as refused:
            checked(replace(Policy(), **{name: value}))
        assert (refused.value.field, refused.value.code) == (
            name,
            "error.policy.bounds",
        )


@pytest.mark.parametrize("pair", PAIRS)
def test_a_shortest_time_is_never_longer_than_the_longest(pair: str) -> None:
    """Each min/max pair is compared; equal ends are a fixed time and fine."""
    low, high = f"{pair}_min_seconds", f"{pair}_max_seconds"
    with pytest.raises(BadInput) as refused:
        checked(replace(Policy(), **{low: 20.0, high: 19.0}))
    assert refused.value.field == low
    assert checked(replace(Policy(), **{low: 20.0, high: 20.0}))


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("per_hour", " 12 ", 12),
        ("gap_min_seconds", "12,5", 12.5),  # as Italians write it
        ("typing_jitter", "0.25", 0.25),
        ("windows", " 09:00-12:30 ", "09:00-12:30"),
        ("link_preview", "Yes", True),
        ("link_preview", "off", False),
    ],
)
def test_what_a_person_types_is_read(field: str, text: str, value: object) -> None:
    """Spaces, a comma as the decimal point, yes and no in several words."""
    policy = changed(Policy(), {field: text})
    assert getattr(policy, field) == value
    assert type(getattr(policy, field)) is type(value)


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("per_hour", "ten", "error.policy.number"),
        ("per_hour", "", "error.policy.number"),
        ("per_hour", "10.5", "error.policy.number"),
        ("per_hour", "0", "error.policy.bounds"),
        ("gap_min_seconds", "nan", "error.policy.bounds"),
        ("gap_max_seconds", "inf", "error.policy.bounds"),
        ("gap_min_seconds", "1e9", "error.policy.bounds"),
        ("link_preview", "perhaps", "error.policy.yes_no"),
        ("windows", "9-12", "error.policy.windows"),
        ("windows", "25:00-26:00", "error.policy.windows"),
        ("per_minute", "3", "error.policy.unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    field: str, text: str, code: str
) -> None:
    """The error names the field and what is wrong with it, for the page to show."""
    with pytest.raises(BadInput) as refused:
        changed(Policy(), {field: text})
    assert (refused.value.field, refused.value.code) == (field, code)


def test_an_unknown_field_is_answered_with_the_known_ones() -> None:
    """A typing error on the command line shows what there is."""
    with pytest.raises(BadInput) as refused:
        changed(Policy(), {"per_our": "3"})
    assert "per_hour" in str(refused.value.params["known"])


@given(st.data())
def test_any_valid_policy_survives_being_shown_and_saved(data: st.DataObject) -> None:
    """Saving the settings page without a change changes nothing at all."""
    values = {name: data.draw(a_number(name), label=name) for name in sorted(BOUNDS)}
    for pair in PAIRS:
        low, high = f"{pair}_min_seconds", f"{pair}_max_seconds"
        values[low], values[high] = sorted((values[low], values[high]))
    policy = checked(replace(Policy(), **values, link_preview=data.draw(st.booleans())))
    assert changed(Policy(), as_texts(policy)) == policy
