"""What is drawn by chance for each send: within the policy, and the same again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.human import plan_like_a_person
from wedding_wa.domain.policy import Policy


@given(
    st.text(max_size=300),
    st.integers(0, 2**32),
    st.floats(0, 2),
    st.floats(0, 0.9),
    st.tuples(st.floats(0, 60), st.floats(0, 60)).map(sorted),
)
def test_the_plan_lies_within_the_policys_ranges(
    text: str, seed: int, per_char: float, jitter: float, typing: list[float]
) -> None:
    """Every pause is drawn within its range; typing grows with the text, jittered,
    and never leaves its limits."""
    policy = Policy(
        typing_seconds_per_char=per_char,
        typing_jitter=jitter,
        typing_min_seconds=typing[0],
        typing_max_seconds=typing[1],
    )
    plan = plan_like_a_person(text, policy, random.Random(seed))
    assert policy.pause_min_seconds <= plan.pause <= policy.pause_max_seconds
    assert (
        policy.final_pause_min_seconds
        <= plan.final_pause
        <= policy.final_pause_max_seconds
    )
    assert policy.gap_min_seconds <= plan.gap <= policy.gap_max_seconds
    assert policy.sibling_min_seconds <= plan.sibling <= policy.sibling_max_seconds
    assert policy.rest_min_seconds <= plan.rest <= policy.rest_max_seconds
    assert typing[0] <= plan.typing <= typing[1]
    plain = len(text) * per_char
    low = min(max(plain * (1 - jitter), typing[0]), typing[1])
    high = min(max(plain * (1 + jitter), typing[0]), typing[1])
    assert low - 1e-9 <= plan.typing <= high + 1e-9


def test_the_same_seed_draws_the_same_plan() -> None:
    """Chance is injected: what happened can be told again."""
    one, two = (plan_like_a_person("Ciao", Policy(), random.Random(3)) for _ in "ab")
    assert one == two
    assert one != plan_like_a_person("Ciao", Policy(), random.Random(4))
