"""The page's state in a tab: the URL rules, little is sent, nothing jumps, actions."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from reflex.utils.format import json_dumps

from tests.builders import message, phases_of, put
from tests.desk import Desk
from tests.fakes import NOON
from tests.integration.queue_page.conftest import MARIA, UGO, Hand
from tests.reflex_harness import Tab
from wedding_wa.domain.errors import Unreachable
from wedding_wa.domain.messages import Phase
from wedding_wa.services import pausing, queue
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_orders import QueueOrdersState
from wedding_wa.state.queue_text import QueueTextState

PHASES = (Phase.READING, Phase.WAITING_HUMAN, Phase.TYPING, Phase.SENDING)
# What one changed badge may cost on the wire, in bytes.
BADGE_BYTES = 300


async def opened(tab: Tab) -> QueueState:
    """The page's state after its first look."""
    await tab.open(QueueState.live)
    return await tab.state(QueueState)


async def test_the_url_says_what_is_shown(desk: Desk) -> None:
    """State, search and the opened message come from the URL: a reload keeps them."""
    db = desk.app.db
    one = put(db, desk.couple, to=MARIA, text="about the bus").id
    put(db, desk.couple, to=MARIA)
    gone = put(db, desk.couple, to=UGO, text="about the bus").id
    db.write_now(queue.cancel, desk.couple.wedding, gone, now=NOON)
    address = f"/queue?state=waiting&q=bus&message={one}"
    async with desk.tab(address) as tab:
        state = await opened(tab)
        assert [row["id"] for row in state.rows] == [one]
        assert (state.shown, state.searched, state.opened) == ("waiting", "bus", one)
        assert state.panel["text"] == "about the bus"
        assert [step["phase"] for step in state.steps] == ["queued"]
        assert (state.total, state.total_of_all) == (2, 3)


async def test_nonsense_in_the_url_shows_everything(desk: Desk) -> None:
    """A link that was typed wrong shows the list, not an error."""
    one = put(desk.app.db, desk.couple).id
    address = "/queue?state=x&after=9999.z&before=--&message=1e9&foo=1"
    async with desk.tab(address) as tab:
        state = await opened(tab)
        assert [row["id"] for row in state.rows] == [one]
        assert (state.shown, state.opened, state.panel["id"]) == ("", 0, 0)


async def test_a_message_that_is_not_there_is_said_to_be(desk: Desk) -> None:
    """A link to a message of nobody opens an empty panel."""
    async with desk.tab("/queue?message=4711") as tab:
        state = await opened(tab)
        assert (state.opened, state.panel["id"], state.steps) == (4711, 0, [])


async def test_closing_the_panel_keeps_the_filter(desk: Desk) -> None:
    """Only the opened message leaves the URL."""
    async with desk.tab("/queue?state=failed&q=zia+maria&message=3") as tab:
        await opened(tab)
        await tab.do(QueueState.close)
        (event,) = tab.events
        assert parse_qs(urlsplit(event.payload["path"]).query) == {
            "state": ["failed"],
            "q": ["zia maria"],
        }


async def test_a_changed_badge_costs_little(desk: Desk, hand: Hand) -> None:
    """While a message is being sent each phase sends its own few bytes, no rows."""
    db = desk.app.db
    for _ in range(30):
        put(db, desk.couple)
    async with desk.tab() as tab:
        await opened(tab)
        claim = hand.take()
        key = str(claim.message_id)
        await tab.until(lambda: "lanes" in tab.sent(), "the claim is shown")
        for phase in PHASES:
            await quiet(desk, tab)
            hand.enter(claim, phase)
            await tab.until(
                lambda phase=phase: tab.sent().get("phases") == {key: phase},
                f"the badge says {phase}",
            )
            await tab.until(lambda: "beat" in tab.sent(), "the look is over")
            assert set(tab.sent()) == {"phases", "beat"}
            assert len(json_dumps(tab.deltas)) < BADGE_BYTES


