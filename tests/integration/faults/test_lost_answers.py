"""The answer to a send is late, cut, unreadable or lost: nothing goes twice for it.

With an engine that sends under a given id (NOWEB, GOWS) the id decides; with one that
does not (WEBJS) the text in the chat does, and where nothing is found a person.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.builders import message, put
from tests.fakes import FakeClock
from tests.integration.conftest import World
from tests.integration.faults.line import SEND, Behaviour, Line, Turn, packed, says
from wedding_wa.models import QueueMessage
from wedding_wa.services import waha, waha_wire
from wedding_wa.services.accounts import Clients
from wedding_wa.services.settler import settle
from wedding_wa.services.worker import AccountWorker

AFTER = timedelta(seconds=300)


@dataclass(frozen=True)
class Loss:
    """How the answer is lost, and whether WhatsApp had the message by then."""

    name: str
    behave: Behaviour
    arrived: bool


async def reset_before(turn: Turn) -> None:
    turn.reset()


async def reset_after(turn: Turn) -> None:
    await turn.pass_on()
    turn.reset()


async def half_a_body(turn: Turn) -> None:
    done = await turn.pass_on()
    body = done.content
    await turn.answer(packed(201, body[: len(body) // 2], length=len(body)))


async def half_a_head(turn: Turn) -> None:
    await turn.pass_on()
    await turn.answer(b"HTTP/1.1 201 Cre")


async def hangs(turn: Turn) -> None:
    await turn.reader.read()  # until the client is gone


async def hangs_after(turn: Turn) -> None:
    await turn.pass_on()
    await turn.reader.read()


async def drips(turn: Turn) -> None:
    """A byte now and then: never silent for long, and never done."""
    await turn.pass_on()
    await turn.answer(packed(201, b"", length=10_000))
    while not turn.writer.is_closing():
        await turn.answer(b" ")
        await asyncio.sleep(0.02)


async def floods(turn: Turn) -> None:
    """An answer without end."""
    await turn.pass_on()
    await turn.answer(packed(201, b"", length=10**12))
    while not turn.writer.is_closing():
        await turn.answer(b" " * 65_536)


LOSSES = [
    Loss("reset before it was read", reset_before, False),
    Loss("reset after it went", reset_after, True),
    Loss("half a body", half_a_body, True),
    Loss("half a head", half_a_head, True),
    Loss("hangs before", hangs, False),
    Loss("hangs after", hangs_after, True),
    Loss("drips", drips, True),
    Loss("floods", floods, True),
    Loss("a yes that is a page", says(201, b"<html>", doing=True), True),
    Loss("a yes that is nothing", says(201, b"", doing=True), True),
    Loss("a yes without an id", says(201, {"status": "PENDING"}, doing=True), True),
    Loss("a yes by somebody else", says(200, b"<h1>Welcome</h1>"), False),
]


@dataclass
class Desk:
    """One message, its line and its clock."""

    world: World
    line: Line
    worker: AccountWorker
    clients: Clients
    clock: FakeClock
    number: int

    @property
    def row(self) -> QueueMessage:
        return message(self.world.database, self.number)

    def arrived(self) -> list[str]:
        return [str(fact["id"]) for fact in self.world.delivered()]

    async def hours_pass(self) -> None:
        for _ in range(3):
            self.clock.advance(3600)
            await self.worker.step()

    async def settle(self) -> None:
        db, clients, clock = self.world.database, self.clients, self.clock
        await settle(db, clients, clock, settle_after=AFTER)


@pytest.fixture
def desk(
    world: World,
    store: None,
    line: Line,
    groom: AccountWorker,
    clients: Clients,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Patience is a moment here; in life a send has five minutes."""
    monkeypatch.setattr(waha, "SEND_READ_S", 0.2)
    for name in ("CONNECT_S", "POOL_S", "WRITE_S"):
        monkeypatch.setattr(waha_wire, name, 0.5)
    monkeypatch.setattr(waha_wire, "LARGEST", 4_000_000)
    number = put(world.database, world.couple, text="Cara zia").id
    return Desk(world, line, groom, clients, clock, number)


