"""One network address may fail to log in only so often."""

from __future__ import annotations

import pytest

from wedding_wa.api.knocks import Knocks, TooManyTries


def _fail(knocks: Knocks, address: str, times: int, *, now: float) -> None:
    for _ in range(times):
        knocks.knock(address, now=now)


def test_the_twenty_first_failed_try_waits() -> None:
    """20 in five minutes; then it is told how long the oldest one still counts."""
    knocks = Knocks()
    _fail(knocks, "192.0.2.1", 20, now=100.0)
    with pytest.raises(TooManyTries) as told:
        knocks.knock("192.0.2.1", now=160.0)
    assert told.value.params["n"] == 4
    knocks.knock("192.0.2.2", now=160.0)
    knocks.knock("192.0.2.1", now=400.0)


def test_a_right_password_does_not_count() -> None:
    """Who logs in often is no attacker."""
    knocks = Knocks()
    for _ in range(100):
        knocks.knock("192.0.2.1", now=0.0)
        knocks.forgive("192.0.2.1")


def test_ipv6_counts_by_network() -> None:
    """A /64 is one household: its addresses share their tries."""
    knocks = Knocks()
    _fail(knocks, "2001:db8::1", 10, now=0.0)
    _fail(knocks, "2001:db8::ffff", 10, now=0.0)
    with pytest.raises(TooManyTries):
        knocks.knock("2001:db8::2", now=0.0)
    knocks.knock("2001:db8:0:1::2", now=0.0)


def test_addresses_do_not_fill_the_memory() -> None:
    """1024 are remembered."""
    knocks = Knocks()
    for number in range(2000):
        knocks.knock(f"10.0.{number // 256}.{number % 256}", now=0.0)
    assert len(knocks._tries) == 1024
