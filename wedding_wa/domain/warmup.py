"""domain: warm-up: a newly linked number begins with few messages a day.

The limit of a day grows in even steps from `warmup_per_day` on the first day to the
ordinary `per_day` once `warmup_days` have passed. WAHA's advice ("a new number starts
with zero points"); the figures are our choice. Off while `warmup_days` is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from wedding_wa.domain.policy import Policy

DAY = timedelta(hours=24)


def day_of(linked_at: datetime | None, now: datetime) -> int:
    """Return how many whole days ago the number was linked; 0 on its first day."""
    return max(0, (now - linked_at) // DAY) if linked_at else 0


def daily_limit(
    policy: Policy, linked_at: datetime | None, now: datetime
) -> int | None:
    """Return the limit that warm-up sets for these 24 hours; None: none any more.

    A number of which nobody knows since when it is linked counts as an old one.
    """
    day = day_of(linked_at, now)
    if linked_at is None or day >= policy.warmup_days:
        return None
    first = min(policy.warmup_per_day, policy.per_day)
    return first + (policy.per_day - first) * day // policy.warmup_days


def next_free(
    policy: Policy,
    linked_at: datetime,
    sends: Sequence[datetime],
    now: datetime,
) -> datetime:
    """Return the first moment after `now` at which one more send is within the limit:
    an earlier one has left the 24 hours, or the limit has grown."""
    steps = [linked_at + day * DAY for day in range(1, policy.warmup_days + 1)]
    leave = [sent + DAY for sent in sends]
    later = sorted(moment for moment in (*steps, *leave) if moment > now)
    for moment in later:
        limit = daily_limit(policy, linked_at, moment)
        counted = sum(1 for sent in sends if sent > moment - DAY)
        if limit is None or counted < limit:
            return moment
    raise ValueError("asked for a number that is not warming up")
