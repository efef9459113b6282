"""The Test message page: what is sent, what is refused and where that is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from tests import accounts as see
from tests.builders import GUEST, guest_wrote
from tests.desk import Desk
from tests.reflex_harness import Tab
from wedding_wa.models import QueueMessage, Role
from wedding_wa.state.test_message import NO_ERRORS, TestMessageState
from wedding_wa.words import say

State = TestMessageState


def sheet(**fields: str) -> dict[str, Any]:
    """What the browser sends."""
    return {"account": "groom", "to": GUEST, "text": "Ciao!", "draft": "d1", **fields}


def queued(home: Desk) -> list[QueueMessage]:
    return home.db.read_now(lambda s: list(s.exec(select(QueueMessage)).all()))


async def test_a_message_is_queued_and_its_badge_is_there(home: Desk) -> None:
    """Sent as a test with priority 2, by whom, and shown at once with its state."""
    guest_wrote(home.db, home.couple.groom)
    async with home.tab("/test") as tab:
        await tab.do(State.send(sheet(to="333 111 2222")))
        state = await tab.state(State)
        [message] = queued(home)
        assert (message.kind, message.priority) == ("test", 2)
        assert message.chat_id == "393331112222@c.us"
        assert message.created_by is not None
        assert state.sent_draft == "d1"
        assert state.errors == NO_ERRORS
        assert [line["id"] for line in state.lines] == [str(message.id)]
        assert state.states[str(message.id)]["state"] == "waiting"


@pytest.mark.parametrize("lang", ["en", "it"])
async def test_who_has_not_written_is_refused_at_the_field(
    home: Desk, lang: str
) -> None:
    """Guests write first: said in the reader's language, at the recipient; nothing is
    queued and the sheet is not taken over."""
    async with home.tab("/test", lang=lang) as tab:
        await tab.do(State.send(sheet()))
        state = await tab.state(State)
        assert state.errors == {**NO_ERRORS, "to": say(lang, "error.no_consent")}
        assert state.sent_draft == ""
        assert queued(home) == []


@pytest.mark.parametrize(
    ("fields", "field", "key"),
    [
        ({"to": ""}, "to", "test.error.to_empty"),
        ({"to": "aunt"}, "to", "error.phone.unreadable"),
        ({"to": "12"}, "to", "error.phone.impossible"),
        ({"text": "  \n "}, "text", "error.text_empty"),
        ({"at": "soon"}, "at", "error.moment"),
        ({"expires_at": "2026-06-20T13:59"}, "expires_at", "error.expires_before"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(
    home: Desk, fields: dict[str, str], field: str, key: str
) -> None:
    """Each mistake has its sentence at the field that mends it, and only there."""
    guest_wrote(home.db, home.couple.groom)
    async with home.tab("/test") as tab:
        await tab.do(State.send(sheet(**fields)))
        errors = (await tab.state(State)).errors
        assert errors == {**NO_ERRORS, field: say("en", key)}
        assert queued(home) == []


async def test_it_goes_when_and_as_urgently_as_wished(home: Desk) -> None:
    """Times are the wedding's; not before, useful until, priority: as the form says."""
    guest_wrote(home.db, home.couple.groom)
    wish = {"at": "2026-06-20T18:00", "expires_at": "2026-06-20T20:00"}
    async with home.tab("/test") as tab:
        await tab.do(State.send(sheet(**wish, priority="5")))
    [message] = queued(home)
    assert message.due_at == datetime(2026, 6, 20, 16, tzinfo=UTC)
    assert message.expires_at == datetime(2026, 6, 20, 18, tzinfo=UTC)
    assert (message.priority, message.hold_rule) == (5, "scheduled")


async def test_one_sheet_is_sent_once(home: Desk) -> None:
    """A second press on the same sheet of paper queues nothing; a new sheet does."""
    guest_wrote(home.db, home.couple.groom)
    async with home.tab("/test") as tab:
        await tab.do(State.send(sheet()))
        await tab.do(State.send(sheet()))
        assert len(queued(home)) == 1
        await tab.do(State.send(sheet(draft="d2")))
        assert len(queued(home)) == 2


