"""state: limits as people read and type them: minutes, percent, a decimal comma.

The rules and the database know seconds and fractions; here is the one place that
converts. A text is what stands in a field of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.policy import BOUNDS, Policy, as_texts, changed
from wedding_wa.words import say


class Unit(StrEnum):
    """What a number on the page counts."""

    COUNT = "count"
    SECONDS = "seconds"
    MINUTES = "minutes"
    PERCENT = "percent"


UNITS: Mapping[str, Unit] = {
    "per_hour": Unit.COUNT,
    "per_day": Unit.COUNT,
    "warmup_days": Unit.COUNT,
    "warmup_per_day": Unit.COUNT,
    "gap_min_seconds": Unit.SECONDS,
    "gap_max_seconds": Unit.SECONDS,
    "sibling_min_seconds": Unit.SECONDS,
    "sibling_max_seconds": Unit.SECONDS,
    "cooldown_seconds": Unit.MINUTES,
    "unanswered_max": Unit.COUNT,
    "human_hold_seconds": Unit.MINUTES,
    "rest_after": Unit.COUNT,
    "rest_min_seconds": Unit.MINUTES,
    "rest_max_seconds": Unit.MINUTES,
    "pause_min_seconds": Unit.SECONDS,
    "pause_max_seconds": Unit.SECONDS,
    "typing_seconds_per_char": Unit.SECONDS,
    "typing_jitter": Unit.PERCENT,
    "typing_min_seconds": Unit.SECONDS,
    "typing_max_seconds": Unit.SECONDS,
    "final_pause_min_seconds": Unit.SECONDS,
    "final_pause_max_seconds": Unit.SECONDS,
    "max_attempts": Unit.COUNT,
    "backoff_base_seconds": Unit.MINUTES,
    "backoff_max_seconds": Unit.MINUTES,
    "notification_base_seconds": Unit.MINUTES,
    "notification_max_factor": Unit.COUNT,
    "pause_after_failures": Unit.COUNT,
    "missed_after_seconds": Unit.MINUTES,
}
FIELDS = (*UNITS, "windows", "link_preview")

# One unit in the policy's own measure.
_SIZES = {Unit.COUNT: 1.0, Unit.SECONDS: 1.0, Unit.MINUTES: 60.0, Unit.PERCENT: 0.01}
_MIN_MAX = "error.policy.min_max"
_NUMBER = "error.policy.number"


def shown(policy: Policy, lang: str) -> dict[str, str]:
    """Return each field's text as the page shows it."""
    texts, values = as_texts(policy), asdict(policy)
    numbers = {name: number(values[name], UNITS[name], lang) for name in UNITS}
    return texts | numbers


def number(value: float, unit: Unit, lang: str) -> str:
    """Return a policy's number in `unit`, with the decimal mark of `lang`."""
    return f"{value / _SIZES[unit]:g}".replace(".", say(lang, "limits.decimal_mark"))


def meant(name: str, text: str) -> str:
    """Return what a typed text means to the policy; nonsense stays as it is."""
    unit, text = UNITS.get(name, Unit.COUNT), text.strip()
    if unit in (Unit.COUNT, Unit.SECONDS):
        return text
    try:
        value = float(text.replace(",", ".")) * _SIZES[unit]
    except ValueError:
        return text
    return str(round(value, 6))


def faults(policy: Policy, typed: Mapping[str, str], lang: str) -> dict[str, str]:
    """Return a sentence for every typed field that would be refused.

    Two ends of a span that cross are told at the lower one.
    """
    texts = {name: meant(name, text) for name, text in typed.items()}
    wrong: dict[str, str] = {}
    for name, text in texts.items():
        error = _fault(policy, {name: text})
        if error and error.code != _MIN_MAX:
            wrong[name] = sentence(error, lang)
    good = {name: text for name, text in texts.items() if name not in wrong}
    while error := _fault(policy, good):
        wrong[error.field] = sentence(error, lang)
        ends = (error.field, error.field.replace("_min_", "_max_"))
        if not any(good.pop(end, None) for end in ends):
            break
    return wrong


def sentence(error: BadInput, lang: str) -> str:
    """Say what is wrong, its bounds in the unit in which one types."""
    unit, params = UNITS.get(error.field), dict(error.params)
    if unit is Unit.COUNT and error.code == _NUMBER:
        return say(lang, "limits.whole_number")
    if unit and error.field in BOUNDS and "low" in params:
        low, high = BOUNDS[error.field]
        params |= {"low": number(low, unit, lang), "high": number(high, unit, lang)}
    return say(lang, error.code, **params)


def _fault(policy: Policy, texts: Mapping[str, str]) -> BadInput | None:
    try:
        changed(policy, texts)
    except BadInput as error:
        return error
    return None
