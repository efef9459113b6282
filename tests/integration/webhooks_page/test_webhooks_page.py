"""The Webhooks page in a tab: what came in, what was turned away, apply again."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import accounts as see
from tests.builders import make_couple
from tests.fakes import NOON, FakeClock
from tests.integration.inbound.conftest import BRIDES_KEY
from tests.integration.inbound.test_refusals import everything
from tests.integration.inbound.test_webhook_route import sample
from tests.integration.webhooks_page.conftest import Look
from tests.reflex_harness import Tab
from wedding_wa.db import Database
from wedding_wa.models import Chat, Evidence, OptOut, Role, WebhookLog
from wedding_wa.services import inbound, inbox_marks, opt_outs, webhook_log
from wedding_wa.services.webhook_again import apply_again, apply_failed_again
from wedding_wa.services.webhook_list import PAGE_SIZE
from wedding_wa.services.webhook_views import SHOWN, event_detail
from wedding_wa.state.webhooks import WebhooksState

GUEST = "393331112222@c.us"


async def opened(tab: Tab) -> WebhooksState:
    """The page's state after its first look."""
    await tab.open(WebhooksState.live)
    return await tab.state(WebhooksState)


def message(bare: str, text: str = "Ciao!", **more: object) -> bytes:
    payload = see.written(GUEST, bare, at=NOON, body=text)
    return see.event("message.any", payload, at=NOON, session="default", **more)


def keep(database: Database, account_id: int, wedding_id: int, raw: bytes) -> None:
    """Store an event as the feed brings it, and leave it unapplied."""
    database.write_now(
        webhook_log.store,
        wedding_id=wedding_id,
        account_id=account_id,
        raw=raw,
        now=NOON,
        source=Evidence.FEED,
    )


async def fill(look: Look) -> None:
    """One event of every kind of row: applied, waiting, failed, unknown; a refusal."""
    door = look.door
    await door.post(sample("message.any", "DEVICE"))
    await door.post(see.event("call.rung", {}, at=NOON, session="default"))
    await door.post(message("3AAA").replace(b"default", b"somebody"))
    await door.post(b"not json")
    await door.post(sample("message", "DEVICE"), account="bride", key=BRIDES_KEY)
    await door.post(b"{}", key="guessed")
    keep(door.app.db, door.couple.groom, door.couple.wedding, message("3ABB"))


async def test_the_list_tells_what_came_and_what_became_of_it(look: Look) -> None:
    """Newest first; each with its state, its way, and why it is not applied."""
    await fill(look)
    async with look.tab() as tab:
        state = await opened(tab)
        rows = [
            (row["account"], row["word"], row["event"], row["way"], row["state"])
            for row in state.rows
        ]
        assert rows == [
            ("groom", "message_any", "message.any", "feed", "waiting"),
            ("bride", "message", "message", "webhook", "applied"),
            ("groom", "malformed", "malformed", "webhook", "failed"),
            ("groom", "message_any", "message.any", "webhook", "failed"),
            ("groom", "unknown", "call.rung", "webhook", "kept"),
            ("groom", "message_any", "message.any", "webhook", "applied"),
        ]
        notes = [row["note"] for row in state.rows]
        assert notes[2] == "This is not an event as WAHA sends it."
        assert "session" in notes[3]
        assert (state.failed, state.refused) == (2, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?account=bride", ["message"]),
        ("?event=call.rung", ["call.rung"]),
        ("?only=open", ["message.any", "malformed", "message.any"]),
        ("?only=open&event=malformed", ["malformed"]),
        ("?only=open&account=bride", []),
        ("?event=never", []),
        ("?only=refused", ["127.0.0.1"]),
        ("?only=refused&account=bride", []),
        ("?only=nonsense&account=x&after=y&before=-1&open=z", 6),
    ],
)
async def test_the_url_filters(look: Look, query: str, expected: object) -> None:
    """By account, by event, what is not applied, what was turned away."""
    await fill(look)
    async with look.tab(query) as tab:
        shown = [row["event"] for row in (await opened(tab)).rows]
        assert expected in (shown, len(shown))


async def test_the_events_there_are_can_be_chosen(look: Look) -> None:
    """Every name that came once, the unknown last; a chosen one is taken off again."""
    await fill(look)
    async with look.tab("?event=message") as tab:
        names = (await opened(tab)).names
        assert [one["name"] for one in names] == [
            "malformed",
            "message",
            "message.any",
            "call.rung",
        ]
        assert [one["next"] for one in names if one["chosen"]] == [""]


async def test_pages_go_by_key_and_meet(look: Look) -> None:
    """Forward and back again shows every event once, whatever comes in meanwhile."""
    door = look.door
    for number in range(2 * PAGE_SIZE + 3):
        raw = message(f"3A{number:04X}")
        keep(door.app.db, door.couple.groom, door.couple.wedding, raw)
    seen, query = [], "?"
    while True:
        async with look.tab(query) as tab:
            state = await opened(tab)
            seen.append([row["id"] for row in state.rows])
            if not state.older:
                break
            query = f"?after={state.older}"
            keep(door.app.db, door.couple.groom, door.couple.wedding, message("3AF"))
    assert [len(page) for page in seen] == [PAGE_SIZE, PAGE_SIZE, 3]
    ids = [one for page in seen for one in page]
    assert ids == sorted(ids, reverse=True)
    async with look.tab(f"?before={seen[2][0]}") as tab:
        assert [row["id"] for row in (await opened(tab)).rows] == seen[1]


