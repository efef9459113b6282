"""The Inbox page in a tab without a browser: reading, answering, deciding."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from tests.builders import make_couple, put
from tests.integration.inbox.conftest import CARLA, LID, UGO, Desk, Post
from tests.reflex_harness import Tab
from wedding_wa.models import QueueMessage, Role
from wedding_wa.services import inbox_marks
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.inbox_stranger import StrangerState
from wedding_wa.words import say

State = InboxState


def sheet(chat: int, **fields: str) -> dict[str, Any]:
    """What the browser sends."""
    return {"chat": str(chat), "text": "Grazie!", "draft": "d1", **fields}


def queued(desk: Desk) -> list[QueueMessage]:
    return desk.app.db.read_now(lambda s: list(s.exec(select(QueueMessage)).all()))


async def test_the_list_and_the_badge_are_live(desk: Desk) -> None:
    """What a guest writes while the page is open appears by itself, on top, with the
    count in the navigation; opening marks it read."""
    first = desk.post.writes(CARLA, "Uno", minutes=1, name="Carla")
    async with desk.tab() as tab:
        await tab.open(State.live)
        assert [row["text"] for row in tab.sent()["rows"]] == ["Uno"]
        assert tab.sent()["unread"] == 1
        desk.post.writes(UGO, "Due", minutes=2, name="Ugo")
        await tab.until(lambda: tab.sent()["unread"] == 2, "the second message")
        assert [row["name"] for row in tab.sent()["rows"]] == ["Ugo", "Carla"]
        await tab.do(State.seen(str(first)))
        await tab.until(lambda: tab.sent().get("unread") == 1, "one is read")


async def test_the_address_opens_a_conversation(desk: Desk) -> None:
    """`?chat=` shows the person's lines with days marked in the wedding's zone, and
    where the answer would go."""
    chat = desk.post.writes(CARLA, "Ieri tardi", minutes=-15 * 60, name="Carla")
    desk.post.writes(CARLA, "Di notte", minutes=-11 * 60)
    desk.post.writes(CARLA, "E ancora", minutes=-11 * 60 + 1)
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        state = await tab.state(State)
        assert state.head["name"] == "Zia Carla"
        assert state.head["account"] == "groom"
        assert [line["text"] for line in state.lines] == [
            "Ieri tardi",
            "Di notte",
            "E ancora",
        ]
        assert [bool(line["day"]) for line in state.lines] == [True, True, False]
        assert [line["joined"] for line in state.lines] == [False, False, True]
        assert state.forecast == say("en", "hold.turn.next")


async def test_an_answer_is_queued_once_and_shown(desk: Desk) -> None:
    """A double click on one sheet sends one message, with its badge in the thread; the
    browser is told which draft was taken."""
    chat = desk.post.writes(CARLA)
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        await tab.do([State.send(sheet(chat)), State.send(sheet(chat))])
        state = await tab.state(State)
        [message] = queued(desk)
        assert (message.kind, message.priority) == ("reply", 1)
        assert message.created_by is not None
        assert state.sent_draft == "d1"
        assert state.lines[-1]["text"] == "Grazie!"
        assert state.states[f"out{message.id}"] == "waiting"
        assert state.notes[f"out{message.id}"]["text"]


async def test_a_sheet_that_a_restart_forgot_is_not_sent_again(desk: Desk) -> None:
    """The page's memory is gone, the draft comes again: taken over, sent once."""
    chat = desk.post.writes(CARLA)
    for _ in range(2):
        async with desk.tab(f"/inbox?chat={chat}") as tab:
            await tab.do(State.send(sheet(chat)))
            assert (await tab.state(State)).sent_draft == "d1"
    assert len(queued(desk)) == 1


@pytest.mark.parametrize("lang", ["en", "it"])
async def test_what_is_wrong_is_told_under_the_field(desk: Desk, lang: str) -> None:
    """An empty answer keeps the sheet and says what is missing, in one's language."""
    chat = desk.post.writes(CARLA)
    async with desk.tab(f"/inbox?chat={chat}", lang=lang) as tab:
        await tab.do(State.send(sheet(chat, text="  \n ")))
        state = await tab.state(State)
        assert state.error == say(lang, "error.text_empty")
        assert state.sent_draft == ""
        assert queued(desk) == []


async def test_who_may_only_look_changes_nothing(desk: Desk) -> None:
    """A viewer reads; answering, marking and deciding are refused, and their looking
    leaves the couple's unread marks."""
    chat = desk.post.writes(CARLA, "Stop the car near the church?")
    async with desk.tab(f"/inbox?chat={chat}", role=Role.VIEWER) as tab:
        await tab.open(State.live)
        state = await tab.state(State)
        assert not state.may_send
        assert [line["text"] for line in state.lines]
        for event in (
            State.send(sheet(chat)),
            State.seen(str(chat)),
            State.mark_unread(str(chat)),
            StrangerState.ignore(),
            StrangerState.add({"name": "X", "side": "groom"}),
            StrangerState.link(1, 0),
            StrangerState.answer(state.questions[0]["id"], "stop"),
        ):
            await tab.do(event)
        assert queued(desk) == []
        row = desk.post.row(chat)
        assert (row.unread, row.ignored_at, row.household_id) == (1, None, None)
        assert desk.post.page().counts.questions == 1
        toast = (await tab.state(State)).toast
        assert toast["text"] == say("en", "error.not_allowed")


