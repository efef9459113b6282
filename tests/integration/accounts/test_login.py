"""From nothing to connected, by code and by phone, and out again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from datetime import timedelta

import pytest
from sqlmodel import select

from tests import accounts as see
from tests.integration.accounts.conftest import House
from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.models import AuditEntry
from wedding_wa.services import account_commands as commands
from wedding_wa.services import account_qr
from wedding_wa.services.account_cards import account_cards
from wedding_wa.services.account_qr import qr_code


async def test_scan_to_working_gives_the_own_number(house: House) -> None:
    """Start, scan: connected, told by webhooks alone, and the own number is free."""
    await house.log_in()
    assert house.groom.phone == "+12025550111"
    assert (house.groom.engine, house.groom.waha_version) == ("NOWEB", "2026.7.1")
    (consent,) = see.consents(house.db, house.couple.groom)
    assert (consent.source, consent.chat_id) == ("own_number", "12025550111@c.us")
    history = [c.status for c in see.changes(house.db, house.couple.groom)]
    assert history[-4:] == ["STARTING", "SCAN_QR_CODE", "STARTING", "WORKING"]


async def test_a_poll_starts_nothing_that_was_never_linked(house: House) -> None:
    """The config is put right before the first scan; the owner presses Start."""
    assert await house.poll() == "STOPPED"
    assert await house.poll() == "STOPPED"
    client = await house.clients.get(house.couple.groom)
    config = (await client.session()).config
    assert config is not None
    assert config["noweb"]["store"]["enabled"] is True
    assert config["webhooks"][0]["url"] == (
        f"{house.webhook_base}/api/webhooks/waha/groom"
    )


async def test_the_code_is_fetched_once_for_all_who_look(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten open pages cost one call, and each new code is a new picture."""
    await house.start()
    await house.until_status("SCAN_QR_CODE")
    client = await house.clients.get(house.couple.groom)
    calls, ask = [], client.qr

    async def counted() -> object:
        calls.append(1)
        return await ask()

    monkeypatch.setattr(client, "qr", counted)

    async def look() -> object:
        return await qr_code(
            house.db, house.clients, house.couple.groom, house.app.clock
        )

    views = [await look() for _ in range(10)]
    assert len(calls) == 1
    first = views[0]
    assert first is not None
    assert base64.b64decode(first.image.partition(",")[2]).startswith(b"\x89PNG")
    assert (first.count, first.of) == (1, 6)
    await house.until(lambda: house.groom.qr_count >= 2, "a second code")
    second = await look()
    assert second is not None
    assert second.count >= 2
    assert second.image != first.image
    assert len(calls) == 2


async def test_codes_run_out_and_new_ones_come(house: House) -> None:
    """Nobody scans: failed, with the reason; "New code" begins again."""
    await house.start()
    await house.until_status("FAILED")
    assert house.groom.status_error == "account.error.codes_ran_out"
    assert (
        await qr_code(house.db, house.clients, house.couple.groom, house.app.clock)
        is None
    )
    await commands.new_code(house.desk, house.couple.groom)
    await house.until_status("SCAN_QR_CODE")
    assert house.groom.qr_count == 1


async def test_a_pairing_code_links_without_a_camera(house: House) -> None:
    """The number is typed as at home; the code is typed on the phone."""
    with pytest.raises(Refused) as early:
        await commands.request_pairing_code(
            house.desk, house.couple.groom, "347 123 4567"
        )
    assert early.value.code == "account.error.no_code_now"
    await house.start()
    await house.until_status("SCAN_QR_CODE")
    with pytest.raises(BadInput):
        await commands.request_pairing_code(house.desk, house.couple.groom, "12")
    code = await commands.request_pairing_code(
        house.desk, house.couple.groom, "347 123 4567"
    )
    assert house.groom.phone is None
    await house.by_phone(lambda: house.sim.scan("groom", code=code))
    await house.until_status("WORKING")
    assert house.groom.phone == "+393471234567"


