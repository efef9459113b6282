"""What was accepted arrives exactly as it is kept, and is known again by its text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.builders import message, put
from tests.fakes import FakeClock
from tests.integration.bad_input.texts import CLEANED, VERBATIM, expected
from tests.integration.conftest import World
from tests.integration.faults.conftest import (  # noqa: F401
    bride,
    groom,
    line,
    sender,
    store,
)
from tests.integration.faults.line import SEND, Line, Turn, says
from wedding_wa.models import QueueMessage
from wedding_wa.services import waha
from wedding_wa.services.accounts import Clients
from wedding_wa.services.settler import settle
from wedding_wa.services.worker import AccountWorker

ACCEPTED = {**VERBATIM, **{name: typed for name, (typed, _) in CLEANED.items()}}


async def test_accepted_means_delivered_as_it_is(
    world: World,
    groom: AccountWorker,  # noqa: F811
    clock: FakeClock,
) -> None:
    """Every text in its turn at WhatsApp, equal to the row and to what was typed."""
    ids = [put(world.database, world.couple, text=one).id for one in ACCEPTED.values()]
    for _ in range(3 * len(ids)):
        clock.advance(60)
        await groom.step()
    kept = [message(world.database, one) for one in ids]
    assert {row.status for row in kept} == {"sent"}
    arrived = [str(one["text"]) for one in world.delivered()]
    assert arrived == [row.text for row in kept] == [expected(n) for n in ACCEPTED]


ALIKE = (
    "emoji with joiners",
    "right to left",
    "combining",
    "zero width within",
    "markdown",
    "4096 of four bytes",
    "line ends",
    "halves of characters",
    "tabs and lines",
)


async def test_a_lost_answer_is_settled_by_the_text(
    world: World,
    store: None,  # noqa: F811
    line: Line,  # noqa: F811
    groom: AccountWorker,  # noqa: F811
    clients: Clients,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With an engine without ids, each is found in its chat: sent, once, and the
    innocent one behind it goes."""
    del store
    monkeypatch.setattr(waha, "SEND_READ_S", 0.2)
    version = {"version": "2026.7.1", "engine": "WEBJS", "tier": "CORE"}
    line.on("/api/server/version", says(200, version))

    async def lost(turn: Turn) -> None:
        await turn.pass_on()
        turn.reset()

    for name in ALIKE:
        put(world.database, world.couple, text=ACCEPTED[name])
        line.on(SEND, lost)
        await groom.step()
        clock.advance(400)
    line.mend()
    line.on("/api/server/version", says(200, version))
    put(world.database, world.couple, text="Cara zia")
    await settle(world.database, clients, clock, settle_after=timedelta(seconds=300))
    for _ in range(4):
        clock.advance(3600)
        await groom.step()
    rows = world.database.read_now(lambda s: list(s.exec(select(QueueMessage))))
    assert {row.text[:20]: row.status for row in rows if row.status != "sent"} == {}
    arrived = [str(one["text"]) for one in world.delivered()]
    assert arrived == [*(expected(name) for name in ALIKE), "Cara zia"]
