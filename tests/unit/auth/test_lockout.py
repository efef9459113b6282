"""Wrong passwords in a row close a login, longer each time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import NOON
from wedding_wa.services.lockout import LockedOut, Strangers, charge, lock_time


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (10, 15), (10_000, 15)],
)
def test_five_close_it_for_a_minute_and_each_more_doubles(
    failures: int, minutes: int
) -> None:
    """1 min after five, doubled by each further one, at most 15 min."""
    assert lock_time(failures) == timedelta(minutes=minutes)


def test_a_closed_login_counts_nothing() -> None:
    """While it is closed a try is refused, with the whole minutes left."""
    with pytest.raises(LockedOut) as told:
        charge(6, NOON + timedelta(seconds=61), now=NOON)
    assert told.value.params["n"] == 2
    assert told.value.until == NOON + timedelta(seconds=61)


def test_it_opens_at_the_moment_it_said() -> None:
    """At `until` itself the next try is welcome, and counts on."""
    assert charge(5, NOON, now=NOON) == (6, NOON + timedelta(minutes=2))


def test_strangers_are_closed_like_people() -> None:
    """An address that nobody has is locked by the same rule, apart from others."""
    strangers = Strangers()
    closed = [strangers.charge("a@example.org", now=NOON) for _ in range(5)]
    assert closed == [None] * 4 + [NOON + timedelta(minutes=1)]
    with pytest.raises(LockedOut):
        strangers.charge("a@example.org", now=NOON)
    assert strangers.charge("b@example.org", now=NOON) is None


def test_strangers_do_not_fill_the_memory() -> None:
    """Only the last thousand addresses are remembered, the oldest goes."""
    strangers = Strangers()
    for _ in range(5):
        strangers.charge("first@example.org", now=NOON)
    for number in range(1000):
        strangers.charge(f"{number}@example.org", now=NOON)
    assert strangers.charge("first@example.org", now=NOON) is None
    assert len(strangers._tries) == 1000
