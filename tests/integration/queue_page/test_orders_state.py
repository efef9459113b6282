"""The page's selection and orders in a tab: kept, counted, asked back, carried out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from reflex.utils.format import json_dumps
from sqlmodel import col, select

from tests.builders import message, phases_of, put
from tests.desk import Desk
from tests.fakes import NOON
from tests.integration.queue_page.conftest import MARIA, UGO, Hand
from tests.reflex_harness import Tab
from wedding_wa.domain.errors import MessageRefused, Unreachable
from wedding_wa.domain.messages import HoldRule
from wedding_wa.models import AuditEntry
from wedding_wa.services import queue, queue_bulk
from wedding_wa.services.queue_bulk import Order, Progress, What
from wedding_wa.services.queue_runs import Run
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_orders import NO_QUESTION, QueueOrdersState, ended
from wedding_wa.state.queue_text import QueueTextState

HOUR = timedelta(hours=1)


async def opened(tab: Tab) -> QueueOrdersState:
    """The page's state after its first look."""
    await tab.open(QueueState.live)
    return await tab.state(QueueOrdersState)


async def confirmed(tab: Tab, event: object) -> str:
    """Order it, say yes; return how it ended in words."""
    await tab.do(event)
    await tab.do(QueueOrdersState.do_it)
    return (await tab.state(QueueState)).toast["text"]


def statuses(desk: Desk, ids: list[int]) -> list[str]:
    return [message(desk.db, one).status for one in ids]


def missed(desk: Desk, n: int) -> list[int]:
    """Messages whose start was missed while the app was away."""
    ids = [put(desk.db, desk.couple, due_at=NOON + HOUR).id for _ in range(n)]
    account = desk.couple.groom
    desk.db.write_now(queue.note_alive, account, now=NOON)
    desk.db.write_now(queue.note_alive, account, now=NOON + 3 * HOUR)
    assert all(message(desk.db, one).hold_rule == HoldRule.MISSED for one in ids)
    return ids


async def test_selecting_sends_no_rows(desk: Desk) -> None:
    """A click on a box costs its own few bytes, however many rows the page has."""
    ids = [put(desk.db, desk.couple).id for _ in range(30)]
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose([ids[-1]], True))
        sent = tab.sent()
        assert sent["selected"] == [ids[-1]]
        assert sent["page_chosen"] == "some"
        assert sent["able"]["cancel"] == 1
        assert not {"rows", "states", "notes", "counts"} & set(sent)
        assert len(json_dumps(tab.deltas)) < 600


async def test_the_selection_is_kept_by_id_while_the_rows_move(
    desk: Desk, hand: Hand
) -> None:
    """New messages push the page on, one is sent: the same ones stay selected, and
    the orders say with how many of them they can be done."""
    ids = [put(desk.db, desk.couple).id for _ in range(3)]
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose(ids, True))
        for _ in range(30):
            put(desk.db, desk.couple, to=UGO)
        hand.sent(hand.take())
        desk.app.bus.publish()
        await tab.until(
            lambda: tab.sent().get("able", {}).get("cancel") == 2, "two left"
        )
        state = await tab.state(QueueOrdersState)
        assert state.selected == ids
        assert not {row["id"] for row in state.rows} & set(ids)
        assert state.able == {"cancel": 2, "hold": 2, "priority": 2, "force": 2}
        assert state.chosen == 3


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/queue?q=zia", False),
        ("/queue?state=waiting", False),
        ("/queue?after=9", True),
    ],
)
async def test_another_filter_selects_nobody_another_page_keeps(
    desk: Desk, address: str, kept: bool
) -> None:
    """What is not in the list any more must not be ordered about."""
    ids = [put(desk.db, desk.couple).id for _ in range(30)]
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose([ids[-1]], True))
        await tab.go(address, QueueState.live)
        state = await tab.state(QueueOrdersState)
        assert state.selected == ([ids[-1]] if kept else [])
        assert state.chosen == len(state.selected)


async def test_all_that_match_are_offered_once_the_page_is_selected(
    desk: Desk,
) -> None:
    """First the page, then all pages of the same list; one box less ends it."""
    for _ in range(30):
        put(desk.db, desk.couple, to=MARIA, text="about the bus")
    put(desk.db, desk.couple, to=UGO)
    async with desk.tab("/queue?q=bus") as tab:
        state = await opened(tab)
        await tab.do(QueueOrdersState.choose_page(True))
        state = await tab.state(QueueOrdersState)
        assert (state.chosen, state.page_chosen, state.matching) == (25, "all", 30)
        await tab.do(QueueOrdersState.choose_everybody)
        state = await tab.state(QueueOrdersState)
        assert (state.chosen, state.able["cancel"]) == (30, 30)
        await tab.do(QueueOrdersState.choose([state.rows[0]["id"]], False))
        state = await tab.state(QueueOrdersState)
        assert (state.chosen, state.everybody, state.page_chosen) == (24, False, "some")
        await tab.do(QueueOrdersState.choose_nobody)
        assert (await tab.state(QueueOrdersState)).chosen == 0


