"""The Accounts page: cards, codes and commands, with a simulator on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select

from tests import accounts as see
from tests.desk import Desk
from tests.fakes import NOON
from tests.reflex_harness import Tab
from wedding_wa.models import AuditEntry, Role
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import WahaPlace, sync_from_settings
from wedding_wa.simulator import SimulatorServer
from wedding_wa.state.accounts import AccountsState
from wedding_wa.words import say

State = AccountsState


@pytest.fixture(scope="module")
def quick_simulator() -> Iterator[SimulatorServer]:
    """A simulator that takes its steps fast, but whose codes stay a while."""
    with SimulatorServer(speed=10) as server:
        yield server


@pytest.fixture
def waha(home: Desk, quick_simulator: SimulatorServer) -> Iterator[SimulatorServer]:
    """Both accounts never linked, their WAHA set."""
    quick_simulator.reset()
    for account_id in (home.couple.groom, home.couple.bride):
        see.update(home.db, account_id, phone=None, own_chat_id=None, status="UNKNOWN")
    point_to(home, quick_simulator.url, quick_simulator.api_key)
    yield quick_simulator
    quick_simulator.reset()


def point_to(home: Desk, url: str, api_key: str) -> None:
    """Tell the accounts where their WAHA is."""
    home.db.write_now(
        sync_from_settings,
        {key: WahaPlace(url, key, api_key) for key in ("groom", "bride")},
        home.app.sealer,
        home.clock.now(),
        webhook_base="http://127.0.0.1:9",
    )


async def scanning(home: Desk, tab: Tab) -> None:
    """Start the groom's account and wait until it shows a code."""
    await tab.do(State.command("groom", "start"))
    for _ in range(200):
        status = await poll(
            home.db, home.app.clients, home.couple.groom, home.app.clock
        )
        if status == "SCAN_QR_CODE":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("never: a code to scan")


async def test_the_cards_tell_who_is_logged_in(home: Desk) -> None:
    """Name and number nicely, status in a word there is, what can be done now."""
    see.update(home.db, home.couple.groom, push_name="Luca Bianchi")
    see.update(home.db, home.couple.bride, status="BRAND_NEW", last_heard_at=NOON)
    async with home.tab("/accounts") as tab:
        await tab.open(State.live)
        state = await tab.state(State)
        assert state.groom["phone"] == "+39 347 000 0001"
        assert state.groom["name"] == "Luca Bianchi"
        assert state.groom["can"] == ["restart", "stop", "logout"]
        assert state.heard["groom"] == {"kind": "never", "at": ""}
        assert state.bride["word"] == "other"
        assert state.bride["phone_page"].endswith("/phone?session=")


async def test_a_change_of_one_sends_only_that_one(home: Desk) -> None:
    """The other card and the codes stay where they are."""
    async with home.tab("/accounts") as tab:
        await tab.open(State.live)
        await tab.until(lambda: "beat" in tab.sent(), "the first beat")
        tab.deltas.clear()
        see.update(home.db, home.couple.bride, status="STOPPED", paused_at=NOON)
        home.app.bus.publish()
        await tab.until(lambda: "bride" in tab.sent(), "the bride's card")
        assert tab.sent()["bride"]["status"] == "STOPPED"
        assert {"groom", "groom_code", "bride_code"}.isdisjoint(tab.sent())


async def test_from_start_to_a_code_that_is_sent_once(
    home: Desk, waha: SimulatorServer
) -> None:
    """Start, and the code appears; looking again sends no second picture."""
    async with home.tab("/accounts") as tab:
        await scanning(home, tab)
        await tab.start(State.follow_code("groom"))
        await tab.until(lambda: "groom_code" in tab.sent(), "a code")
        code = tab.sent()["groom_code"]
        assert code["image"].startswith("data:image/png;base64,")
        assert (code["count"], code["of"]) == (1, 6)
        assert code["next_at"] > code["at"]

        tab.deltas.clear()
        for _ in range(5):
            home.app.bus.publish()
            await asyncio.sleep(0.05)
        assert "groom_code" not in tab.sent()


