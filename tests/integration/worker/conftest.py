"""The sender as the app has it: WAHA's own answer says whether an account is ready."""

from __future__ import annotations

import random

import pytest

from tests.builders import guest_wrote, set_policy
from tests.fakes import FakeClock
from tests.integration.conftest import World
from tests.integration.queue.desk import NO_LIMITS
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.history import READY
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.sender import Sender
from wedding_wa.services.worker import AccountWorker


def make_sender(world: World, clients: Clients, clock: Clock) -> Sender:
    """A sender that polls WAHA when in doubt, as in the running app."""

    async def probe(account_id: int) -> bool:
        return await poll(world.database, clients, account_id, clock) == READY

    async def listen(account_id: int) -> None:
        await apply_open_events(world.database, clients, account_id, clock)

    return Sender(
        world.database, clients, clock, random.Random(7), probe=probe, listen=listen
    )


@pytest.fixture
def sender(world: World, clients: Clients, clock: FakeClock) -> Sender:
    return make_sender(world, clients, clock)


@pytest.fixture
def groom(world: World, sender: Sender, clock: FakeClock) -> AccountWorker:
    """The groom's worker, without limits; one guest wrote to each number."""
    for account_id in (world.couple.groom, world.couple.bride):
        set_policy(world.database, account_id, **NO_LIMITS)
        guest_wrote(world.database, account_id)
    return AccountWorker(world.database, sender, clock, world.couple.groom)
