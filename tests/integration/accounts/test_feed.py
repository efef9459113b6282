"""WAHA's own feed: heard like webhooks, never deaf without knowing it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests import accounts as see
from tests.integration.accounts.conftest import House
from tests.stepped import SteppedClock
from wedding_wa.domain.errors import BadKey, Unreachable
from wedding_wa.services import catch_up, feed, hearing
from wedding_wa.services.clock import Clock
from wedding_wa.services.feed import Feed
from wedding_wa.services.waha import WahaConfig
from wedding_wa.services.waha_feed import FeedLine, feed_address, open_feed

GUEST = "+393331112222"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SETTLED_S", 0.05)


@asynccontextmanager
async def listening(
    house: House, *, clock: Clock | None = None, settled: bool = True, **more: object
) -> AsyncIterator[Feed]:
    """The account's feed, running; `settled`: wait until it counts."""
    made = Feed(
        house.db,
        house.clients,
        house.couple.groom,
        clock or house.app.clock,
        random.Random(5),
        **more,  # type: ignore[arg-type]
    )
    task = asyncio.create_task(made.run())
    try:
        if settled:
            await house.until(lambda: hears(house) in ("feed", "webhook"), "listening")
            await house.until(lambda: not deaf(house), "the chats read")
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def hears(house: House) -> str | None:
    return house.groom.hears_by


def deaf(house: House) -> bool:
    return house.db.read_now(hearing.concerned, house.couple.groom)


def texts(house: House) -> list[str]:
    return [i.body for i in see.inbound(house.db, house.couple.groom)]


def gaps(house: House) -> list[tuple[str, int | None]]:
    return [(g.reason, g.found) for g in see.gaps(house.db, house.couple.groom)]


async def wrote(house: House, text: str, sender: str = GUEST) -> None:
    await house.by_phone(house.sim.guest_writes, "groom", sender, text)


async def unreached(house: House) -> None:
    """Logged in, while no webhook comes: its address leads nowhere."""
    house.webhook_base = "http://127.0.0.1:9"
    house.configure()
    await house.start()
    await house.until_polled("SCAN_QR_CODE")
    await house.by_phone(house.sim.scan, "groom")
    await house.until_polled("WORKING")


async def test_a_guest_is_heard_where_no_webhook_can_come(house: House) -> None:
    """The feed brings the message; its consent says that it came by the feed."""
    await unreached(house)
    async with listening(house):
        await wrote(house, "Ciao dal feed")
        await house.until(lambda: texts(house), "the message")
    assert hears(house) == "feed"
    consents = see.consents(house.db, house.couple.groom)
    assert [c.source for c in consents if c.phone == GUEST] == ["feed"]
    assert house.groom.webhook_at is None


async def test_statuses_come_by_the_feed(house: House) -> None:
    """Who logs in before the feed alone is connected as soon as WAHA says so."""
    house.webhook_base = "http://127.0.0.1:9"
    house.configure()
    await house.start()
    async with listening(house):
        await house.until_status("SCAN_QR_CODE")
        await house.by_phone(house.sim.scan, "groom")
        await house.until_status("WORKING")


async def test_what_comes_both_ways_counts_once(house: House) -> None:
    """Webhook and feed bring the same event: one row, one message, by webhook."""
    await house.log_in()
    async with listening(house):
        for text in ("uno", "due", "tre"):
            await wrote(house, text)
        await house.until(lambda: len(texts(house)) == 3, "three messages")
        await house.until(lambda: hears(house) == "webhook", "a proven webhook")
        await asyncio.sleep(0.3)  # whichever of the two ways was the slower
    assert sorted(texts(house)) == ["due", "tre", "uno"]
    events = see.log(house.db, house.couple.groom)
    assert len([e for e in events if e.event == "message.any"]) == 3


async def test_webhooks_that_stop_are_noticed_and_trusted_again(house: House) -> None:
    """The feed brings an event and no webhook comes within 20 s: heard by the feed,
    until a webhook comes again. No message is lost in between."""
    clock = SteppedClock()
    await house.log_in()
    async with listening(house, clock=clock, settled=False):
        await clock.go(1)
        await wrote(house, "uno")
        await house.until(lambda: texts(house) == ["uno"], "the first")
        await clock.go(25)
        assert hears(house) == "webhook"
        house.sim.fault("drop_webhook")
        await clock.go(60)
        await wrote(house, "due")
        await house.until(lambda: texts(house) == ["uno", "due"], "the second")
        assert hears(house) == "webhook"
        await clock.go(21)
        assert hears(house) == "feed"
        house.sim.clear_faults()
        await wrote(house, "tre")
        await house.until(lambda: hears(house) == "webhook", "webhooks again")
        await house.until(lambda: len(texts(house)) == 3, "the third")


async def test_it_comes_back_in_3_s_doubling_to_30(house: House) -> None:
    """Each wait is at most the doubled one and at least nine tenths of it; a line that
    counted begins the row anew."""
    await unreached(house)
    clock = SteppedClock()
    tries = itertools.count(1)

    async def refused(config: WahaConfig) -> FeedLine:
        if next(tries) < 8:
            raise Unreachable("feed: no")
        return await open_feed(config)

    async with listening(house, clock=clock, settled=False, opener=refused):
        for number, most in enumerate([3, 6, 12, 24, 30, 30, 30]):
            await house.until(lambda n=number: len(clock.slept) > n, "a wait")
            waited = clock.slept[number]
            assert 0.9 * most <= waited <= most
            await clock.go(waited)
        await house.until(lambda: clock.slept[-1] == feed.SETTLED_S, "a line")
        await clock.go(0.1)
        await house.until(lambda: hears(house) == "feed", "listening")
        tried = len(clock.slept)
        await house.by_phone(house.sim.fault, "cut_feed")
        await house.until(lambda: len(clock.slept) > tried, "a wait")
        assert 2.7 <= clock.slept[-1] <= 3