async def test_logging_out_shows_a_new_code(house: House) -> None:
    """After a logout nobody is logged in and a code waits for the next phone."""
    await house.log_in()
    await commands.logout(house.desk, house.couple.groom)
    await house.until_status("SCAN_QR_CODE")
    assert house.groom.phone is None
    await house.by_phone(house.sim.scan, "groom")
    await house.until_status("WORKING")
    await house.until(
        lambda: all(g.closed_at for g in see.gaps(house.db, house.couple.groom)),
        "the gap of the logout closed",
    )


async def test_a_removed_device_needs_a_new_login(house: House) -> None:
    """The phone removes us: failed; "New code" gives the dead login up first."""
    await house.log_in()
    await house.by_phone(house.sim.unlink, "groom")
    await house.until_status("FAILED")
    assert house.groom.status_error == "account.error.unlinked"
    await commands.new_code(house.desk, house.couple.groom)
    await house.until_status("SCAN_QR_CODE")


async def test_the_owners_stop_is_kept(house: House) -> None:
    """Polls leave alone what the owner stopped, until the owner starts it."""
    await house.log_in()
    await commands.stop(house.desk, house.couple.groom)
    for _ in range(3):
        assert await house.poll() == "STOPPED"
    await house.start()
    await house.until_status("WORKING")


async def test_what_stopped_by_itself_is_started(house: House) -> None:
    """A linked account that somebody else's hand stopped comes back by a poll."""
    await house.log_in()
    client = await house.clients.get(house.couple.groom)
    await client.stop()
    await house.until_status("STOPPED")
    await house.poll()
    await house.until_status("WORKING")


async def test_a_second_command_waits_its_turn(house: House) -> None:
    """Two browsers press at once: one is refused in words."""
    async with house.clients.turn(house.couple.groom, "command"):
        with pytest.raises(Refused) as refused:
            await commands.restart(house.desk, house.couple.groom)
    assert refused.value.code == "account.error.busy"


async def test_a_connected_account_gives_no_new_code(house: House) -> None:
    """Log out first: a new code would end a login that works."""
    await house.log_in()
    with pytest.raises(Refused):
        await commands.new_code(house.desk, house.couple.groom)


async def test_commands_stand_in_the_audit(house: House) -> None:
    """Who pressed what is written down before WAHA hears of it."""

    house.sim.fault("500", path="/start", times=1)
    with contextlib.suppress(Exception):
        await house.start()
    rows = house.db.read_now(lambda s: list(s.exec(select(AuditEntry))))
    assert [(r.action, r.params) for r in rows] == [
        ("account_start", {"account": "groom"})
    ]


async def test_cards_tell_the_whole_story(house: House) -> None:
    """One call gives a page all it shows, nicely written."""
    await house.log_in()
    groom, bride = house.db.read_now(
        account_cards,
        house.couple.wedding,
        now=house.app.clock.now(),
        simulator_url=house.sim.url,
    )
    assert (groom.key, groom.ready, groom.phone) == ("groom", True, "+1 202-555-0111")
    assert groom.link == "https://wa.me/12025550111"
    assert groom.phone_page == f"{house.sim.url}/phone?session=groom"
    assert groom.changes[0].status == "WORKING"
    assert len(groom.changes) <= 5
    assert groom.code is None
    assert groom.last_heard_at is not None
    assert (bride.key, bride.status, bride.link) == ("bride", "NOT_CONFIGURED", "")


async def test_new_codes_are_seen_without_webhooks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WAHA cannot reach us: looking again finds the new code and counts it."""
    monkeypatch.setattr(account_qr, "_LOOK_AGAIN", timedelta(seconds=0.2))
    house.sim.fault("drop_webhook")
    await house.start()
    await house.until_polled("SCAN_QR_CODE")
    seen = []

    async def two_codes() -> None:
        while len(set(seen)) < 2:
            view = await qr_code(
                house.db, house.clients, house.couple.groom, house.app.clock
            )
            assert view is not None
            seen.append(view.image)
            await asyncio.sleep(0.1)

    async with asyncio.timeout(20):
        await two_codes()
    assert house.groom.qr_count == 2
