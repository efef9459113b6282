"""api: an account's limits, field by field, with their units and the rules' bounds.

The bounds are those of `domain.policy`; a test holds the two lists together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import Field

from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import Body
from wedding_wa.domain.policy import BOUNDS, Policy

#: What each number counts.
ABOUT: Mapping[str, str] = {
    "per_hour": "messages in any rolling hour",
    "per_day": "messages in any 24 hours",
    "warmup_days": "days of warm-up of a newly linked number; 0: none",
    "warmup_per_day": "messages on the first day of the warm-up",
    "gap_min_seconds": "seconds between two sends, at least",
    "gap_max_seconds": "seconds between two sends, at most: drawn anew each time",
    "sibling_min_seconds": "seconds between sends of the two numbers, at least",
    "sibling_max_seconds": "seconds between sends of the two numbers, at most",
    "cooldown_seconds": "seconds between two messages to the same guest",
    "unanswered_max": "messages to a guest who does not answer; 0: no limit",
    "human_hold_seconds": "seconds of quiet after one of the couple typed; 0: none",
    "rest_after": "messages in a row after which it rests; 0: never",
    "rest_min_seconds": "seconds of rest, at least",
    "rest_max_seconds": "seconds of rest, at most",
    "windows": "hours in which it may send, in the wedding's time zone; empty: always",
    "pause_min_seconds": "seconds between reading and typing, at least",
    "pause_max_seconds": "seconds between reading and typing, at most",
    "typing_seconds_per_char": "seconds of typing for each character",
    "typing_jitter": "by which part of it the time of typing varies",
    "typing_min_seconds": "seconds of typing, at least",
    "typing_max_seconds": "seconds of typing, at most",
    "final_pause_min_seconds": "seconds between typing and sending, at least",
    "final_pause_max_seconds": "seconds between typing and sending, at most",
    "max_attempts": "tries in all",
    "backoff_base_seconds": "seconds to the second try, at most; doubled with each",
    "backoff_max_seconds": "seconds between two tries, at most",
    "notification_base_seconds": "seconds to a notification's second try, at most",
    "notification_max_factor": "how many times as long that may get with each try",
    "pause_after_failures": "failures in a row that pause the account; 0: never",
    "missed_after_seconds": "seconds late after which a missed message asks first",
    "link_preview": "whether links are sent with a preview",
}
_USUAL = {field.name: field.default for field in fields(Policy)}
_LONGEST = 400


def _bounds(name: str) -> dict[str, Any]:
    if name in BOUNDS:
        low, high = BOUNDS[name]
        return {"ge": low, "le": high, "allow_inf_nan": False}
    return {"max_length": _LONGEST} if name == "windows" else {}


def _told(name: str) -> Any:
    """A limit as it is answered."""
    bounds = _bounds(name) if name in BOUNDS else {}
    return Field(description=_sentence(name), examples=[_USUAL[name]], **bounds)


def _asked(name: str) -> Any:
    """A limit that may be changed; left out it stays, and null is no limit."""
    return Field(
        default_factory=lambda: None,
        description=_sentence(name),
        examples=[_USUAL[name]],
        **_bounds(name),
    )


def _sentence(name: str) -> str:
    return f"{ABOUT[name][0].upper()}{ABOUT[name][1:]}."


class PolicyShape(Shape):
    """How an account may send. Every duration is in seconds."""

    per_hour: int = _told("per_hour")
    per_day: int = _told("per_day")
    warmup_days: int = _told("warmup_days")
    warmup_per_day: int = _told("warmup_per_day")
    gap_min_seconds: float = _told("gap_min_seconds")
    gap_max_seconds: float = _told("gap_max_seconds")
    sibling_min_seconds: float = _told("sibling_min_seconds")
    sibling_max_seconds: float = _told("sibling_max_seconds")
    cooldown_seconds: float = _told("cooldown_seconds")
    unanswered_max: int = _told("unanswered_max")
    human_hold_seconds: float = _told("human_hold_seconds")
    rest_after: int = _told("rest_after")
    rest_min_seconds: float = _told("rest_min_seconds")
    rest_max_seconds: float = _told("rest_max_seconds")
    windows: str = _told("windows")
    pause_min_seconds: float = _told("pause_min_seconds")
    pause_max_seconds: float = _told("pause_max_seconds")
    typing_seconds_per_char: float = _told("typing_seconds_per_char")
    typing_jitter: float = _told("typing_jitter")
    typing_min_seconds: float = _told("typing_min_seconds")
    typing_max_seconds: float = _told("typing_max_seconds")
    final_pause_min_seconds: float = _told("final_pause_min_seconds")
    final_pause_max_seconds: float = _told("final_pause_max_seconds")
    max_attempts: int = _told("max_attempts")
    backoff_base_seconds: float = _told("backoff_base_seconds")
    backoff_max_seconds: float = _told("backoff_max_seconds")
    notification_base_seconds: float = _told("notification_base_seconds")
    notification_max_factor: int = _told("notification_max_factor")
    pause_after_failures: int = _told("pause_after_failures")
    missed_after_seconds: float = _told("missed_after_seconds")
    link_preview: bool = _told("link_preview")


class PolicyChange(Body):
    """What is to change; what is left out stays. Of two ends of a span the smaller one
    must not be above the larger."""

    per_hour: int = _asked("per_hour")
    per_day: int = _asked("per_day")
    warmup_days: int = _asked("warmup_days")
    warmup_per_day: int = _asked("warmup_per_day")
    gap_min_seconds: float = _asked("gap_min_seconds")
    gap_max_seconds: float = _asked("gap_max_seconds")
    sibling_min_seconds: float = _asked("sibling_min_seconds")
    sibling_max_seconds: float = _asked("sibling_max_seconds")
    cooldown_seconds: float = _asked("cooldown_seconds")
    unanswered_max: int = _asked("unanswered_max")
    human_hold_seconds: float = _asked("human_hold_seconds")
    rest_after: int = _asked("rest_after")
    rest_min_seconds: float = _asked("rest_min_seconds")
    rest_max_seconds: float = _asked("rest_max_seconds")
    windows: str = _asked("windows")
    pause_min_seconds: float = _asked("pause_min_seconds")
    pause_max_seconds: float = _asked("pause_max_seconds")
    typing_seconds_per_char: float = _asked("typing_seconds_per_char")
    typing_jitter: float = _asked("typing_jitter")
    typing_min_seconds: float = _asked("typing_min_seconds")
    typing_max_seconds: float = _asked("typing_max_seconds")
    final_pause_min_seconds: float = _asked("final_pause_min_seconds")
    final_pause_max_seconds: float = _asked("final_pause_max_seconds")
    max_attempts: int = _asked("max_attempts")
    backoff_base_seconds: float = _asked("backoff_base_seconds")
    backoff_max_seconds: float = _asked("backoff_max_seconds")
    notification_base_seconds: float = _asked("notification_base_seconds")
    notification_max_factor: int = _asked("notification_max_factor")
    pause_after_failures: int = _asked("pause_after_failures")
    missed_after_seconds: float = _asked("missed_after_seconds")
    link_preview: bool = _asked("link_preview")