async def test_a_pairing_code_and_what_is_wrong_with_the_number(
    home: Desk, waha: SimulatorServer
) -> None:
    """A number that is none is told at its field; a right one brings the code."""
    async with home.tab("/accounts", lang="it") as tab:
        await scanning(home, tab)
        await tab.do(State.pair("groom", {"phone": "12"}))
        state = await tab.state(State)
        wrong = say("it", "error.phone.impossible")
        assert state.pairing_error == {"groom": wrong, "bride": ""}

        await tab.do(State.pair("groom", {"phone": "347 123 4567"}))
        state = await tab.state(State)
        assert len(state.pairing["groom"]["code"]) == 9
        assert state.pairing_error["groom"] == ""
        assert state.busy["groom"] == ""


async def test_a_command_that_fails_says_so_on_its_card(
    home: Desk, waha: SimulatorServer
) -> None:
    """WAHA gone: the sentence stands on the card, and the button can be pressed again;
    a command that works takes the sentence away."""
    point_to(home, "http://127.0.0.1:9", "key")
    async with home.tab("/accounts") as tab:
        await tab.do(State.command("groom", "start"))
        state = await tab.state(State)
        assert state.trouble["groom"] == say("en", "accounts.failed.unreachable")
        assert state.trouble["bride"] == ""
        assert state.busy["groom"] == ""

        point_to(home, waha.url, waha.api_key)
        await tab.do(State.command("groom", "start"))
        assert (await tab.state(State)).trouble["groom"] == ""


async def test_the_button_shows_that_it_works(
    home: Desk, waha: SimulatorServer
) -> None:
    """While WAHA takes its time the card says which command is under way."""
    async with home.tab("/accounts") as tab:
        await tab.do(State.command("groom", "start"))
        busy = [
            variables["busy_rx_state_"]["groom"]
            for delta in tab.deltas
            for variables in delta.values()
            if "busy_rx_state_" in variables
        ]
        assert busy == ["start", ""]


async def test_pause_and_resume_one_account(home: Desk) -> None:
    """One number rests, the other goes on; both are in the audit."""
    async with home.tab("/accounts") as tab:
        await tab.do(State.command("groom", "pause"))
        await tab.do(State.command("groom", "pause"))
        assert see.account(home.db, home.couple.groom).pause_reason == "person"
        assert see.account(home.db, home.couple.bride).paused_at is None

        see.update(home.db, home.couple.groom, failures_in_row=5)
        await tab.do(State.command("groom", "resume"))
        groom = see.account(home.db, home.couple.groom)
        assert (groom.paused_at, groom.pause_reason, groom.failures_in_row) == (
            None,
            None,
            0,
        )
    entries = home.db.read_now(lambda s: list(s.exec(select(AuditEntry)).all()))
    actions = [(entry.action, entry.user_id is not None) for entry in entries]
    assert actions == [("account_paused_by_person", True), ("account_resumed", True)]


@pytest.mark.parametrize(
    "event",
    [
        State.command("mother", "start"),
        State.command("groom", "delete"),
        State.pair("mother", {"phone": "347 123 4567"}),
        State.follow_code("mother"),
    ],
)
async def test_what_does_not_exist_does_nothing(home: Desk, event: Any) -> None:
    """Handlers are open to any payload: an unknown account or command is nothing."""
    async with home.tab("/accounts") as tab:
        await tab.do(event)
        assert tab.deltas == []


async def test_nobody_commands_without_a_login(home: Desk) -> None:
    """An ended login can press Pause, and nothing happens."""
    async with Tab("wedding_wa=stolen", "/accounts") as tab:
        await tab.do(State.command("groom", "pause"))
    assert see.account(home.db, home.couple.groom).paused_at is None


async def test_who_only_looks_commands_nothing(home: Desk) -> None:
    """A viewer is told on the card that this is not theirs to do."""
    async with home.tab("/accounts", role=Role.VIEWER) as tab:
        await tab.do(State.command("groom", "pause"))
        told = (await tab.state(State)).trouble["groom"]
        assert told == say("en", "error.not_allowed")
    assert see.account(home.db, home.couple.groom).paused_at is None


async def test_a_code_from_before_an_absence_is_not_called_old(
    home: Desk, waha: SimulatorServer
) -> None:
    """The app was away while the codes went on: what is fetched now is a new one, and
    its age begins now."""
    async with home.tab("/accounts") as tab:
        await scanning(home, tab)
        home.clock.advance(300)
        await tab.start(State.follow_code("groom"))
        await tab.until(lambda: "groom_code" in tab.sent(), "a code")
        code = tab.sent()["groom_code"]
        assert datetime.fromisoformat(code["next_at"]) > home.clock.now()
        assert code["count"] == 2
