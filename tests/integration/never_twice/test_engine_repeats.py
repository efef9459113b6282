"""An engine that sends twice by itself: the queue sent once, and the repeat is seen."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import Session, select

from tests import accounts as see
from tests.builders import attempts_of, message, put
from tests.fakes import FakeClock
from tests.integration.conftest import World, _until
from wedding_wa.models import Account, DuplicateSeen
from wedding_wa.services import hearing
from wedding_wa.services.accounts import Clients
from wedding_wa.services.catch_up import catch_up
from wedding_wa.services.clock import Clock
from wedding_wa.services.worker import AccountWorker


def duplicates(world: World) -> list[DuplicateSeen]:
    return world.database.read_now(lambda s: list(s.exec(select(DuplicateSeen)).all()))


async def read_back(world: World, clients: Clients, clock: FakeClock) -> None:
    """Nothing was heard for a while: the chats of that time are read."""

    def deaf(session: Session) -> None:
        account = session.get_one(Account, world.couple.groom)
        hearing.open_gap(session, account, reason="test", now=clock.now())

    world.database.write_now(deaf)
    assert await catch_up(world.database, clients, world.couple.groom, clock)


@pytest.fixture
def clock() -> FakeClock:
    """The simulator's messages carry the time of the machine; this begins there."""
    return FakeClock(Clock().now())


@pytest.mark.parametrize("repeats", [0, 1])
async def test_what_the_engine_repeats_is_seen(
    world: World,
    clients: Clients,
    groom: AccountWorker,
    clock: FakeClock,
    repeats: int,
) -> None:
    """One try of ours, one id of ours; what WhatsApp has beyond that is noted, once
    for each, however often the chat is read."""
    httpx.put(  # noqa: ASYNC210  # nothing else runs
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    see.update(world.database, world.couple.groom, hears_by="webhook")
    if repeats:
        world.fault("repeat_send", times=repeats)
    made = put(world.database, world.couple, now=clock.now()).id
    await groom.step()
    row = message(world.database, made)
    assert row.status == "sent"
    assert len(world.delivered()) == 1 + repeats
    for _ in range(2):
        await read_back(world, clients, clock)
    assert len(attempts_of(world.database, made)) == 1
    seen = duplicates(world)
    assert [one.message_id for one in seen] == [made] * repeats
    assert all(one.whatsapp_id != row.provider_message_id for one in seen)
