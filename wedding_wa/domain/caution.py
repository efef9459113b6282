"""domain: which limits are looser than ours, and so put the number more at risk."""

from __future__ import annotations

from wedding_wa.domain.policy import Policy

# The larger, the riskier. Zero switches the latter off, which is the riskiest.
_LARGER = (
    "per_hour",
    "per_day",
    "unanswered_max",
    "rest_after",
    "pause_after_failures",
)
_OFF_AT_ZERO = ("unanswered_max", "rest_after", "pause_after_failures")
# The smaller, the riskier.
_SMALLER = (
    "gap_min_seconds",
    "gap_max_seconds",
    "sibling_min_seconds",
    "sibling_max_seconds",
    "cooldown_seconds",
    "human_hold_seconds",
    "rest_min_seconds",
    "rest_max_seconds",
    "pause_min_seconds",
    "pause_max_seconds",
    "typing_seconds_per_char",
    "typing_jitter",
    "typing_min_seconds",
    "typing_max_seconds",
    "final_pause_min_seconds",
    "final_pause_max_seconds",
    "backoff_base_seconds",
    "backoff_max_seconds",
)


def looser(policy: Policy, than: Policy | None = None) -> tuple[str, ...]:
    """Return the fields that send faster or less like a person than the defaults."""
    than = than or Policy()
    larger = (name for name in _LARGER if _is_larger(policy, than, name))
    smaller = (n for n in _SMALLER if getattr(policy, n) < getattr(than, n))
    return (*larger, *smaller)


def _is_larger(policy: Policy, than: Policy, name: str) -> bool:
    value, usual = getattr(policy, name), getattr(than, name)
    if name in _OFF_AT_ZERO and 0 in (value, usual):
        return bool(value == 0 != usual)
    return bool(value > usual)