async def test_a_line_without_a_heartbeat_is_left(house: House) -> None:
    """It looks open and brings nothing: noticed after 30 s and 10 s, then deaf; the
    next line reads what was lost."""
    await unreached(house)
    clock = SteppedClock()
    async with listening(house, clock=clock, settled=False):
        await clock.go(0.1)
        await house.until(lambda: hears(house) == "feed" and not deaf(house), "heard")
        await clock.go(31)
        assert hears(house) == "feed"  # it answered
        house.sim.fault("silent_feed")
        await wrote(house, "nel silenzio")
        await clock.go(20)
        assert hears(house) == "feed"
        await clock.go(21)
        assert (hears(house), deaf(house), texts(house)) == ("nothing", True, [])
        house.sim.clear_faults()
        await clock.go(3.1)
        await house.until(lambda: hears(house) == "feed" and not deaf(house), "heard")
    assert texts(house) == ["nel silenzio"]
    assert gaps(house)[-1] == ("feed", 1)


async def test_while_nothing_hears_no_poll_closes_the_gap(house: House) -> None:
    """WAHA answers every question and its feed does not open: what guests say would
    be lost after any reading, so the gap stays, and closes when the feed is back."""
    await unreached(house)
    clock = SteppedClock()
    async with listening(house, clock=clock, settled=False):
        await clock.go(0.1)
        await house.until(lambda: hears(house) == "feed" and not deaf(house), "heard")
        house.sim.fault("500", path="/ws")
        house.sim.fault("cut_feed")
        await house.until(lambda: hears(house) == "nothing", "deafness")
        await wrote(house, "mi senti?")
        assert await house.poll() == "WORKING"
        assert deaf(house)
        house.sim.clear_faults()
        assert await house.poll() == "WORKING"  # WAHA answers: the feed tries at once
        await house.until(lambda: clock.slept[-1] == feed.SETTLED_S, "a new line")
        await clock.go(0.1)
        await house.until(lambda: not deaf(house), "the chats read")
    assert texts(house) == ["mi senti?"]
    assert gaps(house)[-1] == ("feed", 1)


async def test_with_webhooks_proven_a_broken_feed_stops_nothing(house: House) -> None:
    """Nobody is deaf while the other way works; on its return the chats are read."""
    await house.log_in()
    async with listening(house):
        await wrote(house, "uno")
        await house.until(lambda: hears(house) == "webhook", "a proven webhook")
        await house.until(lambda: not deaf(house), "no gap")
        before = len(gaps(house))
        house.sim.fault("500", path="/ws")
        house.sim.fault("cut_feed")
        await wrote(house, "due")
        await house.until(lambda: len(texts(house)) == 2, "the second by webhook")
        assert (hears(house), deaf(house)) == ("webhook", False)
        assert len(gaps(house)) == before


async def test_a_wrong_key_is_deafness_and_stays_secret(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """WAHA opens the line and closes it: that never counts as listening, and the key,
    which stands in the address, is in no log at any level."""
    await unreached(house)
    caplog.set_level(logging.DEBUG)
    house.configure(api_key="not-the-right-key")
    async with listening(house, settled=False):
        await house.until(lambda: hears(house) == "nothing", "deafness")
    assert deaf(house)
    assert any(r.message == "feed lost" for r in caplog.records)
    for record in caplog.records:
        assert "not-the-right-key" not in str(record.__dict__) + record.getMessage()


async def test_it_stops_when_told_even_in_the_moment_of_a_break(house: House) -> None:
    """The line breaks while the process stops: both at once must not outlive it."""
    await unreached(house)
    for _ in range(20):
        async with listening(house):
            pass
        async with asyncio.timeout(20):
            async with listening(house):
                await house.by_phone(house.sim.fault, "cut_feed")


async def test_the_two_ways_waha_refuses_a_key(house: House) -> None:
    """Closed with 1008 after it was opened, or refused by a proxy in front: BadKey."""
    config = WahaConfig(house.sim.url, "wrong", "groom")
    line = await open_feed(config)
    with pytest.raises(BadKey):
        await line.next()
    house.sim.fault("401", path="/ws", times=1)
    with pytest.raises(BadKey):
        await open_feed(WahaConfig(house.sim.url, house.sim.api_key, "groom"))


def test_the_address_names_session_events_and_key() -> None:
    """Base paths are kept, https becomes wss, odd letters of a key are escaped."""
    config = WahaConfig("https://waha.example/base/", "k&y =+", "groom")
    assert feed_address(config) == (
        "wss://waha.example/base/ws?session=groom&events=session.status"
        "&events=message.any&events=message.ack&x-api-key=k%26y%20%3D%2B"
    )


async def test_a_doubt_that_arises_while_chats_are_read_is_read_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line breaks just when a gap is being closed: the gap stays open."""
    await unreached(house)
    async with listening(house):
        await house.until(lambda: not deaf(house), "no gap")
        read = catch_up._read_missed
        asked: list[int] = []

        async def doubted(*known: object) -> None:
            await read(*known)  # type: ignore[arg-type]
            asked.append(1)
            if len(asked) == 1:
                house.db.write_now(_doubt, house)

        monkeypatch.setattr(catch_up, "_read_missed", doubted)
        house.db.write_now(_doubt, house)
        await house.poll()
        assert len(asked) == 2
        assert not deaf(house)


def _doubt(session: object, house: House) -> None:
    account = house.db.read_now(lambda s: s.get_one(see.Account, house.couple.groom))
    hearing.open_gap(
        session,  # type: ignore[arg-type]
        account,
        reason="feed",
        now=house.app.clock.now(),
    )