async def test_phases_too_short_to_be_looked_at_are_seen(
    desk: Desk, hand: Hand
) -> None:
    """All four phases pass between two looks: the badge still goes through each."""
    put(desk.app.db, desk.couple)
    async with desk.tab() as tab:
        await opened(tab)
        desk.app.db.on_commit.clear()  # the page hears nothing until it is over
        claim = hand.take()
        for phase in PHASES:
            hand.enter(claim, phase)
        hand.sent(claim)
        tab.deltas.clear()
        desk.app.bus.publish()
        await tab.until(lambda: seen(tab)[-1:] == [""], "sent in the end")
        assert seen(tab) == [*PHASES, "sent", ""]


def seen(tab: Tab) -> list[str]:
    """What the overlay said, in order; "" for nothing."""
    overlays = [
        values["phases_rx_state_"]
        for delta in tab.deltas
        for values in delta.values()
        if "phases_rx_state_" in values
    ]
    return [next(iter(overlay.values()), "") for overlay in overlays]


async def test_one_state_does_not_send_the_rows(desk: Desk, hand: Hand) -> None:
    """A message that was sent changes its state and figures; the rows stay."""
    for _ in range(30):
        put(desk.app.db, desk.couple)
    async with desk.tab("/queue?state=") as tab:
        await opened(tab)
        claim = hand.take()
        await tab.until(lambda: "states" in tab.sent(), "claimed")
        await quiet(desk, tab)
        hand.sent(claim)
        await tab.until(lambda: tab.sent().get("counts"), "sent")
        assert tab.sent()["counts"]["sent"] == 1
        assert "rows" not in tab.sent()


async def test_sentences_follow_the_readers_language(desk: Desk) -> None:
    """Why a message waits is said on the server, in the language of who reads."""
    db = desk.app.db
    one = put(db, desk.couple, due_at=NOON + timedelta(hours=1)).id
    said = []
    for lang in ("en", "it"):
        async with desk.tab(f"/queue?message={one}", lang=lang) as tab:
            state = await opened(tab)
            said += [state.notes[str(one)]["text"], state.steps[0]["about"]]
    assert said == [
        "Planned to go at 15:00.",
        "Normal priority. Planned to go at 15:00.",
        "Parte alle 15:00.",
        "Priorità normale. Parte alle 15:00.",
    ]


async def test_a_retry_is_counted_down(desk: Desk, hand: Hand) -> None:
    """A message to be tried again brings the moment to count down to, and why."""
    one = put(desk.app.db, desk.couple).id
    claim = hand.take()
    due = NOON + timedelta(seconds=50)
    desk.app.db.write_now(
        queue.retry_later,
        claim,
        due_at=due,
        fault=queue.Fault(Unreachable.code),
        now=NOON,
    )
    async with desk.tab(f"/queue?message={one}") as tab:
        state = await opened(tab)
        assert state.notes[str(one)]["until"] == due.isoformat()
        assert state.notes[str(one)]["text"].startswith("WAHA cannot be reached.")
        assert (state.notes[str(one)]["n"], state.notes[str(one)]["most"]) == (2, 4)
        assert (state.rows[0]["tries"], state.rows[0]["max"]) == (2, 4)
        assert [one["outcome"] for one in state.tries] == ["not_sent"]


async def test_the_list_stays_under_the_pointer(desk: Desk) -> None:
    """While somebody points at it no row comes or goes; then all is let in."""
    db = desk.app.db
    first = put(db, desk.couple).id
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueState.hold(True))
        second = put(db, desk.couple).id
        db.write_now(queue.cancel, desk.couple.wedding, first, now=NOON)
        await tab.until(lambda: tab.sent().get("fresh") == 1, "one is announced")
        state = await tab.state(QueueState)
        assert [row["id"] for row in state.rows] == [first]
        assert state.states == {str(first): "skipped"}
        await tab.do(QueueState.hold(False))
        state = await tab.state(QueueState)
        assert [row["id"] for row in state.rows] == [second, first]
        assert state.fresh == 0


async def test_cancel_and_force_do_and_say_it(desk: Desk) -> None:
    """Both act on the message and tell how it ended; too late is told as well."""
    db = desk.app.db
    one, two = put(db, desk.couple).id, put(db, desk.couple).id
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(QueueState.cancel(one))
        assert message(db, one).skip_reason == "cancelled"
        assert (await tab.state(QueueState)).toast["kind"] == "success"
        await tab.do(QueueState.force(two))
        assert message(db, two).forced_at == desk.clock.now()
        await tab.do(QueueState.force(one))
        assert (await tab.state(QueueState)).toast["kind"] == "error"
        await tab.do(QueueState.cancel(4711))
        toast = (await tab.state(QueueState)).toast
        assert (toast["kind"], toast["text"]) == ("error", "There is no such message.")


