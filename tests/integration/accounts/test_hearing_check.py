"""What came by no way at all is noticed by comparing with WAHA's chats."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import accounts as see
from tests.integration.accounts.conftest import House
from tests.integration.accounts.story import LeapingClock
from wedding_wa.services import hearing_check
from wedding_wa.services.feed_nudge import nudge_of

GUEST = "+393331112222"


@pytest.fixture
async def waiting(house: House) -> tuple[House, LeapingClock]:
    """Logged in and polled once, with a clock that can be put forward."""
    clock = LeapingClock()
    house.app.clock = clock
    await house.log_in()
    await house.poll()
    return house, clock


async def wrote(house: House, text: str, sender: str = GUEST) -> None:
    await house.by_phone(house.sim.guest_writes, "groom", sender, text)


def texts(house: House) -> list[str]:
    return [i.body for i in see.inbound(house.db, house.couple.groom)]


def unheard(house: House) -> list[int | None]:
    gaps = see.gaps(house.db, house.couple.groom)
    return [gap.found for gap in gaps if gap.reason == "unheard"]


async def test_a_lost_message_behind_a_heard_one_is_found(
    waiting: tuple[House, LeapingClock],
) -> None:
    """WAHA is WORKING and reachable and its webhook was lost: the next poll past the
    grace opens a gap and reads, though the chat's newest line was heard."""
    house, clock = waiting
    house.sim.fault("drop_webhook", times=1)
    await wrote(house, "STOP")
    await wrote(house, "e ciao")
    await house.until(lambda: texts(house) == ["e ciao"], "the second")
    await house.poll()
    assert texts(house) == ["e ciao"]  # it may still be on its way
    clock.ahead += hearing_check.GRACE + timedelta(seconds=2)
    await house.poll()
    assert sorted(texts(house)) == ["STOP", "e ciao"]
    assert unheard(house) == [1]
    assert house.groom.hears_by is None  # webhooks have just failed
    assert nudge_of(house.clients, house.couple.groom).distrust.is_set()


async def test_what_was_heard_opens_no_gap(
    waiting: tuple[House, LeapingClock],
) -> None:
    """Inbound, by LID, typed on the phone: all of it came, so nothing is doubted."""
    house, clock = waiting
    await wrote(house, "uno")
    await wrote(house, "da nascosto", "98765432101@lid")
    await house.by_phone(house.sim.phone_writes, "groom", GUEST, "a mano")
    await house.until(lambda: len(texts(house)) == 2, "both")
    await house.until(
        lambda: all(e.applied_at for e in see.log(house.db, house.couple.groom)),
        "all applied",
    )
    clock.ahead += timedelta(seconds=60)
    await house.poll()
    assert unheard(house) == []


async def test_what_is_older_than_the_start_is_left_alone(
    waiting: tuple[House, LeapingClock],
) -> None:
    """Chats from before are not ours to take in by ourselves."""
    house, clock = waiting
    house.sim.fault("drop_webhook", times=1)
    await wrote(house, "di prima")
    house.clients.kept.clear()  # as a process that starts now
    clock.ahead += timedelta(seconds=60)
    hearing_check.begin(house.clients, house.couple.groom, now=clock.now())
    clock.ahead += timedelta(seconds=60)
    await house.poll()
    assert (texts(house), unheard(house)) == ([], [])


async def test_what_no_reading_brings_in_is_doubted_once(
    waiting: tuple[House, LeapingClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that stays unknown after its chat was read opens no gap for ever."""
    house, clock = waiting
    house.sim.fault("drop_webhook")
    await wrote(house, "mai")
    monkeypatch.setattr("wedding_wa.services.catch_up.hear", lambda *_, **__: False)
    for _ in range(4):
        clock.ahead += timedelta(seconds=30)
        await house.poll()
    assert unheard(house) == [0]


async def test_a_waha_without_chats_proves_nothing(
    waiting: tuple[House, LeapingClock],
) -> None:
    """Chats that cannot be read are no reason to be silent."""
    house, clock = waiting
    house.sim.fault("500", path="/chats")
    clock.ahead += timedelta(seconds=60)
    assert await house.poll() == "WORKING"
    assert unheard(house) == []
