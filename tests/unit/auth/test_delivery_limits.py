"""How much one address may deliver: what is refused costs, what is right hardly."""

from __future__ import annotations

from wedding_wa.api import delivery_limits
from wedding_wa.api.delivery_limits import (
    REFUSED_MOST,
    ROOM_BYTES,
    TOTAL_A_SECOND,
    DeliveryLimits,
)

HERE, THERE = "192.0.2.1", "192.0.2.2"


def _refuse(limits: DeliveryLimits, times: int, *, now: float) -> int:
    """Refuse deliveries of HERE that the limits let in; return how many were."""
    let_in = 0
    for _ in range(times):
        if limits.wait(HERE, now=now) == 0:
            limits.refused(HERE, now=now)
            let_in += 1
    return let_in


def test_refusals_use_up_a_small_budget_of_their_address_alone() -> None:
    """30 refused ones, then nothing of that address is looked at; others are."""
    limits = DeliveryLimits()
    assert _refuse(limits, 100, now=50.0) == REFUSED_MOST
    assert limits.wait(HERE, now=50.0) == 2
    assert limits.wait(THERE, now=50.0) == 0


def test_the_budget_fills_again() -> None:
    """Half a refusal a second comes back, up to 30."""
    limits = DeliveryLimits()
    _refuse(limits, 100, now=0.0)
    assert limits.wait(HERE, now=1.0) == 1
    assert _refuse(limits, 100, now=20.0) == 10
    assert _refuse(limits, 100, now=100_000.0) == REFUSED_MOST


def test_a_genuine_burst_is_let_in() -> None:
    """Ten seconds of 500 rightly signed events a second: none is turned away."""
    limits = DeliveryLimits()
    for tick in range(5000):
        assert limits.wait(HERE, now=tick / 500) == 0


def test_the_total_has_an_end_too() -> None:
    """Without end nobody may deliver more than 600 a second, signed or not."""
    limits = DeliveryLimits()
    seconds = 60
    taken = sum(
        limits.wait(HERE, now=tick / 2000) == 0 for tick in range(seconds * 2000)
    )
    most = delivery_limits.TOTAL_MOST + seconds * TOTAL_A_SECOND
    assert most - 10 <= taken <= most


def test_a_flood_is_written_down_once() -> None:
    """And again only after it has calmed down for half the budget."""
    limits = DeliveryLimits()
    _refuse(limits, 30, now=0.0)
    assert limits.too_many(HERE, now=0.0)
    assert not limits.too_many(HERE, now=10.0)
    assert not limits.too_many(HERE, now=29.0)
    assert limits.too_many(HERE, now=40.0)


def test_refusals_of_many_addresses_are_not_all_written_down() -> None:
    """60 at once whoever sends them: nobody fills the disk by asking from many."""
    limits = DeliveryLimits()
    noted = sum(
        limits.refused(f"10.0.{i // 256}.{i % 256}", now=9.0) for i in range(999)
    )
    assert noted == delivery_limits.NOTED_MOST


def test_ipv6_counts_by_network_and_addresses_do_not_fill_the_memory() -> None:
    """A /64 is one address; 1024 are remembered."""
    limits = DeliveryLimits()
    for number in range(40):
        limits.refused(f"2001:db8::{number:x}", now=0.0)
    assert limits.wait("2001:db8::ffff", now=0.0) > 0
    for number in range(3000):
        limits.wait(f"10.0.{number // 256}.{number % 256}", now=0.0)
    assert len(limits._known) == 1024


def test_bodies_in_memory_have_a_bound() -> None:
    """64 MB of them at once, and room again once they are gone."""
    limits = DeliveryLimits()
    assert limits.makes_room(ROOM_BYTES)
    assert not limits.makes_room(1)
    limits.gives_back(1000)
    assert limits.makes_room(1000)
