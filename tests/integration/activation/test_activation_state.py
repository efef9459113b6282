"""The Activation page's state: filters in the address, marks by role, two clicks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.accounts import consents
from tests.builders import make_couple
from tests.desk import Desk, running
from tests.fakes import FakeClock
from tests.integration.activation.conftest import guest_of, household, make_home
from tests.integration.conftest import World, _until
from wedding_wa import runtime
from wedding_wa.db import Database
from wedding_wa.models import Guest, Role
from wedding_wa.services.history_look import Look, Writer
from wedding_wa.services.waha import WahaMessage
from wedding_wa.state.activation import ActivationState
from wedding_wa.state.history_consent import HistoryState
from wedding_wa.state.queue import QueueState

MARIA, PIETRO = "+393331110001", "+393331110002"


@pytest.fixture
async def home(database: Database, clock: FakeClock) -> AsyncIterator[Desk]:
    """The app on a wedding with three households."""
    couple = make_couple(database)
    make_home(database, couple, "Rossi", guests=["Ada", "Bea"], tag="coro")
    make_home(database, couple, "Verdi", side="bride", stage="opened", guests=["Carlo"])
    make_home(database, couple, "Bianchi", stage="active", guests=["Dino"])
    async with running(database, clock) as app:
        yield Desk(app, couple, clock)


async def test_the_address_chooses_and_the_figures_stay_whole(home: Desk) -> None:
    """A stage filters the list, not the five counts."""
    async with home.tab("/guests/activation?stage=opened") as tab:
        await tab.open(ActivationState.live)
        state = await tab.state(ActivationState)
        assert [row["name"] for row in state.rows] == ["Verdi"]
        assert state.homes == {
            "not_invited": 1,
            "link_sent": 0,
            "opened": 1,
            "active": 1,
            "opted_out": 0,
        }
        assert (state.written, state.guests) == (1, 4)
        assert state.rows[0]["link"].startswith("http://localhost:8000/i/")
        assert state.rows[0]["link"] in state.rows[0]["text"]
        assert state.print_all == "/guests/print?stage=opened"
        assert state.local_only


async def test_marking_everybody_takes_only_whom_the_filters_show(home: Desk) -> None:
    """ "Mark all" with a side chosen leaves the other side alone."""
    other = make_home(home.db, home.couple, "Neri", side="bride")
    async with home.tab("/guests/activation?side=bride") as tab:
        await tab.open(ActivationState.live)
        await tab.do(ActivationState.mark_all)
        state = await tab.state(ActivationState)
        assert state.homes["link_sent"] == 1
        assert household(home.db, other).stage == "link_sent"
        await tab.do(ActivationState.unmark(other))
        assert household(home.db, other).stage == "not_invited"
    async with home.tab("/guests/activation") as tab:
        await tab.open(ActivationState.live)
        assert (await tab.state(ActivationState)).homes["not_invited"] == 2


async def test_who_only_looks_marks_nothing_and_reads_no_chats(home: Desk) -> None:
    """A viewer's click is refused in words, whatever the browser sends."""
    async with home.tab("/guests/activation", role=Role.VIEWER) as tab:
        await tab.open(ActivationState.live)
        await tab.do(ActivationState.mark_all)
        state = await tab.state(ActivationState)
        assert not state.may_mark
        assert state.homes["not_invited"] == 1
        await tab.do(HistoryState.recall)
        await tab.do(HistoryState.look)
        looked = await tab.state(HistoryState)
        assert (looked.may_look, looked.looks) == (False, {})


async def test_a_planner_marks_but_does_not_open_the_couples_chats(home: Desk) -> None:
    """Those are private: an owner looks."""
    async with home.tab("/guests/activation", role=Role.PLANNER) as tab:
        await tab.open(ActivationState.live)
        assert (await tab.state(ActivationState)).may_mark
        await tab.do(HistoryState.recall)
        assert not (await tab.state(HistoryState)).may_look


async def test_what_a_look_found_is_the_owners_alone(home: Desk) -> None:
    """Nobody else is shown it, nor throws it away, whatever their browser sends."""
    evidence = WahaMessage(
        message_id="3A01",
        chat_id="393331110001@c.us",
        from_me=False,
        timestamp=home.clock.now(),
        id="false_393331110001@c.us_3A01",
        body="Ciao",
    )
    writer = Writer(1, 1, "Maria", "Maria", MARIA, evidence)
    found = Look(home.clock.now(), writers=(writer,))
    kept = runtime.current().clients.kept
    kept[home.couple.groom, "history"] = found
    async with home.tab("/guests/activation", role=Role.PLANNER) as tab:
        await tab.do(HistoryState.choose("groom-1", True))
        await tab.do(HistoryState.forget)
        assert (await tab.state(HistoryState)).found == []
    assert kept[home.couple.groom, "history"] is found


async def test_an_empty_queue_says_how_many_have_not_written(home: Desk) -> None:
    """Three of the four guests: the fourth household has written."""
    async with home.tab("/queue") as tab:
        await tab.open(QueueState.live)
        assert (await tab.state(QueueState)).waiting_guests == 3


async def test_the_owners_two_clicks(world: World, clock: FakeClock) -> None:
    """Look: found, ticked, one taken out by hand. Record: the other one only; the
    bride's account, whose store is off, says so."""
    httpx.put(  # noqa: ASYNC210  # nothing else runs
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    keys = []
    for name, phone in (("Maria", MARIA), ("Pietro", PIETRO)):
        home_id = make_home(world.database, world.couple, name, guests=[name])
        guest_id = guest_of(world.database, home_id).id
        world.database.write_now(_give_phone, guest_id, phone)
        at = int(time.time()) - 86_400
        world.post(
            "/__world/messages", session="groom", **{"from": phone}, text="Ciao", at=at
        )
        keys.append(f"groom-{guest_id}")
    async with (
        running(world.database, clock) as app,
        Desk(app, world.couple, clock).tab("/guests/activation") as tab,
    ):
        await tab.do(HistoryState.recall)
        await tab.do(HistoryState.look)
        state = await tab.state(HistoryState)
        assert {one["key"]: one["chosen"] for one in state.found} == dict.fromkeys(
            keys, True
        )
        assert state.looks["groom"]["step"] == "done"
        assert state.looks["bride"]["trouble"] == "store_off"
        await tab.do(HistoryState.choose(keys[1], False))
        assert (await tab.state(HistoryState)).chosen == 1
        assert not consents(world.database, world.couple.groom)
        await tab.do(HistoryState.record)
        [given] = consents(world.database, world.couple.groom)
        assert given.phone == MARIA
        left = (await tab.state(HistoryState)).found
        assert [one["key"] for one in left] == keys[1:]


def _give_phone(session, guest_id: int, phone: str) -> None:  # type: ignore[no-untyped-def]
    session.get_one(Guest, guest_id).phone = phone
