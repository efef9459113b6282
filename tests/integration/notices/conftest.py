"""A sender as the engine makes it."""

from __future__ import annotations

import random

import pytest

from tests.fakes import FakeClock
from tests.integration.conftest import World
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.history import READY
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.sender import Sender


@pytest.fixture
def sender(world: World, clients: Clients, clock: FakeClock) -> Sender:
    """A sender as the engine makes it: WAHA's own answer decides who is down."""

    async def probe(account_id: int) -> bool:
        return await poll(world.database, clients, account_id, clock) == READY

    async def listen(account_id: int) -> None:
        await apply_open_events(world.database, clients, account_id, clock)

    return Sender(
        world.database, clients, clock, random.Random(7), probe=probe, listen=listen
    )