async def test_an_error_goes_once_it_is_mended(home: Desk) -> None:
    """The refusal of before does not stand beside the message that went."""
    guest_wrote(home.db, home.couple.groom)
    async with home.tab("/test") as tab:
        await tab.do(State.send(sheet(text="")))
        await tab.do(State.send(sheet()))
        assert (await tab.state(State)).errors == NO_ERRORS


async def test_nobody_sends_without_a_login(home: Desk) -> None:
    """An ended login can press the button, and nothing happens."""
    guest_wrote(home.db, home.couple.groom)
    async with Tab("wedding_wa=stolen", "/test") as tab:
        await tab.do(State.send(sheet()))
        assert queued(home) == []


@pytest.mark.parametrize("form", [{}, {"to": 7, "text": None, "account": ["x"]}])
async def test_a_crooked_form_is_refused(home: Desk, form: dict[str, Any]) -> None:
    """Handlers are open to any payload: nonsense is refused, not a defect."""
    async with home.tab("/test") as tab:
        await tab.do(State.send(form))
        assert queued(home) == []


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("/test?account=bride", "bride"),
        ("/test", "groom"),
        ("/test?account=x", "groom"),
    ],
)
async def test_the_account_is_in_the_address(
    home: Desk, address: str, key: str
) -> None:
    """So a reload, or a restarted server, comes back to the same one."""
    async with home.tab(address) as tab:
        await tab.open(State.live)
        sender = (await tab.state(State)).sender
        assert sender["key"] == key
        assert sender["link"] == "https://wa.me/39347000000" + (
            "2" if key == "bride" else "1"
        )


async def test_without_a_wish_the_one_that_can_send(home: Desk) -> None:
    """A groom who is not connected is no help when the bride is."""
    see.update(home.db, home.couple.groom, status="STOPPED", phone=None)
    async with home.tab("/test") as tab:
        await tab.open(State.live)
        assert (await tab.state(State)).sender["key"] == "bride"


async def test_a_guest_who_writes_appears_live(home: Desk) -> None:
    """The page shows the new recipient by itself, and sends only what is new."""
    async with home.tab("/test") as tab:
        await tab.open(State.live)
        first = await tab.state(State)
        assert first.people == []
        assert first.link_code.startswith("data:image/svg+xml")
        tab.deltas.clear()

        guest_wrote(home.db, home.couple.groom)
        home.app.bus.publish()

        await tab.until(lambda: "people" in tab.sent(), "the guest on the page")
        assert tab.sent()["people"][0]["to"] == "393331112222@c.us"
        assert "link_code" not in tab.sent()


async def test_a_badge_that_moves_is_a_small_delta(home: Desk) -> None:
    """One changed state sends no line, no recipient and no picture again."""
    guest_wrote(home.db, home.couple.groom)
    async with home.tab("/test") as tab:
        await tab.open(State.live)
        await tab.do(State.send(sheet(text="Cara zia, " * 50)))
        [message] = queued(home)
        tab.deltas.clear()

        def move(session: Any) -> None:
            session.get_one(QueueMessage, message.id).status = "failed"

        home.db.write_now(move)
        home.app.bus.publish()

        await tab.until(lambda: "states" in tab.sent(), "the badge")
        assert tab.sent()["states"][str(message.id)]["state"] == "failed"
        for variables in (d for delta in tab.deltas for d in delta.values()):
            assert len(json.dumps(variables)) < 600
        assert {"lines", "people", "link_code"}.isdisjoint(tab.sent())


async def test_who_only_looks_sends_nothing(home: Desk) -> None:
    """A viewer is told that this is not theirs to do."""
    guest_wrote(home.db, home.couple.groom)
    async with home.tab("/test", role=Role.VIEWER) as tab:
        await tab.do(State.send(sheet()))
        assert (await tab.state(State)).toast["text"] == say("en", "error.not_allowed")
        assert queued(home) == []
