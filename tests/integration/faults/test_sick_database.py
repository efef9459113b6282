"""The database cannot be written to in the middle of a send: full, read-only, locked.

Nothing leaves before its mark is on the disk, what WAHA answered is kept until it can
be written, and it goes on by itself, each message once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import attempts_of, message, put
from tests.fakes import NOON, FakeClock
from tests.integration.conftest import World
from tests.integration.faults.database import Trouble
from tests.integration.faults.line import SEND, Line, Turn, passes
from wedding_wa.models import AuditEntry
from wedding_wa.services.accounts import Clients
from wedding_wa.services.worker import AccountWorker

LONGER_THAN_A_PAUSE = 6.0  # seconds: typing a long text is


class Meddling(FakeClock):
    """Something happens while somebody types; trouble ends after some patience."""

    def __init__(self) -> None:
        super().__init__()
        self.while_typing: Callable[[], None] | None = None
        self.end: Callable[[], None] | None = None
        self.patience = 0

    async def sleep(self, seconds: float) -> None:
        if self.while_typing and seconds > LONGER_THAN_A_PAUSE:
            begin, self.while_typing = self.while_typing, None
            begin()
        if seconds == 1.0 and self.end is not None:  # an outcome that is kept
            self.patience -= 1
            if self.patience == 0:
                end, self.end = self.end, None
                end()
        await super().sleep(seconds)


@pytest.fixture
def clock() -> Meddling:
    return Meddling()


def begin_and_end(name: str, trouble: Trouble) -> tuple[Callable, Callable]:  # type: ignore[type-arg]
    if name == "read-only":
        return trouble.make_read_only, trouble.make_writable
    held = ExitStack()
    return lambda: held.enter_context(trouble.locked()), held.close


async def works(worker: AccountWorker, clock: FakeClock, *, most: int = 60) -> int:
    """Step as the worker does, a fault costing a moment; return how many it met."""
    faults = 0
    for _ in range(most):
        try:
            wake = await worker.step()
        except sa.exc.OperationalError:
            faults += 1
            worker.forget()
            clock.advance(2)
            continue
        if wake is None:
            break
        clock.advance(max(0.0, (wake - clock.now()).total_seconds()))
    return faults


def ask(world: World, text: str) -> int:
    return put(world.database, world.couple, text=text).id


@pytest.mark.parametrize("name", ["read-only", "locked"])
async def test_nothing_leaves_before_its_mark_is_written(
    name: str,
    world: World,
    line: Line,
    groom: AccountWorker,
    trouble: Trouble,
    clock: Meddling,
) -> None:
    """In trouble while it is typed: WAHA is not asked to send it; well again, it goes,
    once, and no failure of its own is counted."""
    begin, end = begin_and_end(name, trouble)
    one = ask(world, "x" * 60)
    clock.while_typing = begin
    with pytest.raises(sa.exc.OperationalError):
        await groom.step()
    groom.forget()
    for _ in range(3):
        with pytest.raises(sa.exc.OperationalError):
            await groom.step()
    assert line.sends() == []
    end()
    assert await works(groom, clock) == 0
    row = message(world.database, one)
    assert (row.status, row.failures) == ("sent", 0)
    assert len(world.delivered()) == len(line.sends()) == 1
    assert trouble.is_whole()


@pytest.mark.parametrize("name", ["read-only", "locked"])
async def test_an_outcome_is_kept_until_it_can_be_written(
    name: str,
    world: World,
    line: Line,
    groom: AccountWorker,
    trouble: Trouble,
    clock: Meddling,
) -> None:
    """WAHA has answered and nobody can write it down: it is tried again until it is
    written; meanwhile nothing else is sent."""
    begin, clock.end = begin_and_end(name, trouble)
    clock.patience = 4
    one, two = ask(world, "one"), ask(world, "two")

    async def then_trouble(turn: Turn) -> None:
        line.mend()
        begin()
        await passes(turn)

    line.on(SEND, then_trouble)
    await groom.step()
    row = message(world.database, one)
    assert clock.patience == 0, "it waited"
    assert (row.status, row.attempt) == ("sent", 1)
    assert [fact["id"] for fact in world.delivered()] == [row.provider_message_id]
    (tried,) = attempts_of(world.database, one)
    assert tried.outcome == "sent"
    assert message(world.database, two).status == "pending"


async def test_a_full_disk_stops_sending_until_there_is_room(
    world: World,
    line: Line,
    groom: AccountWorker,
    trouble: Trouble,
    clients: Clients,
    clock: Meddling,
) -> None:
    """Wherever in the send the last page is used up: what went is written down as soon
    as there is room, what did not go goes then, all of it once, the file whole."""
    ids = [ask(world, f"message {number}") for number in range(12)]
    trouble.fill_the_disk()
    _use_up(world)
    clock.end, clock.patience = trouble.make_room, 5
    faults = 0
    for _ in range(12):
        if clock.end is None:
            break  # it had to keep an outcome, and has waited for room
        faults += await works(groom, clock, most=3)
    trouble.make_room()
    assert faults or clock.end is None, "the disk was never full"
    in_between = len(world.delivered())
    assert in_between < len(ids), "sending went on without room to write it down"
    await works(groom, clock)
    assert {message(world.database, i).status for i in ids} == {"sent"}
    texts = [str(fact["text"]) for fact in world.delivered()]
    assert sorted(texts) == sorted(f"message {number}" for number in range(12))
    assert trouble.is_whole()


def _use_up(world: World) -> None:
    """Fill what room the file's pages have for one kind of row."""
    for _ in range(1000):
        entry = AuditEntry(wedding_id=world.couple.wedding, action="x" * 200, at=NOON)
        try:
            world.database.write_now(Session.add, entry)
        except sa.exc.OperationalError:
            return
