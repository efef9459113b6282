"""What guests write is heard, and what was missed is read before anything is sent."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import accounts as see
from tests.integration.accounts.conftest import House
from wedding_wa.models import Account
from wedding_wa.services import catch_up, hearing
from wedding_wa.services.inbound import start_hearing
from wedding_wa.services.live import Change

GUEST = "+393331112222"
CHAT = "393331112222@c.us"
LID = "98765432101@lid"


async def wrote(house: House, text: str, sender: str = GUEST, **told: str) -> None:
    await house.by_phone(lambda: house.sim.guest_writes("groom", sender, text, **told))


def guests(house: House) -> dict[str, tuple[str, str | None]]:
    """Who has consented: chat → source and phone."""
    return {
        c.chat_id: (c.source, c.phone)
        for c in see.consents(house.db, house.couple.groom)
        if c.source != "own_number"
    }


def deaf(house: House) -> bool:
    return house.db.read_now(hearing.concerned, house.couple.groom)


def texts(house: House) -> list[str]:
    return [i.body for i in see.inbound(house.db, house.couple.groom)]


async def test_a_guest_who_writes_has_consented(house: House) -> None:
    """The inbound message and its consent are there together, by webhook."""
    await house.log_in()
    await wrote(house, "Veniamo!")
    await house.until(lambda: guests(house), "a consent")
    assert guests(house) == {CHAT: ("webhook", GUEST)}
    assert texts(house) == ["Veniamo!"]


async def test_a_guest_who_writes_as_a_lid_is_found_by_their_number(
    house: House,
) -> None:
    """WhatsApp may hide the number: it is learnt from the event or asked of WAHA."""
    await house.log_in()
    await wrote(house, "Ciao", LID, phone=GUEST)
    await house.until(lambda: guests(house), "a consent")
    assert guests(house) == {LID: ("webhook", GUEST)}


async def test_a_lid_whose_number_nobody_knows_consents_all_the_same(
    house: House,
) -> None:
    """The chat is enough to answer; the number may become known later."""
    await house.log_in()
    await wrote(house, "Ciao", LID)
    await house.until(lambda: guests(house), "a consent")
    assert guests(house) == {LID: ("webhook", None)}


async def test_what_webhooks_lost_while_waha_was_away_is_read(house: House) -> None:
    """WAHA unreachable, guests write, WAHA is back: the gap closes with the count."""
    await house.log_in()
    await wrote(house, "prima")
    await house.until(lambda: texts(house) == ["prima"], "the first message")
    house.sim.fault("refuse")
    house.sim.fault("drop_webhook")
    assert await house.poll() == "UNREACHABLE"
    assert deaf(house)
    await wrote(house, "durante")
    await wrote(house, "da un'altra", "+393339999999")
    assert await house.poll() == "UNREACHABLE"
    house.sim.clear_faults()

    begun = time.monotonic()
    assert await house.poll() == "WORKING"
    assert time.monotonic() - begun < 5
    assert not deaf(house)
    assert sorted(texts(house)) == ["da un'altra", "durante", "prima"]
    assert guests(house) == {
        CHAT: ("webhook", GUEST),
        "393339999999@c.us": ("history", "+393339999999"),
    }
    (gap,) = see.gaps(house.db, house.couple.groom)
    assert (gap.reason, gap.found, gap.error) == ("unreachable", 2, None)


async def test_after_an_absence_the_app_reads_before_it_sends(house: House) -> None:
    """Killed for a while: the start opens a gap, reads, and closes it at once."""
    await house.log_in()
    house.sim.fault("drop_webhook")
    await wrote(house, "mentre eri via")
    a_minute_ago = house.app.clock.now() - timedelta(minutes=1)
    see.update(house.db, house.couple.groom, last_heard_at=a_minute_ago)

    begun = time.monotonic()
    await start_hearing(house.db, house.clients, house.couple.groom, house.app.clock)
    assert time.monotonic() - begun < 5
    assert texts(house) == ["mentre eri via"]
    assert not deaf(house)
    gaps = [(g.reason, g.found) for g in see.gaps(house.db, house.couple.groom)]
    assert gaps[-1] == ("absence", 1)


async def test_a_gap_is_read_also_where_our_clock_is_minutes_ahead(
    house: House,
) -> None:
    """WhatsApp's time of what was written in the gap is then before the gap began."""
    await house.log_in()
    house.sim.fault("drop_webhook")
    now = house.app.clock.now()
    five_ahead = int((now - timedelta(minutes=5)).timestamp())
    await wrote(house, "STOP", at=five_ahead)  # type: ignore[arg-type]
    a_minute_ago = now - timedelta(minutes=1)
    see.update(house.db, house.couple.groom, last_heard_at=a_minute_ago)
    await start_hearing(house.db, house.clients, house.couple.groom, house.app.clock)
    assert texts(house) == ["STOP"]


async def test_reading_the_same_chat_again_finds_nothing_new(house: House) -> None:
    """What was heard live is not counted as missed, also under its other name."""
    await house.log_in()
    await wrote(house, "Ciao")
    await wrote(house, "Ciao, sono la zia", LID, phone="+393334445555")
    await house.until(lambda: len(texts(house)) == 2, "both messages")
    house.sim.fault("refuse")
    await house.poll()
    house.sim.clear_faults()
    await house.poll()
    assert len(texts(house)) == 2
    assert see.gaps(house.db, house.couple.groom)[-1].found == 0