async def test_an_order_is_asked_back_and_then_done(desk: Desk, hand: Hand) -> None:
    """The question says how many and what becomes of the others; the answer how many
    it were; the selection is over."""
    ids = [put(desk.db, desk.couple).id for _ in range(4)]
    hand.sent(hand.take())
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose(ids, True))
        await tab.do(QueueOrdersState.ask("cancel", 3))
        asked = (await tab.state(QueueOrdersState)).asked
        assert asked["title"] == "Cancel 3 messages?"
        assert "cannot be undone. 1 other of the selection stays" in asked["about"]
        assert statuses(desk, ids) == ["sent", "pending", "pending", "pending"]
        await tab.do(QueueOrdersState.do_it)
        state = await tab.state(QueueOrdersState)
        assert state.toast["text"] == "3 messages cancelled."
        assert (state.selected, state.asked, state.run["kind"]) == ([], NO_QUESTION, "")
    assert statuses(desk, ids) == ["sent", "skipped", "skipped", "skipped"]


async def test_whoever_moves_between_question_and_answer_is_counted(
    desk: Desk, hand: Hand
) -> None:
    """Done for those it was asked for, and for no other: new ones are not touched."""
    ids = [put(desk.db, desk.couple).id for _ in range(3)]
    async with desk.tab("/queue?state=waiting") as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose_everybody)
        await tab.do(QueueOrdersState.ask("cancel", 3))
        hand.sent(hand.take())
        new = put(desk.db, desk.couple).id
        await tab.do(QueueOrdersState.do_it)
        toast = (await tab.state(QueueState)).toast["text"]
    assert toast == "2 messages cancelled, 1 was already on its way."
    assert statuses(desk, [*ids, new]) == ["sent", "skipped", "skipped", "pending"]


async def test_hold_release_and_priority_of_many(desk: Desk) -> None:
    """All three on a selection; each ends with its own sentence and lines."""
    ids = [put(desk.db, desk.couple).id for _ in range(3)]
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose(ids, True))
        said = await confirmed(tab, QueueOrdersState.ask("hold", 3))
        assert said == "3 messages held back."
        assert [message(desk.db, one).hold_rule for one in ids] == ["by_hand"] * 3
        await tab.do(QueueOrdersState.choose(ids, True))
        assert (await tab.state(QueueOrdersState)).able["release"] == 3
        said = await confirmed(tab, QueueOrdersState.ask("release", 3))
        assert said == "3 messages released."
        await tab.do(QueueOrdersState.choose(ids, True))
        await tab.do(QueueOrdersState.ask("priority", 1))
        asked = (await tab.state(QueueOrdersState)).asked
        assert asked["about"].startswith("New priority: very high.")
        await tab.do(QueueOrdersState.do_it)
        assert [message(desk.db, one).priority for one in ids] == [1, 1, 1]
    assert phases_of(desk.db, ids[0]) == ["queued", "held", "released", "reordered"]


async def test_retry_failed_takes_only_what_a_try_may_help(
    desk: Desk, hand: Hand
) -> None:
    """Refused for good and unconfirmed are neither counted nor touched."""
    refused, failed, doubt = (put(desk.db, desk.couple).id for _ in range(3))
    hand.failed(hand.take(), MessageRefused.code)
    hand.failed(hand.take(), Unreachable.code)
    claim = hand.take()
    hand.doubt(claim)
    async with desk.tab() as tab:
        state = await opened(tab)
        assert (state.retryable, state.counts["failed"]) == (1, 2)
        said = await confirmed(tab, QueueOrdersState.ask_retry)
        assert said == "1 message is back in the line."
        state = await tab.state(QueueOrdersState)
        assert state.retryable == 0
        await tab.do(QueueOrdersState.ask_retry)
        state = await tab.state(QueueOrdersState)
        assert (state.toast["kind"], state.asked) == ("error", NO_QUESTION)
    assert statuses(desk, [refused, failed, doubt]) == [
        "failed",
        "pending",
        "unconfirmed",
    ]