async def test_one_event_whole(look: Look) -> None:
    """Its body on many lines, markup as text, and the ids."""
    await look.door.post(
        message("3AAA", text="<script>ciao</script> ♥", event_id="evt_1")
    )
    async with look.tab("?open=1") as tab:
        panel = (await opened(tab)).panel
        assert json.loads(panel["body"])["payload"]["body"] == "<script>ciao</script> ♥"
        assert '\n  "event": "message.any"' in panel["body"]
        assert (panel["event_id"], panel["message_id"]) == ("evt_1", "3AAA")
        assert (panel["state"], panel["pruned"], panel["cut"]) == (
            "applied",
            False,
            False,
        )


async def test_a_deleted_body_is_said_and_a_long_one_is_cut(look: Look) -> None:
    """Neither looks like an empty event; the deleted one cannot be applied again."""
    door = look.door
    await door.post(message("3AAA", text="a" * SHOWN))
    await door.post(message("3ABB"))
    door.app.db.write_now(
        lambda s: (
            s.execute(sa.update(WebhookLog).where(WebhookLog.id == 2).values(raw=None))  # type: ignore[arg-type]
            and None
        )
    )
    async with look.tab("?open=1") as tab:
        panel = (await opened(tab)).panel
        assert (panel["cut"], len(panel["body"])) == (True, SHOWN)
    async with look.tab("?open=2") as tab:
        panel = (await opened(tab)).panel
        assert (panel["pruned"], panel["body"]) == (True, "")
        await tab.do(WebhooksState.apply_again(2))
        toast = (await tab.state(WebhooksState)).toast
        assert (toast["kind"], "deleted" in toast["text"]) == ("error", True)


async def test_half_characters_can_be_shown(look: Look) -> None:
    """A lone surrogate in JSON would break the socket: it becomes a question mark."""
    raw = message("3AAA").replace(b"Ciao!", b"\\ud83d")
    await look.door.post(raw)
    detail = look.door.app.db.read_now(event_detail, look.door.couple.wedding, 1)
    assert detail is not None
    assert detail.body is not None
    assert json.loads(detail.body.encode())["payload"]["body"] == "?"


async def test_a_refusal_tells_why_and_from_where(look: Look) -> None:
    """Reason, address and the head of the body; nothing to apply."""
    await look.door.post(b'{"a": 1}', key="guessed")
    async with look.tab("?only=refused&open=1") as tab:
        panel = (await opened(tab)).panel
        assert (panel["refused"], panel["word"], panel["address"]) == (
            True,
            "signature",
            "127.0.0.1",
        )
        assert panel["body"] == '{\n  "a": 1\n}'


async def test_another_weddings_events_are_not_there(look: Look) -> None:
    """Neither listed nor opened nor applied, by whatever id."""
    other = make_couple(look.door.app.db)
    keep(look.door.app.db, other.groom, other.wedding, message("3AAA"))
    before = everything(look.door.app.db)
    async with look.tab("?open=1") as tab:
        state = await opened(tab)
        assert (state.rows, state.opened, state.panel["id"]) == ([], 1, 0)
        await tab.do(WebhooksState.apply_again(1))
        assert (await tab.state(WebhooksState)).toast["kind"] == "error"
        await tab.do(WebhooksState.apply_failed)
    after = everything(look.door.app.db)
    assert after["webhook_log"] == before["webhook_log"]
    assert after["inbound_message"] == []


async def test_the_page_is_live(look: Look) -> None:
    """What comes in stands there by itself, also what was turned away."""
    async with look.tab() as tab:
        await opened(tab)
        await look.door.post(message("3AAA"))
        await tab.until(lambda: tab.sent().get("rows"), "the event")
        await look.door.post(b"{}", key="guessed")
        await tab.until(lambda: tab.sent().get("refused") == 1, "the refusal")


async def test_rows_stay_under_the_pointer(look: Look) -> None:
    """New ones wait behind the list and are counted."""
    await look.door.post(message("3AAA"))
    async with look.tab() as tab:
        await opened(tab)
        await tab.do(WebhooksState.hold(True))
        await look.door.post(message("3ABB"))
        await tab.until(lambda: tab.sent().get("fresh") == 1, "one is announced")
        assert [row["id"] for row in (await tab.state(WebhooksState)).rows] == [1]
        await tab.do(WebhooksState.hold(False))
        state = await tab.state(WebhooksState)
        assert ([row["id"] for row in state.rows], state.fresh) == ([2, 1], 0)


