"""domain: the limits the owner edits, as one checked value.

Defaults are our choices within WAHA's advice ("How to Avoid Blocking"); nobody
outside WhatsApp knows its rule. Every duration is in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.windows import Windows, parse_windows

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How one account may send. Build with `checked`, which refuses nonsense."""

    per_hour: int = 10
    per_day: int = 80
    warmup_days: int = 0
    warmup_per_day: int = 10
    gap_min_seconds: float = 30.0
    gap_max_seconds: float = 60.0
    sibling_min_seconds: float = 5.0
    sibling_max_seconds: float = 20.0
    cooldown_seconds: float = 600.0
    unanswered_max: int = 3
    human_hold_seconds: float = 1800.0
    rest_after: int = 10
    rest_min_seconds: float = 900.0
    rest_max_seconds: float = 1800.0
    windows: str = ""
    pause_min_seconds: float = 2.0
    pause_max_seconds: float = 5.0
    typing_seconds_per_char: float = 0.3
    typing_jitter: float = 0.2
    typing_min_seconds: float = 2.0
    typing_max_seconds: float = 25.0
    final_pause_min_seconds: float = 0.5
    final_pause_max_seconds: float = 1.5
    max_attempts: int = 4
    backoff_base_seconds: float = 60.0
    backoff_max_seconds: float = 600.0
    notification_base_seconds: float = 300.0
    notification_max_factor: int = 32
    pause_after_failures: int = 5
    missed_after_seconds: float = 900.0
    link_preview: bool = False

    @property
    def opening_hours(self) -> Windows:
        """The sending windows, parsed; empty means round the clock."""
        return parse_windows(self.windows)


# Smallest and largest value the settings page and the command line accept.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "per_hour": (1, 1000),
    "per_day": (1, 10_000),
    "warmup_days": (0, 90),
    "warmup_per_day": (1, 10_000),
    "gap_min_seconds": (0, 3600),
    "gap_max_seconds": (0, 3600),
    "sibling_min_seconds": (0, 600),
    "sibling_max_seconds": (0, 600),
    "cooldown_seconds": (0, _DAY),
    "unanswered_max": (0, 100),
    "human_hold_seconds": (0, _DAY),
    "rest_after": (0, 1000),
    "rest_min_seconds": (0, _DAY),
    "rest_max_seconds": (0, _DAY),
    "pause_min_seconds": (0, 60),
    "pause_max_seconds": (0, 60),
    "typing_seconds_per_char": (0, 2),
    "typing_jitter": (0, 0.9),
    "typing_min_seconds": (0, 60),
    "typing_max_seconds": (0, 60),
    "final_pause_min_seconds": (0, 30),
    "final_pause_max_seconds": (0, 30),
    "max_attempts": (1, 20),
    "backoff_base_seconds": (0, 3600),
    "backoff_max_seconds": (0, _DAY),
    "notification_base_seconds": (0, 3600),
    "notification_max_factor": (1, 1024),
    "pause_after_failures": (0, 100),
    "missed_after_seconds": (0, 7 * _DAY),
}
_PAIRS = ("gap", "sibling", "rest", "pause", "typing", "final_pause")
_TYPES = {field.name: type(getattr(Policy(), field.name)) for field in fields(Policy)}


def checked(policy: Policy) -> Policy:
    """Return `policy` if every field makes sense; raise BadInput naming the field."""
    for name, (low, high) in BOUNDS.items():
        value = getattr(policy, name)
        if not low <= value <= high:  # also refuses NaN
            raise BadInput("error.policy.bounds", name, low=low, high=high)
    for pair in _PAIRS:
        low_name, high_name = f"{pair}_min_seconds", f"{pair}_max_seconds"
        if getattr(policy, low_name) > getattr(policy, high_name):
            raise BadInput("error.policy.min_max", low_name)
    parse_windows(policy.windows)
    return policy


def changed(policy: Policy, texts: Mapping[str, str]) -> Policy:
    """Return `policy` with fields read from what a person typed; checked.

    Raises BadInput for an unknown field or a value that is no number.
    """
    values: dict[str, Any] = {
        name: _read(name, text.strip()) for name, text in texts.items()
    }
    return checked(replace(policy, **values))


def as_texts(policy: Policy) -> dict[str, str]:
    """Return each field as a person would type it."""
    return {name: _write(value) for name, value in asdict(policy).items()}


def _read(name: str, text: str) -> object:
    kind = _TYPES.get(name)
    if kind is None:
        raise BadInput("error.policy.unknown", name, known=", ".join(_TYPES))
    if kind is str:
        return text
    if kind is bool:
        return _truth(name, text)
    try:
        return kind(text.replace(",", "."))
    except ValueError:
        raise BadInput("error.policy.number", name) from None


def _truth(name: str, text: str) -> bool:
    if text.lower() in ("true", "yes", "on", "1"):
        return True
    if text.lower() in ("false", "no", "off", "0"):
        return False
    raise BadInput("error.policy.yes_no", name)


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).removesuffix(".0")
