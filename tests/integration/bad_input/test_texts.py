"""One list of texts through every door that takes a message: each makes the same of
them, and nothing is half done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import func, select

from tests.builders import GUEST, guest_wrote, make_couple, message, put
from tests.desk import Desk, running
from tests.fakes import NOON, FakeClock
from tests.integration.api_v1.conftest import (  # noqa: F401
    Place,
    database,
    peopled,
    place,
    program,
)
from tests.integration.auth.conftest import _quick_hashes, house  # noqa: F401
from tests.integration.bad_input.texts import (
    EMPTY,
    LONG,
    SAMPLE,
    TYPED,
    differing,
    refusal,
)
from tests.integration.cli.conftest import Terminal, terminal  # noqa: F401
from tests.integration.inbox.conftest import Post
from wedding_wa.db import Database
from wedding_wa.models import MessageEvent, QueueMessage
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.queue import edit
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_text import QueueTextState
from wedding_wa.state.test_message import TestMessageState
from wedding_wa.words import say

BAD = (*EMPTY.values(), *LONG.values())
TAKEN = len(TYPED) - len(BAD)
JSON = {"Content-Type": "application/json"}
OF_SAMPLE = len(SAMPLE) - len([one for one in BAD if one in SAMPLE.values()])


def rows(db: Database) -> tuple[int, int]:
    """How many messages there are, and how many lines of their timelines."""
    return db.read_now(
        lambda s: (
            s.exec(select(func.count()).select_from(QueueMessage)).one(),
            s.exec(select(func.count()).select_from(MessageEvent)).one(),
        )
    )


def newest(db: Database) -> str:
    """The text that was queued last."""
    last = select(QueueMessage.text).order_by(QueueMessage.id.desc()).limit(1)  # type: ignore[union-attr]
    return db.read_now(lambda s: s.exec(last).one())


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> AsyncIterator[Desk]:  # noqa: F811
    couple = make_couple(database)
    guest_wrote(database, couple.groom)
    async with running(database, clock) as app:
        yield Desk(app, couple, clock, start="/test")


def test_one_message_on_the_command_line(terminal: Terminal) -> None:  # noqa: F811
    """A sentence and exit code 3, or the id of what is kept."""
    guest_wrote(terminal.db, terminal.couple.groom)
    found = {}
    for name, text in SAMPLE.items():
        done = terminal("enqueue", "--to", GUEST, f"--text={text}")
        if done.exit_code == 0:
            found[name] = message(terminal.db, int(done.stdout)).text
        else:
            assert (done.exit_code, done.stdout) == (3, "")
            found[name] = refusal(done.stderr)
    assert differing(found) == {}
    assert rows(terminal.db) == (OF_SAMPLE, OF_SAMPLE)


def test_a_file_of_messages(terminal: Terminal) -> None:  # noqa: F811
    """Each line by itself; one that is refused names its line and hinders no other."""
    guest_wrote(terminal.db, terminal.couple.groom)
    file = terminal.file(
        *(json.dumps({"to": GUEST, "text": text}) for text in TYPED.values())
    )
    told = json.loads(
        terminal("enqueue", "--file", file, "--skip-bad", "--json").stdout
    )
    names, bad = list(TYPED), {one["line"]: one for one in told["bad"]}
    assert {one["field"] for one in bad.values()} == {"text"}
    found = {names[line - 1]: refusal(one["error"]) for line, one in bad.items()}
    good = [name for name in names if name not in found]
    kept = [message(terminal.db, one).text for one in told["ids"]]
    assert differing(found | dict(zip(good, kept, strict=True))) == {}
    assert rows(terminal.db) == (TAKEN, TAKEN)


def test_changed_on_the_command_line(terminal: Terminal) -> None:  # noqa: F811
    """A refused change leaves the words and the timeline as they were."""
    guest_wrote(terminal.db, terminal.couple.groom)
    one = put(terminal.db, terminal.couple, text="before").id
    found = {}
    for name, text in SAMPLE.items():
        terminal.db.write_now(
            edit, terminal.couple.wedding, one, text="before", now=NOON
        )
        before = rows(terminal.db)
        done = terminal("queue", "edit", one, f"--text={text}")
        if done.exit_code == 0:
            found[name] = message(terminal.db, one).text
        else:
            found[name] = refusal(done.stderr)
            assert message(terminal.db, one).text == "before"
            assert (done.exit_code, rows(terminal.db)) == (3, before)
    assert differing(found) == {}


async def test_on_the_test_page(desk: Desk) -> None:
    """Told at the field; what was typed stays in the browser."""
    found = {}
    async with desk.tab() as tab:
        await tab.open(TestMessageState.live)
        for number, (name, text) in enumerate(TYPED.items()):
            form = {"account": "groom", "to": GUEST, "text": text, "draft": str(number)}
            await tab.do(TestMessageState.send(form))
            state = await tab.state(TestMessageState)
            wrong = state.errors["text"]
            assert (state.sent_draft == str(number)) is not bool(wrong)
            found[name] = refusal(wrong) if wrong else newest(desk.db)
    assert differing(found) == {}
    assert rows(desk.db) == (TAKEN, TAKEN)


async def test_in_the_queues_dialog(desk: Desk) -> None:
    """Told in the dialog, which stays open; the message keeps its words."""
    one = put(desk.db, desk.couple, text="before").id
    found = {}
    async with desk.tab(f"/queue?message={one}") as tab:
        await tab.open(QueueState.live)
        for name, text in SAMPLE.items():
            await tab.do(QueueTextState.open_text(one))
            await tab.do(QueueTextState.save_text({"message": str(one), "text": text}))
            state = await tab.state(QueueTextState)
            assert (state.editing == one) is bool(state.text_error)
            kept = message(desk.db, one).text
            found[name] = refusal(state.text_error) if state.text_error else kept
            assert not state.text_error or kept != text
    assert differing(found) == {}


@pytest.fixture
async def chat(desk: Desk) -> int:
    """Somebody's conversation."""
    return Post(desk.db, desk.couple).writes(GUEST)