async def test_a_viewer_applies_nothing(look: Look) -> None:
    """Who may only look sees no button, and is told so if it is pressed anyway."""
    await look.door.post(message("3AAA").replace(b"default", b"somebody"))
    before = everything(look.door.app.db)["webhook_log"]
    async with look.tab(role=Role.VIEWER) as tab:
        assert (await opened(tab)).may_apply is False
        for event in (WebhooksState.apply_again(1), WebhooksState.apply_failed):
            await tab.do(event)
            assert (await tab.state(WebhooksState)).toast["kind"] == "error"
    assert everything(look.door.app.db)["webhook_log"] == before


async def test_only_owners_read_what_was_written(look: Look) -> None:
    """What WAHA tells holds the private chats of both phones: a planner sees that
    something came and what became of it, an owner also the words."""
    await look.door.post(message("3AAA"))
    for role, reads in ((Role.PLANNER, False), (Role.OWNER, True)):
        async with look.tab("?open=1", role=role) as tab:
            panel = (await opened(tab)).panel
            assert panel["id"] == 1
            assert ("3AAA" in panel["body"]) is reads
            assert panel["withheld"] is not reads


# --- apply again ---------------------------------------------------------------------


async def test_applying_again_does_nothing_twice(
    look: Look, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole recorded story applied once more, event by event and newest first:
    every row of the database is as before, but for when it was applied."""

    async def asked(*_: object) -> None:
        """An old status makes the app ask WAHA; here WAHA has nothing new to say."""

    monkeypatch.setattr(inbound, "poll", asked)
    clock.advance(400 * 24 * 3600)  # the samples were recorded then
    door = look.door
    for recorded in see.SAMPLES:
        await door.post(str(recorded["raw_body"]).encode())
    rows = see.log(door.app.db, door.couple.groom)
    before = _apart_from_applying(door.app.db)
    app = door.app
    for row in reversed(rows):
        assert row.id is not None
        done = await apply_again(
            app.db, app.clients, app.clock, door.couple.wedding, row.id
        )
        assert (done.applied, done.failed) == (1, 0)
    assert _apart_from_applying(door.app.db) == before


async def test_an_old_stop_applied_again_does_not_undo_the_undoing(
    look: Look, clock: FakeClock
) -> None:
    """A person said that messages are wanted again: the same STOP is no new one. Nor
    is what was read unread again."""
    door = look.door
    await door.post(message("3AAA"))
    await door.post(message("3ABB", text="STOP"))
    (wish,) = _rows(door.app.db, OptOut)
    (chat,) = _rows(door.app.db, Chat)
    assert chat.unread == 2
    clock.advance(60)
    wedding, now = door.couple.wedding, clock.now()
    door.app.db.write_now(opt_outs.undo, wedding, wish.id, by=None, now=now)
    door.app.db.write_now(inbox_marks.mark_read, wedding, chat.id)
    before = _apart_from_applying(door.app.db)
    app = door.app
    for row_id in (2, 1, 2):
        await apply_again(app.db, app.clients, app.clock, wedding, row_id)
    assert _apart_from_applying(door.app.db) == before
    (wish,) = _rows(door.app.db, OptOut)
    assert wish.undone_at == now


async def test_what_failed_is_applied_once_its_cause_is_gone(look: Look) -> None:
    """Events of a session that was named otherwise: all at once, in their order."""
    door = look.door
    for bare in ("3AAA", "3ABB"):
        await door.post(message(bare).replace(b"default", b"renamed"))
    assert see.inbound(door.app.db, door.couple.groom) == []
    async with look.tab() as tab:
        assert (await opened(tab)).failed == 2
        await tab.do(WebhooksState.apply_failed)
        toast = (await tab.state(WebhooksState)).toast
        assert toast["text"] == "2 events could not be applied. Each says why."
        see.update(door.app.db, door.couple.groom, session="renamed")
        await tab.do(WebhooksState.apply_failed)
        state = await tab.state(WebhooksState)
        assert state.toast["text"] == "2 events are applied."
        assert [row["state"] for row in state.rows] == ["applied", "applied"]
    found = see.inbound(door.app.db, door.couple.groom)
    assert [one.message_id for one in found] == ["3AAA", "3ABB"]
    assert len(see.consents(door.app.db, door.couple.groom)) == 1


async def test_nothing_failed_is_nothing_to_do(look: Look) -> None:
    """All that failed may be none."""
    app, wedding = look.door.app, look.door.couple.wedding
    done = await apply_failed_again(app.db, app.clients, app.clock, wedding)
    assert (done.applied, done.failed) == (0, 0)


def _rows(database: Database, model: Any) -> list[Any]:
    return database.read_now(lambda s: list(s.exec(select(model)).all()))


def _apart_from_applying(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything but webhook_log.applied_at, which says when it was done last."""
    rows = everything(database)

    def log(session: Session) -> list[tuple[object, ...]]:
        table = WebhookLog.__table__  # type: ignore[attr-defined]
        columns = [column for column in table.c if column.name != "applied_at"]
        return sorted((tuple(r) for r in session.execute(sa.select(*columns))), key=str)

    return {**rows, "webhook_log": database.read_now(log)}