async def test_a_store_that_is_off_closes_the_gap_with_the_reason(
    house: House,
) -> None:
    """Chats that can never be read hold nobody for ever: the reason is kept."""
    await house.log_in()
    body = {
        "message": 'Enable NOWEB store "config.noweb.store.enabled=True"',
        "error": "Bad Request",
        "statusCode": 400,
    }
    await _away(house)
    house.sim.fault("422", path="/chats", body=body)
    await house.poll()
    gap = see.gaps(house.db, house.couple.groom)[-1]
    assert not deaf(house)
    assert (gap.found, gap.error, gap.tries) == (None, "store_off", 1)


async def test_chats_that_fail_are_tried_again_and_then_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failure is tried again; five close the gap with the reason."""
    monkeypatch.setattr(catch_up, "RETRY_SECONDS", 0.01)
    await house.log_in()
    await _away(house)
    house.sim.fault("500", path="/chats", times=1)
    await house.poll()
    assert see.gaps(house.db, house.couple.groom)[-1].found == 0
    await wrote(house, "Ciao")
    await house.until(lambda: guests(house), "a consent")
    await _away(house)
    house.sim.fault("500", path="/messages", times=2)
    await house.poll()
    last = see.gaps(house.db, house.couple.groom)[-1]
    assert (last.found, last.tries) == (0, 2)
    await _away(house)
    house.sim.fault("500", path="/chats")
    await house.poll()
    gap = see.gaps(house.db, house.couple.groom)[-1]
    assert not deaf(house)
    assert (gap.found, gap.tries) == (None, 5)


async def _away(house: House) -> None:
    house.sim.fault("refuse")
    assert await house.poll() == "UNREACHABLE"
    house.sim.clear_faults()


async def test_a_gap_stays_open_while_waha_is_away(house: House) -> None:
    """Nobody has read the chats: nothing may be sent."""
    await house.log_in()
    house.sim.fault("refuse")
    for _ in range(3):
        await house.poll()
    assert deaf(house)
    assert (
        len([g for g in see.gaps(house.db, house.couple.groom) if g.closed_at is None])
        == 1
    )


async def test_shuffled_and_doubled_webhooks_end_the_same(house: House) -> None:
    """Every event twice and in reverse: one message, one consent, connected."""
    await house.log_in()
    house.sim.fault("dup_webhook")
    house.sim.fault("shuffle_webhook")
    for text in ("uno", "due", "tre"):
        await wrote(house, text)
    await house.until(lambda: len(texts(house)) == 3, "three messages")
    assert guests(house) == {CHAT: ("webhook", GUEST)}
    assert house.groom.status == "WORKING"


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ("401", "BAD_KEY", "error.waha.bad_key"),
        ("500", "UNREACHABLE", "error.waha.not_sent"),
        ("refuse", "UNREACHABLE", None),
    ],
)
async def test_faults_of_waha_are_statuses_told_once(
    house: House,
    fault: str,
    status: str,
    error: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failing WAHA is logged and noted when it fails and when it is back."""
    await house.log_in()
    caplog.clear()
    house.sim.fault(fault)
    assert [await house.poll() for _ in range(3)] == [status] * 3
    if error is not None:
        assert house.groom.status_error == error
    house.sim.clear_faults()
    assert await house.poll() == "WORKING"
    told = [
        r.status for r in caplog.records if getattr(r, "action", "") == "account_status"
    ]  # type: ignore[attr-defined]
    assert told in ([status], [status, "WORKING"])
    assert [c.status for c in see.changes(house.db, house.couple.groom)][-2:] == [
        status,
        "WORKING",
    ]


async def test_a_session_that_waha_does_not_know_is_made_by_start(
    house: House,
) -> None:
    """MISSING is told, never mended behind the owner's back."""
    house.configure(session="new_one")
    assert await house.poll() == "MISSING"
    assert await house.poll() == "MISSING"
    await house.start()
    await house.until_status("SCAN_QR_CODE")


async def test_changes_wake_the_pages(house: House) -> None:
    """A status that came by webhook is told on the live bus."""
    seen: list[Change] = []
    house.db.on_commit.append(seen.extend)
    await house.log_in()
    groom = Change("account", house.couple.wedding, house.couple.groom)
    assert groom in seen


async def test_a_new_webhook_address_is_set_once(house: House) -> None:
    """Changing the config restarts a session that works: done once, and only then."""
    await house.log_in()
    client = await house.clients.get(house.couple.groom)
    house.db.write_now(_move_webhook, house.couple.groom)
    await house.poll()
    await house.until_polled("WORKING")
    before = (await client.session()).config
    assert before is not None
    assert before["webhooks"][0]["url"].endswith("/moved/api/webhooks/waha/groom")
    started = len(see.changes(house.db, house.couple.groom))
    for _ in range(3):
        assert await house.poll() == "WORKING"
    assert len(see.changes(house.db, house.couple.groom)) == started


def _move_webhook(session: Session, account_id: int) -> None:
    account = session.get_one(Account, account_id)
    account.webhook_url = account.webhook_url.replace("/api/", "/moved/api/")


async def test_a_waha_that_refuses_our_settings_is_told_and_still_works(
    house: House,
) -> None:
    """It answers, so it is not away; what it refused stands beside the status."""
    await house.log_in()
    see.update(house.db, house.couple.groom, webhook_url="not an address")
    for _ in range(2):
        assert await house.poll() == "WORKING"
        assert house.groom.status_error == "account.error.set_up_refused"
    house.configure()
    await house.until_polled("WORKING")
    assert house.groom.status_error is None
