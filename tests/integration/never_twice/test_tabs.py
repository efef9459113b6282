"""The two pages in a tab: what they show, live, and what a person may say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import select

from tests.builders import message, put
from tests.desk import Desk, running
from tests.fakes import FakeClock
from tests.integration.conftest import World, _until
from tests.reflex_harness import Tab
from wedding_wa.models import AuditEntry, Role, User
from wedding_wa.services.worker import AccountWorker
from wedding_wa.state.never_twice import NeverTwiceState
from wedding_wa.state.unconfirmed import UnconfirmedState


@pytest.fixture
async def desk(world: World, clock: FakeClock) -> AsyncIterator[Desk]:
    """The app in front of the simulated WAHA, which keeps the groom's chats."""
    httpx.put(  # noqa: ASYNC210  # nothing else runs
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    async with running(world.database, clock) as app:
        world.database.on_commit.append(app.bus.publish)
        yield Desk(app, world.couple, clock, start="/queue/unconfirmed")


async def lost(world: World, groom: AccountWorker, *, went: bool = False) -> int:
    """A message whose answer never came."""
    world.fault("lost" if went else "500", path="/api/sendText", times=1)
    made = put(world.database, world.couple).id
    await groom.step()
    assert message(world.database, made).status == "unconfirmed"
    return made


async def opened(tab: Tab) -> UnconfirmedState:
    await tab.open(UnconfirmedState.live)
    return await tab.state(UnconfirmedState)


def audited(world: World) -> list[tuple[str, object, int | None]]:
    """Who did what to which message."""
    rows = world.database.read_now(lambda s: list(s.exec(select(AuditEntry)).all()))
    return [(row.action, row.params.get("message_id"), row.user_id) for row in rows]


async def test_what_is_in_doubt_is_listed_with_what_was_seen(
    desk: Desk, world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """Before the first look, after it, and no more once it is settled."""
    one = await lost(world, groom)
    async with desk.tab() as tab:
        state = await opened(tab)
        row = state.rows[0]
        assert (row["id"], row["account"], row["facts"]) == (one, "groom", [])
        assert row["chat"].startswith("/inbox?chat=")
        await tab.do(UnconfirmedState.look_again)
        await tab.until(lambda: state.rows[0]["facts"], "what was looked at")
        assert "goes again by itself" in state.rows[0]["next"]
        assert state.toast["text"] == "Looked again: nothing new so far."
        clock.advance(400)
        await tab.do(UnconfirmedState.look_again)
        await tab.until(lambda: not state.rows, "it goes again")
        assert state.toast["text"] == "Looked again: 1 message is settled."
        assert (state.total, state.busy) == (0, False)
    assert message(world.database, one).status == "pending"


async def test_a_person_says_that_it_was_sent(
    desk: Desk, world: World, groom: AccountWorker
) -> None:
    """It is sent then, told on the proof page, and audited by who said it."""
    one = await lost(world, groom)
    async with desk.tab() as tab:
        state = await opened(tab)
        await tab.do(UnconfirmedState.was_sent(one))
        assert (state.rows, state.toast["kind"]) == ([], "success")
    assert message(world.database, one).status == "sent"
    who = world.database.read_now(lambda s: s.exec(select(User.id)).first())
    assert audited(world) == [("declared_sent", one, who)]
    async with desk.tab("/never-twice") as tab:
        await tab.open(NeverTwiceState.live)
        proof = await tab.state(NeverTwiceState)
        assert (proof.planned, proof.doubts_ended, proof.doubts_open) == (1, 1, 0)
        assert proof.endings == [{"name": "person", "n": 1}]


async def test_a_person_sends_it_again(
    desk: Desk, world: World, groom: AccountWorker
) -> None:
    """It goes once more, and WhatsApp has it once."""
    one = await lost(world, groom)
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(UnconfirmedState.send_again(one))
    await groom.step()
    assert message(world.database, one).status == "sent"
    assert len(world.delivered()) == 1
    assert [entry[0] for entry in audited(world)] == ["sent_again"]


async def test_what_is_settled_already_is_not_decided_again(
    desk: Desk, world: World, groom: AccountWorker
) -> None:
    """Two people, two tabs: the second is told why, and nothing changes."""
    one = await lost(world, groom)
    async with desk.tab() as tab:
        state = await opened(tab)
        await tab.do(UnconfirmedState.was_sent(one))
        await tab.do(UnconfirmedState.send_again(one))
        assert state.toast["kind"] == "error"
        assert state.toast["text"].startswith("Not now: either it is settled by now")
    assert message(world.database, one).status == "sent"
    assert len(audited(world)) == 1


async def test_a_viewer_may_only_look(
    desk: Desk, world: World, groom: AccountWorker
) -> None:
    """No button does anything for them, nor a click that is made up."""
    one = await lost(world, groom, went=True)
    async with desk.tab(role=Role.VIEWER) as tab:
        state = await opened(tab)
        assert not state.may_decide
        for click in (
            UnconfirmedState.was_sent(one),
            UnconfirmedState.send_again(one),
            UnconfirmedState.look_again,
        ):
            await tab.do(click)
    row = message(world.database, one)
    assert (row.status, row.looked_at, audited(world)) == ("unconfirmed", None, [])


async def test_the_proof_counts_when_asked(
    desk: Desk, world: World, groom: AccountWorker
) -> None:
    """And the figures are live: a message that is queued shows without a reload."""
    put(world.database, world.couple)
    await groom.step()
    async with desk.tab("/never-twice") as tab:
        await tab.open(NeverTwiceState.live)
        state = await tab.state(NeverTwiceState)
        lines = {line["name"]: line["n"] for line in state.lines}
        assert (lines["sent"], lines["waiting"], state.planned) == (1, 0, 1)
        assert (state.since != "", state.check["at"]) == (True, "")
        await tab.do(NeverTwiceState.count_anew)
        assert (state.check["rows"], state.check["in_order"]) == (1, True)
        assert not state.checking
        put(world.database, world.couple)
        await tab.until(lambda: state.planned == 2, "the new message is counted")


async def test_another_weddings_doubt_is_not_looked_at(
    desk: Desk, world: World, groom: AccountWorker
) -> None:
    """Ids that a tab does not own are left out before WAHA is asked."""
    from wedding_wa.services.unconfirmed import ids_in_doubt

    one = await lost(world, groom)
    wedding = world.couple.wedding
    assert world.database.read_now(ids_in_doubt, wedding, [one, 999]) == [one]
    assert world.database.read_now(ids_in_doubt, wedding + 1, [one]) == []