async def test_another_weddings_chat_is_not_shown(desk: Desk) -> None:
    """Its id in the address shows nobody, and an answer to it is not found."""
    theirs = Post(desk.app.db, make_couple(desk.app.db)).writes(UGO, "Segreto")
    async with desk.tab(f"/inbox?chat={theirs}") as tab:
        await tab.open(State.live)
        state = await tab.state(State)
        assert (state.opened, state.head["chat"], state.lines) == (theirs, "", [])
        await tab.do(State.send(sheet(theirs)))
        assert (await tab.state(State)).error == say("en", "inbox.not_found")
        assert queued(desk) == []


async def test_a_badge_that_changes_does_not_send_the_lines_again(desk: Desk) -> None:
    """A tick is a small change: neither the lines nor the list go over the wire."""
    chat = desk.post.writes(CARLA)
    made = put(desk.app.db, desk.post.couple, to=CARLA)
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        tab.deltas.clear()

        def hold(session: Any) -> None:
            row = session.get_one(QueueMessage, made.id)
            row.hold_rule = "paused"
            session.add(row)

        desk.app.db.write_now(hold)
        desk.app.bus.publish()
        await tab.until(lambda: "states" in tab.sent(), "the badge")
        assert tab.sent()["states"] == {f"out{made.id}": "held"}
        assert not {"lines", "rows", "head"} & set(tab.sent())


async def test_a_stranger_is_found_and_linked(desk: Desk) -> None:
    """Unfolding suggests who is called alike, typing searches, a click links."""
    guest = desk.post.guest("Rosa Conti", household="Famiglia Conti")
    chat = desk.post.writes(LID.format(3), name="Rosa 🌹")
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        head = (await tab.state(State)).head
        assert (head["known"], head["phone"], head["name"]) == (False, "", "Rosa 🌹")
        await tab.do(StrangerState.unfold("match"))
        state = await tab.state(StrangerState)
        assert state.only_alike
        assert [one["name"] for one in state.found] == ["Rosa Conti"]
        await tab.do(StrangerState.look_for("famiglia"))
        found = (await tab.state(StrangerState)).found
        assert [(one["name"], one["guest"]) for one in found] == [("Famiglia Conti", 0)]
        await tab.do(StrangerState.link(found[0]["household"], guest))
        assert (await tab.state(State)).head["name"] == "Rosa Conti"
        assert desk.post.row(chat).guest_id == guest


async def test_a_stranger_is_added_or_put_aside(desk: Desk) -> None:
    """One click makes a guest of them; another puts them aside, and back."""
    chat = desk.post.writes(UGO, name="Ugo")
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        await tab.do(StrangerState.ignore())
        assert (await tab.state(State)).head["ignored"]
        assert (await tab.state(State)).counts["unread"] == 0
        await tab.do(StrangerState.bring_back())
        await tab.do(StrangerState.add({"name": " ", "side": "groom"}))
        assert (await tab.state(State)).toast["kind"] == "error"
        await tab.do(StrangerState.add({"name": "Ugo Rossi", "side": "bride"}))
        head = (await tab.state(State)).head
        assert (head["name"], head["known"]) == ("Ugo Rossi", True)


async def test_a_question_is_answered(desk: Desk) -> None:
    """Yes takes them out: no answer can be written, and their words say why."""
    chat = desk.post.writes(CARLA, "Stop the car near the church?")
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        [question] = (await tab.state(State)).questions
        await tab.do(StrangerState.answer(question["id"], "stop"))
        state = await tab.state(State)
        assert state.questions == []
        assert state.head["opted_out"]
        assert state.head["said"] == "Stop the car near the church?"
        assert state.forecast == ""


async def test_what_is_pointed_at_stays(desk: Desk) -> None:
    """While the pointer rests on the list nobody moves; new people wait behind it."""
    desk.post.writes(CARLA, minutes=1, name="Carla")
    async with desk.tab() as tab:
        await tab.open(State.live)
        await tab.do(State.hold(True))
        desk.post.writes(UGO, minutes=2, name="Ugo")
        await tab.until(lambda: tab.sent().get("fresh") == 1, "somebody waits")
        assert [row["name"] for row in (await tab.state(State)).rows] == ["Carla"]
        await tab.do(State.hold(False))
        names = [row["name"] for row in (await tab.state(State)).rows]
        assert names == ["Ugo", "Carla"]


async def test_earlier_lines_come_on_demand(desk: Desk) -> None:
    """The newest lines first; a click brings those before, and they stay while new
    ones come."""
    for n in range(70):
        chat = desk.post.writes(CARLA, f"{n}", minutes=n)
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(State.live)
        state = await tab.state(State)
        assert (len(state.lines), state.earlier) == (30, True)
        await tab.do(State.show_earlier())
        assert len((await tab.state(State)).lines) == 60
        desk.post.writes(CARLA, "new", minutes=80)
        await tab.until(lambda: len(tab.sent().get("lines", [])) == 61, "a new line")
        await tab.do(State.show_earlier())
        state = await tab.state(State)
        assert (len(state.lines), state.earlier) == (71, False)


async def test_marked_unread_it_is_closed(desk: Desk) -> None:
    """It leaves the conversation, keeps the filters, and the mark stays."""
    chat = desk.post.writes(CARLA)
    desk.app.db.write_now(inbox_marks.mark_read, desk.post.wedding, chat)
    async with desk.tab(f"/inbox?show=unread&chat={chat}") as tab:
        await _redirected(tab, State.mark_unread(str(chat)), "/inbox?show=unread")
    assert desk.post.row(chat).unread == 1


async def _redirected(tab: Tab, event: Any, to: str) -> None:
    await tab.do(event)
    assert any(to in str(one) for one in tab.events), tab.events