async def test_retry_says_how_many(desk: Desk, hand: Hand) -> None:
    """All failed at once, or one; the count is told."""
    db = desk.app.db
    ids = [put(db, desk.couple, to=to).id for to in (MARIA, UGO)]
    for _ in ids:
        hand.failed(hand.take(), Unreachable.code)
    async with desk.tab() as tab:
        assert (await opened(tab)).retryable == 2
        await tab.do(QueueState.retry(ids[0]))
        assert message(db, ids[0]).status == "pending"
        assert message(db, ids[1]).status == "failed"
        await tab.do(QueueOrdersState.ask_retry)
        await tab.do(QueueOrdersState.do_it)
        assert phases_of(db, ids[1])[-1] == "retry_scheduled"
        toast = (await tab.state(QueueState)).toast
        assert toast["text"] == "1 message is back in the line."
        await tab.until(lambda: tab.sent().get("retryable") == 0, "the button goes")


async def test_a_viewer_changes_nothing(desk: Desk) -> None:
    """Who may only look is told so, whatever event their browser sends."""
    db = desk.app.db
    one = put(db, desk.couple).id
    async with desk.tab() as tab:
        await opened(tab)
        db.write_now(
            lambda s: (
                s.execute(sa.text("UPDATE membership SET role = 'viewer'")) and None
            )
        )
        for event in (
            QueueState.cancel(one),
            QueueState.force(one),
            QueueState.retry(one),
            QueueState.set_aside(one),
            QueueState.let_go(one),
            QueueState.hurry(one, 1),
            QueueTextState.save_text({"message": str(one), "text": "Other words"}),
            QueueOrdersState.ask("cancel", 3),
            QueueOrdersState.ask_missed("cancel"),
            QueueOrdersState.ask_retry,
            QueueOrdersState.do_it,
            QueueOrdersState.abort,
        ):
            state = await tab.state(QueueState)
            state.toast = {"id": "", "kind": "", "text": ""}
            await tab.do(event)
            assert (await tab.state(QueueState)).toast["kind"] == "error"
        assert phases_of(db, one) == ["queued"]


def test_what_changes_something_is_not_replayed() -> None:
    """A click made while the line was cut is dropped, not done later."""
    harmless = {"live", "close", "show_raw", "hold", "leave_it", "leave_text"}
    for cls in (QueueState, QueueOrdersState, QueueTextState):
        own = set(cls.event_handlers) & set(vars(cls)) - {"setvar"}
        for name in own - harmless - {"choose_nobody"}:
            assert cls.event_handlers[name].event_actions.get("temporal"), name
    assert not QueueState.event_handlers["close"].event_actions.get("temporal")


async def test_the_stored_events_come_only_when_asked(desk: Desk) -> None:
    """The raw fold is sent to who unfolds it, and taken back."""
    one = put(desk.app.db, desk.couple).id
    async with desk.tab(f"/queue?message={one}") as tab:
        assert (await opened(tab)).raw == ""
        await tab.do(QueueState.show_raw)
        assert '"phase": "queued"' in (await tab.state(QueueState)).raw
        await tab.do(QueueState.show_raw)
        assert (await tab.state(QueueState)).raw == ""


async def test_a_pause_reaches_the_reason(desk: Desk) -> None:
    """Pausing all sending at once says so at every waiting message."""
    one = put(desk.app.db, desk.couple).id
    async with desk.tab() as tab:
        await opened(tab)
        desk.app.db.write_now(pausing.pause_all, desk.couple.wedding, now=NOON)
        told = "All sending is paused. It goes once you resume."
        await tab.until(
            lambda: tab.sent()["notes"][str(one)]["text"] == told, "the reason"
        )


async def quiet(desk: Desk, tab: Tab) -> None:
    """Let the page look until it has nothing to say but its beat; forget the rest."""
    while True:
        tab.deltas.clear()
        desk.app.bus.publish()
        await tab.until(lambda: "beat" in tab.sent(), "the page looked")
        if set(tab.sent()) == {"beat"}:
            tab.deltas.clear()
            return