async def test_as_an_answer_in_the_inbox(desk: Desk, chat: int) -> None:
    """The same for an answer; the sheet stays until it is taken over."""
    found = {}
    async with desk.tab(f"/inbox?chat={chat}") as tab:
        await tab.open(InboxState.live)
        for number, (name, text) in enumerate(SAMPLE.items()):
            form = {"chat": str(chat), "text": text, "draft": f"sheet{number}"}
            await tab.do(InboxState.send(form))
            state = await tab.state(InboxState)
            assert (state.sent_draft == f"sheet{number}") is not bool(state.error)
            found[name] = refusal(state.error) if state.error else newest(desk.db)
    assert differing(found) == {}
    assert rows(desk.db) == (OF_SAMPLE, OF_SAMPLE)


async def test_as_an_answer_by_a_program(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
) -> None:
    """A program is stopped at what no text can be; the rest is as for a person."""
    found = {}
    for number, (name, text) in enumerate(TYPED.items()):
        body = json.dumps({"text": text, "idempotency_key": f"k{number}"})
        answer = await program.post(
            f"/inbox/{place.mine.chat}/reply", content=body, headers=JSON
        )
        told = answer.json()
        if answer.status_code == 202:
            found[name] = message(place.house.db, told["id"]).text
        else:
            assert answer.status_code == 422
            assert [one["field"] for one in told["errors"]] == ["text"], (name, told)
            found[name] = refusal(told["detail"])
    halves = ("halves of characters", "halves only")
    for name in ("controls", "controls only", *halves):  # of its making
        assert found.pop(name) == say("en", "error.invalid", fields="text")
    assert differing(found) == {}


async def test_a_refusal_is_in_the_readers_language(desk: Desk) -> None:
    """With the limit and how long it was."""
    async with desk.tab(lang="it") as tab:
        await tab.open(TestMessageState.live)
        form = {"account": "groom", "to": GUEST, "text": "x" * 65_536, "draft": "d"}
        await tab.do(TestMessageState.send(form))
        wrong = (await tab.state(TestMessageState)).errors["text"]
    assert wrong == say("it", "error.text_long", limit=4096, length=65_536)
    assert "4096" in wrong
    assert rows(desk.db) == (0, 0)


async def test_others_are_unharmed_meanwhile(desk: Desk) -> None:
    """What somebody else queues between refusals is kept, each once."""
    async with desk.tab() as tab:
        await tab.open(TestMessageState.live)
        for number, text in enumerate(BAD):
            form = {"account": "groom", "to": GUEST, "draft": str(number)}
            await asyncio.gather(
                tab.do(TestMessageState.send({**form, "text": text})),
                desk.db.write(
                    enqueue,
                    desk.couple.wedding,
                    EnqueueRequest("groom", GUEST, f"Ciao {number}"),
                    now=desk.clock.now(),
                ),
            )
    assert rows(desk.db) == (len(BAD), len(BAD))