def without_ids(line: Line) -> None:
    """As with WEBJS, which takes no id for what it sends."""
    version = {"version": "2026.7.1", "engine": "WEBJS", "tier": "CORE"}
    line.on("/api/server/version", says(200, version))


@asynccontextmanager
async def lost(desk: Desk, loss: Loss) -> AsyncIterator[None]:
    """Lose the answer; whatever time does, the message is not sent again by itself."""
    desk.line.on(SEND, loss.behave)
    await asyncio.wait_for(desk.worker.step(), 20)
    assert desk.row.status == "unconfirmed"
    await desk.hours_pass()
    assert len(desk.line.sends()) == 1
    assert len(desk.arrived()) == loss.arrived
    desk.line.mend()
    yield
    assert len(desk.arrived()) == 1, "exactly once, however long it took"


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
async def test_with_an_id_the_chat_decides(loss: Loss, desk: Desk) -> None:
    """Arrived: sent, under the id that was reserved. Not arrived: one failure, and it
    goes again under the same id."""
    async with lost(desk, loss):
        reserved = desk.row.reserved_id
        assert desk.line.sends()[0].json["id"] == reserved
        await desk.settle()
        if not loss.arrived:
            assert (desk.row.status, desk.row.failures) == ("pending", 1)
            await desk.worker.step()
            assert [asked.json["id"] for asked in desk.line.sends()] == [reserved] * 2
        assert desk.row.status == "sent"
        assert desk.arrived() == [desk.row.provider_message_id] == [reserved]


@pytest.mark.parametrize(
    "loss", [loss for loss in LOSSES if loss.arrived], ids=lambda loss: loss.name
)
async def test_without_ids_the_text_in_the_chat_decides(loss: Loss, desk: Desk) -> None:
    """The engine gave it an id of its own, which nobody told us: found by its text."""
    without_ids(desk.line)
    async with lost(desk, loss):
        without_ids(desk.line)
        assert desk.row.reserved_id is None
        assert "id" not in desk.line.sends()[0].json
        await desk.settle()
        assert desk.row.status == "sent"
        assert [desk.row.provider_message_id] == desk.arrived()


@pytest.mark.parametrize(
    "loss", [loss for loss in LOSSES if not loss.arrived], ids=lambda loss: loss.name
)
async def test_without_ids_what_is_not_found_waits_for_a_person(
    loss: Loss, desk: Desk
) -> None:
    """WAHA may still be about to send it, and nobody could tell the two apart: it is
    shown as unconfirmed and never goes again by itself."""
    without_ids(desk.line)
    desk.line.on(SEND, loss.behave)
    await desk.worker.step()
    for _ in range(3):
        await desk.hours_pass()
        await desk.settle()
    assert (desk.row.status, desk.row.attempt) == ("unconfirmed", 1)
    assert len(desk.line.sends()) == 1


async def test_slow_is_not_lost(desk: Desk) -> None:
    """An answer that takes its time is an answer."""

    async def slow(turn: Turn) -> None:
        done = await turn.pass_on()
        await asyncio.sleep(0.05)
        await turn.answer(packed(201, done.content, kind="application/json"))

    desk.line.on(SEND, slow)
    await desk.worker.step()
    assert (desk.row.status, len(desk.arrived())) == ("sent", 1)


async def test_a_long_answer_with_an_id_is_an_answer(desk: Desk) -> None:
    """WAHA repeats the whole message, with a preview picture in it."""

    async def long(turn: Turn) -> None:
        done = (await turn.pass_on()).json()
        body = {**done, "preview": "x" * 3_000_000}
        await turn.answer(packed(201, json.dumps(body).encode(), kind="text/plain"))

    desk.line.on(SEND, long)
    await desk.worker.step()
    assert (desk.row.status, len(desk.arrived())) == ("sent", 1)
