"""domain: for how long things are kept, as one checked value. Everything in days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from wedding_wa.domain.errors import BadInput


class FailedAction(StrEnum):
    """What becomes of a failed message once it is old."""

    ARCHIVE = "archive"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Retention:
    """What the owner wants. Build with `changed`, which refuses nonsense.

    `failed_days`: failed messages, counted from when they were given up.
    `attempts_days`: tries of messages that are done, unless they still weigh.
    `webhooks_days`: the bodies of WAHA's events, and what was turned away.
    `history_days`: how accounts fared: status changes, gaps in hearing, old notices;
    and how far back programs may read what the feed told.
    """

    failed_days: int = 7
    failed_action: FailedAction = FailedAction.ARCHIVE
    attempts_days: int = 30
    webhooks_days: int = 30
    history_days: int = 90


# Smallest and largest the page accepts. A day's limits read tries of a day; the rest
# of the margin is for looking into what went wrong last week.
BOUNDS: Mapping[str, tuple[int, int]] = {
    "failed_days": (1, 3650),
    "attempts_days": (7, 3650),
    "webhooks_days": (2, 3650),
    "history_days": (7, 3650),
}
FIELDS = (*BOUNDS, "failed_action")


def from_stored(fields: Mapping[str, object]) -> Retention:
    """Return what was saved; a field that is missing has its default."""
    known = {name: str(fields[name]) for name in FIELDS if name in fields}
    return changed(Retention(), known)


def changed(retention: Retention, texts: Mapping[str, str]) -> Retention:
    """Return `retention` with fields read from what a person typed.

    Raises BadInput naming the field: unknown, no whole number, out of bounds.
    """
    values: dict[str, Any] = {
        name: _read(name, text.strip()) for name, text in texts.items()
    }
    return replace(retention, **values)


def as_texts(retention: Retention) -> dict[str, str]:
    """Return each field as a person would type it."""
    return {name: str(value) for name, value in asdict(retention).items()}


def _read(name: str, text: str) -> int | FailedAction:
    if name == "failed_action":
        return _action(text)
    if name not in BOUNDS:
        raise BadInput("maintenance.error.unknown", name, known=", ".join(FIELDS))
    low, high = BOUNDS[name]
    # not int(): it also takes "1_0" and figures of other scripts
    if not (text.isascii() and text.isdecimal()):
        raise BadInput("maintenance.error.number", name)
    if not low <= int(text[:9]) <= high:
        raise BadInput("error.policy.bounds", name, low=low, high=high)
    return int(text)


def _action(text: str) -> FailedAction:
    try:
        return FailedAction(text)
    except ValueError:
        raise BadInput("maintenance.error.action", "failed_action") from None
