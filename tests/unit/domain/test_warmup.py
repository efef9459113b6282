"""How many a young number may send on each of its first days."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from wedding_wa.domain.policy import Policy
from wedding_wa.domain.warmup import daily_limit


@given(st.integers(1, 30), st.integers(1, 50), st.integers(1, 50))
def test_warming_up_only_ever_grows_to_the_ordinary_limit(
    days: int, first: int, per_day: int
) -> None:
    """From the first day's figure in even steps to the ordinary one, never past it;
    once the days are over there is none."""
    policy = replace(Policy(), warmup_days=days, warmup_per_day=first, per_day=per_day)
    limits = [
        daily_limit(policy, NOON, NOON + timedelta(days=day)) for day in range(days + 2)
    ]
    ramp = [limit for limit in limits if limit is not None]
    assert len(ramp) == days
    assert limits[days:] == [None, None]
    assert ramp[0] == min(first, per_day)
    assert ramp == sorted(ramp)
    assert max(ramp) <= per_day
    steps = [later - earlier for earlier, later in itertools.pairwise(ramp)]
    assert not steps or max(steps) - min(steps) <= 1
