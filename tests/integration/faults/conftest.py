"""What the faults' tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests import accounts as see
from tests.builders import guest_wrote, set_policy
from tests.fakes import FakeClock
from tests.integration.conftest import World, _until
from tests.integration.faults.database import Trouble
from tests.integration.faults.line import Line
from tests.integration.queue.desk import NO_LIMITS
from tests.integration.worker.conftest import make_sender
from wedding_wa.db import Database
from wedding_wa.services.accounts import Clients
from wedding_wa.services.sender import Sender
from wedding_wa.services.worker import AccountWorker


@pytest.fixture
def trouble(database: Database) -> Trouble:
    """Hands for the test's own SQLite file."""
    return Trouble(database)


@pytest.fixture
async def line(world: World) -> AsyncIterator[Line]:
    """The groom's line to WAHA goes through here; the bride's is her own."""
    for account_id in (world.couple.groom, world.couple.bride):
        set_policy(world.database, account_id, **NO_LIMITS)
        guest_wrote(world.database, account_id)
    async with Line(world.url).laid() as made:
        see.update(world.database, world.couple.groom, waha_url=made.url)
        yield made


@pytest.fixture
def store(world: World) -> None:
    """The groom's WAHA keeps its chats: without a store nothing can be looked up."""
    httpx.put(
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")


@pytest.fixture
def sender(world: World, clients: Clients, clock: FakeClock) -> Sender:
    return make_sender(world, clients, clock)


@pytest.fixture
def groom(world: World, line: Line, sender: Sender, clock: FakeClock) -> AccountWorker:
    return AccountWorker(world.database, sender, clock, world.couple.groom)


@pytest.fixture
def bride(world: World, line: Line, sender: Sender, clock: FakeClock) -> AccountWorker:
    return AccountWorker(world.database, sender, clock, world.couple.bride)
