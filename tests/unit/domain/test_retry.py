"""What a failed try means, and when the next one comes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.errors import (
    AccountDown,
    BadKey,
    MaybeSent,
    MessageRefused,
    NotSent,
    RateLimited,
    Restricted,
    SessionMissing,
    SessionNotReady,
    Unreachable,
    WahaError,
)
from wedding_wa.domain.messages import HoldRule, Kind, Outcome
from wedding_wa.domain.policy import Policy
from wedding_wa.domain.retry import Verdict, backoff, judge

LATER = datetime(2026, 6, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (NotSent(), Verdict(Outcome.NOT_SENT)),
        (Unreachable(), Verdict(Outcome.NOT_SENT)),
        (RateLimited(), Verdict(Outcome.NOT_SENT)),
        (RateLimited(retry_after=90), Verdict(Outcome.NOT_SENT, retry_after=90)),
        (MaybeSent(), Verdict(Outcome.MAYBE_SENT)),
        (MessageRefused(), Verdict(Outcome.REFUSED)),
        (Restricted(), Verdict(Outcome.RESTRICTED, HoldRule.RESTRICTED)),
        (
            Restricted(until=LATER),
            Verdict(Outcome.RESTRICTED, HoldRule.RESTRICTED, LATER),
        ),
        (
            SessionNotReady("FAILED"),
            Verdict(Outcome.ACCOUNT_DOWN, HoldRule.ACCOUNT_DOWN),
        ),
        (AccountDown(), Verdict(Outcome.ACCOUNT_DOWN, HoldRule.ACCOUNT_DOWN)),
        (BadKey(), Verdict(Outcome.ACCOUNT_DOWN, HoldRule.ACCOUNT_DOWN)),
        (SessionMissing(), Verdict(Outcome.ACCOUNT_DOWN, HoldRule.ACCOUNT_DOWN)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_table_of_faults(error: WahaError, verdict: Verdict) -> None:
    """Lifecycle §5: each fault has its one meaning; an account that is down costs the
    message nothing, and only a lost answer leaves it open."""
    assert judge(error) == verdict


def test_only_a_lost_answer_is_ever_taken_as_maybe_sent() -> None:
    """Every kind of WahaError is judged, and NotSent never becomes MaybeSent."""

    def kinds(kind: type[WahaError]) -> set[type[WahaError]]:
        return {kind}.union(*(kinds(below) for below in kind.__subclasses__()))

    for kind in kinds(WahaError) - {SessionNotReady, WahaError}:
        maybe = judge(kind()).outcome is Outcome.MAYBE_SENT
        assert maybe == issubclass(kind, MaybeSent)


class Chance(random.Random):
    """Draws always the same."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self._value = value

    def random(self) -> float:
        return self._value


@pytest.mark.parametrize(
    ("kind", "failures", "seconds"),
    [
        (Kind.MESSAGE, 1, 60),
        (Kind.MESSAGE, 2, 120),
        (Kind.REPLY, 3, 240),
        (Kind.TEST, 4, 480),
        (Kind.MESSAGE, 5, 600),
        (Kind.MESSAGE, 40, 600),
        (Kind.NOTIFICATION, 1, 600),
        (Kind.NOTIFICATION, 2, 1200),
        (Kind.NOTIFICATION, 5, 9600),
        (Kind.NOTIFICATION, 6, 9600),
    ],
)
def test_the_longest_wait_doubles_up_to_its_ceiling(
    kind: Kind, failures: int, seconds: float
) -> None:
    """min(600, 60 × 2^(n−1)) for sends; min(32 × base, base × 2^n), base 5 min, for
    notifications: chance at its extreme draws exactly these."""
    wait = backoff(kind, failures, Policy(), Chance(0.0))
    assert wait == timedelta(seconds=seconds)


@given(
    st.sampled_from(list(Kind)),
    st.integers(1, 20),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 86_400),
)
def test_full_jitter_lies_between_nothing_and_the_ceiling(
    kind: Kind, failures: int, drawn: float, asked: float | None
) -> None:
    """Never negative or zero, never above the ceiling, unless WAHA asked for more:
    then never sooner than that."""
    ceiling = backoff(kind, failures, Policy(), Chance(0.0)).total_seconds()
    wait = backoff(kind, failures, Policy(), Chance(drawn), retry_after=asked)
    seconds = wait.total_seconds()
    assert seconds >= 0
    assert seconds <= max(ceiling, (asked or 0) + 1e-6)
    assert seconds >= (asked or 0) - 1e-6


def test_the_jitter_spreads_over_the_whole_span() -> None:
    """A thousand messages that failed together do not come back together."""
    rng = random.Random(1)
    waits = [
        backoff(Kind.MESSAGE, 2, Policy(), rng).total_seconds() for _ in range(1000)
    ]
    for tenth in range(10):
        low, high = tenth * 12, tenth * 12 + 12
        assert 50 < sum(low < wait <= high for wait in waits) < 150