async def test_an_order_shows_how_far_it_is_and_can_be_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open pages follow it; anybody who may can stop it; the rest stays as it was."""
    monkeypatch.setattr(queue_bulk, "BATCH", 2)
    ids = [put(desk.db, desk.couple).id for _ in range(40)]
    async with desk.tab("/queue?state=waiting") as tab:
        await opened(tab)
        await tab.do(QueueOrdersState.choose_everybody)
        await tab.do(QueueOrdersState.ask("cancel", 3))
        await tab.start(QueueOrdersState.do_it)
        await tab.until(
            lambda: tab.sent().get("run", {}).get("total") == 40, "it is shown"
        )
        await tab.start(QueueOrdersState.abort)
        await tab.until(lambda: "toast" in tab.sent(), "it is over")
        toast = tab.sent()["toast"]["text"]
    done = statuses(desk, ids).count("skipped")
    assert 0 < done < 40
    assert (
        toast == f"Stopped. {done} messages cancelled; {40 - done} stay as they were."
    )
    actions = desk.db.read_now(
        lambda s: list(s.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))))
    )
    assert actions == ["queue_cancel_begun", "queue_cancel_stopped"]


async def test_missed_starts_can_all_go_or_be_cancelled(desk: Desk) -> None:
    """The banner counts them, its orders are for them all, its list shows them only."""
    ids, usual = missed(desk, 3), put(desk.db, desk.couple, due_at=NOON + 9 * HOUR).id
    async with desk.tab("/queue?state=held&rule=missed") as tab:
        state = await opened(tab)
        assert (state.missed, state.rule, state.total) == (3, "missed", 3)
        assert {row["id"] for row in state.rows} == set(ids)
        said = state.notes[str(ids[0])]["text"]
        assert said.startswith("It should have gone at 15:00, while the app was away.")
        await tab.do(QueueOrdersState.choose([ids[0]], True))
        await confirmed(tab, QueueOrdersState.ask("cancel", 3))
        said = await confirmed(tab, QueueOrdersState.ask_missed("release"))
        assert said == "2 messages released."
        state = await tab.state(QueueOrdersState)
        assert (state.missed, state.rows) == (0, [])
    assert statuses(desk, ids) == ["skipped", "pending", "pending"]
    assert all(message(desk.db, one).held_at is None for one in ids)
    assert message(desk.db, usual).hold_rule == "scheduled"


async def test_single_orders_do_and_say_it(desk: Desk) -> None:
    """Hold, release, priority: each with its toast; the panel offers what is left."""
    one = put(desk.db, desk.couple).id
    async with desk.tab(f"/queue?message={one}") as tab:
        state = await opened(tab)
        assert (state.panel["can_hold"], state.panel["can_release"]) == (True, False)
        await tab.do(QueueState.set_aside(one))
        await tab.until(lambda: "panel" in tab.sent(), "the panel follows")
        panel = (await tab.state(QueueState)).panel
        assert (panel["can_hold"], panel["can_release"]) == (False, True)
        assert "held it back at 14:00" in panel["note"]
        await tab.do(QueueState.let_go(one))
        await tab.do(QueueState.hurry(one, 2))
        assert (await tab.state(QueueState)).toast["kind"] == "success"
        await tab.do(QueueState.hurry(one, 7))
        assert (await tab.state(QueueState)).toast["kind"] == "error"
        await tab.do(QueueState.let_go(one))
        assert (await tab.state(QueueState)).toast["kind"] == "error"
    assert message(desk.db, one).priority == 2


async def test_the_text_can_be_changed_until_it_goes(desk: Desk, hand: Hand) -> None:
    """Checked as a new message is; a refusal stands at the field and keeps the words;
    once it is on its way the dialog ends with a sentence."""
    one = put(desk.db, desk.couple, text="Cara zia").id

    def form(text: str) -> dict[str, str]:
        return {"message": str(one), "text": text}

    async with desk.tab(f"/queue?message={one}") as tab:
        await opened(tab)
        await tab.do(QueueTextState.save_text(form("no dialog is open")))
        assert message(desk.db, one).text == "Cara zia"
        await tab.do(QueueTextState.open_text(one))
        for wrong in ("  ", "x" * 5000):
            await tab.do(QueueTextState.save_text(form(wrong)))
            state = await tab.state(QueueTextState)
            assert (state.editing, bool(state.text_error)) == (one, True)
        await tab.do(QueueTextState.save_text(form(" Carissima zia\u200d 🎉 ")))
        state = await tab.state(QueueTextState)
        assert (state.editing, state.toast["kind"]) == (0, "success")
        assert state.panel["text"] == message(desk.db, one).text
        await tab.do(QueueTextState.open_text(one))
        hand.sent(hand.take())
        await tab.do(QueueTextState.save_text(form("too late")))
        state = await tab.state(QueueTextState)
        assert (state.editing, state.toast["kind"]) == (0, "error")
        assert not state.panel["can_edit"]
    assert message(desk.db, one).text.startswith("Carissima")
    assert phases_of(desk.db, one).count("edited") == 1


def test_how_an_order_ended_is_one_sentence() -> None:
    """Whole, with some left, stopped: in both languages, singular and plural."""

    def said(lang: str, done: int, left: int, total: int) -> str:
        order = Order(What.CANCEL, 1)
        return ended(lang, Run(order, Progress(done, left, total)))

    assert said("en", 41, 2, 43) == (
        "41 messages cancelled, 2 were already on their way."
    )
    assert said("en", 1, 0, 1) == "1 message cancelled."
    assert said("it", 2, 1, 3) == "2 messaggi annullati, 1 era già in viaggio."
    assert said("en", 50, 1, 63) == (
        "Stopped. 50 messages cancelled, 1 was already on its way; "
        "12 stay as they were."
    )
