"""domain: how would a person send it? The pauses of one send, drawn beforehand."""

from __future__ import annotations

import random
from dataclasses import dataclass

from wedding_wa.domain.policy import Policy

# Windows are written in minutes; in the shortest one something must be able to go.
_SHORTEST_WINDOW_SECONDS = 50.0


def clamp(value: float, low: float, high: float) -> float:
    """Return `value`, or the end of the span that it lies beyond."""
    return max(low, min(value, high))


@dataclass(frozen=True, slots=True)
class HumanPlan:
    """What was drawn for one send, in seconds, before it begins."""

    pause: float
    typing: float
    final_pause: float
    gap: float
    sibling: float
    rest: float


def takes_at_most(text: str, policy: Policy) -> float:
    """The most seconds that `plan_like_a_person` may draw before `text` goes, as far as
    they matter: no sending window is that short."""
    typing = len(text) * policy.typing_seconds_per_char * (1 + policy.typing_jitter)
    longest = (
        policy.pause_max_seconds
        + clamp(typing, policy.typing_min_seconds, policy.typing_max_seconds)
        + policy.final_pause_max_seconds
    )
    return min(longest, _SHORTEST_WINDOW_SECONDS)


def plan_like_a_person(text: str, policy: Policy, rng: random.Random) -> HumanPlan:
    """Draw the pauses of one send: typing grows with the text, within its limits."""
    jitter = 1 + rng.uniform(-policy.typing_jitter, policy.typing_jitter)
    typing = len(text) * policy.typing_seconds_per_char * jitter
    return HumanPlan(
        pause=rng.uniform(policy.pause_min_seconds, policy.pause_max_seconds),
        typing=clamp(typing, policy.typing_min_seconds, policy.typing_max_seconds),
        final_pause=rng.uniform(
            policy.final_pause_min_seconds, policy.final_pause_max_seconds
        ),
        gap=rng.uniform(policy.gap_min_seconds, policy.gap_max_seconds),
        sibling=rng.uniform(policy.sibling_min_seconds, policy.sibling_max_seconds),
        rest=rng.uniform(policy.rest_min_seconds, policy.rest_max_seconds),
    )
