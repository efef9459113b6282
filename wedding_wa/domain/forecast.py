"""domain: when the queue of an account will be done, by the same rules that send it.

The worker's own `decide` is asked for one message after the other, with the mean of
everything that is drawn by chance. What will come by itself (more messages, a lost
connection) is not known: "about" is part of the answer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from wedding_wa.domain.pacing import AccountView, Hold, Send, decide
from wedding_wa.domain.policy import Policy

# Beyond this nobody plans their evening by it, and each message costs time.
FARTHEST = 300
_TYPICAL_LENGTH = 80


def done_about(
    now: datetime, account: AccountView, policy: Policy, zone: ZoneInfo, *, waiting: int
) -> datetime | None:
    """Return when the last of `waiting` messages will have gone.

    None where nothing waits, where only a person can go on (a pause, an account that
    is down), and beyond `FARTHEST` messages.
    """
    if not 0 < waiting <= FARTHEST:
        return None
    # To the minute, so that the many looks of one minute cost one calculation.
    minute = now.replace(second=0, microsecond=0)
    return _walk(minute, account, policy, zone, waiting)


@lru_cache(maxsize=16)
def _walk(
    now: datetime, account: AccountView, policy: Policy, zone: ZoneInfo, waiting: int
) -> datetime | None:
    reach = max(policy.per_hour, policy.per_day, policy.rest_after)
    for _ in range(waiting):
        start = _free_at(now, account, policy, zone)
        if start is None:
            return None
        now = start + _one_send(policy)
        sends = (_sent(now, policy), *account.sends)[:reach]
        account = replace(account, sends=sends, sibling=None)
    return now


def _free_at(
    now: datetime, account: AccountView, policy: Policy, zone: ZoneInfo
) -> datetime | None:
    """The first moment from `now` on at which one may go."""
    while isinstance(hold := decide(now, account, None, policy, zone), Hold):
        if hold.until is None:
            return None
        now = hold.until
    return now


def _one_send(policy: Policy) -> timedelta:
    typing = _TYPICAL_LENGTH * policy.typing_seconds_per_char
    typing = max(policy.typing_min_seconds, min(typing, policy.typing_max_seconds))
    pause = _mean(policy.pause_min_seconds, policy.pause_max_seconds)
    final = _mean(policy.final_pause_min_seconds, policy.final_pause_max_seconds)
    return timedelta(seconds=pause + typing + final)


def _sent(at: datetime, policy: Policy) -> Send:
    return Send(
        at=at,
        gap_seconds=_mean(policy.gap_min_seconds, policy.gap_max_seconds),
        sibling_seconds=_mean(policy.sibling_min_seconds, policy.sibling_max_seconds),
        rest_seconds=_mean(policy.rest_min_seconds, policy.rest_max_seconds),
    )


def _mean(low: float, high: float) -> float:
    return (low + high) / 2
