"""domain: what a failed try means, and when to try again.

The table of docs/lifecycle.md §5 as code. Waiting is not failing: only a try that
failed for the message's own sake counts; an account that is down costs nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedding_wa.domain.errors import (
    AccountDown,
    MaybeSent,
    MessageRefused,
    RateLimited,
    Restricted,
    SessionNotReady,
    WahaError,
)
from wedding_wa.domain.messages import HoldRule, Kind, Outcome
from wedding_wa.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the message after a try that brought no id.

    `hold` is set where the message waits without a failure being counted.
    `retry_after` is WAHA's own wish in seconds.
    """

    outcome: Outcome
    hold: HoldRule | None = None
    until: datetime | None = None
    retry_after: float | None = None


def judge(error: WahaError) -> Verdict:
    """Say what `error` means for the message that was being sent."""
    match error:
        case MaybeSent():
            return Verdict(Outcome.MAYBE_SENT)
        case MessageRefused():
            return Verdict(Outcome.REFUSED)
        case Restricted(until=until):
            return Verdict(Outcome.RESTRICTED, HoldRule.RESTRICTED, until)
        case AccountDown() | SessionNotReady():
            return Verdict(Outcome.ACCOUNT_DOWN, HoldRule.ACCOUNT_DOWN)
        case RateLimited(retry_after=seconds):
            return Verdict(Outcome.NOT_SENT, retry_after=seconds)
        case _:
            return Verdict(Outcome.NOT_SENT)


def backoff(
    kind: str,
    failures: int,
    policy: Policy,
    rng: random.Random,
    *,
    retry_after: float | None = None,
) -> timedelta:
    """Exponential back-off with full jitter after `failures` (1, 2, …) failed tries.

    API sends: uniform in (0, min(max, base × 2^(failures−1))]; notifications:
    uniform in (0, min(factor × base, base × 2^failures)]. Never sooner than
    `retry_after` seconds, which WAHA asked for. Source: "Exponential Backoff And
    Jitter", AWS Architecture Blog, 2015.
    """
    if kind == Kind.NOTIFICATION:
        base = policy.notification_base_seconds
        ceiling = min(base * policy.notification_max_factor, base * 2.0**failures)
    else:
        base = policy.backoff_base_seconds
        ceiling = min(policy.backoff_max_seconds, base * 2.0 ** (failures - 1))
    seconds = ceiling * (1.0 - rng.random())
    return timedelta(seconds=max(seconds, retry_after or 0.0))
