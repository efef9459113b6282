"""That a message never went is believed only of the login that may have sent it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import message, put
from tests.fakes import FakeClock
from tests.integration.conftest import World, _until
from wedding_wa.models import Account, Consent
from wedding_wa.services import queue
from wedding_wa.services.account_status import apply_status
from wedding_wa.services.accounts import Clients
from wedding_wa.services.lease import acquire
from wedding_wa.services.processes import this_process
from wedding_wa.services.queue import Step
from wedding_wa.services.unconfirmed import settle_now
from wedding_wa.services.waha import Me
from wedding_wa.services.worker import AccountWorker

AFTER = timedelta(seconds=300)
OURS, OTHER = "393470000001@c.us", "393479999999@c.us"


@pytest.fixture
async def lost(world: World, groom: AccountWorker, clock: FakeClock) -> int:
    """A message of which nobody knows; in WAHA's store, which is on, there is none."""
    httpx.put(  # noqa: ASYNC210  # nothing else runs
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    tell(world, clock, "WORKING", OURS)
    given = sa.update(Consent).values(given_to="+393470000001")
    world.database.write_now(lambda s: s.execute(given))
    world.fault("500", path="/api/sendText", times=1)
    made = put(world.database, world.couple).id
    await groom.step()
    assert message(world.database, made).status == "unconfirmed"
    clock.advance(1)
    return made


def tell(world: World, clock: FakeClock, status: str, me: str | None = None) -> None:
    """WAHA said that the groom's account is like this."""

    def write(session: Session) -> None:
        now = clock.now()
        who = Me(me, "Luca") if me else None
        apply_status(session, world.couple.groom, status, at=now, now=now, me=who)

    world.database.write_now(write)
    clock.advance(1)


async def settled(world: World, clients: Clients, clock: FakeClock) -> int:
    clock.advance(400)
    done = await settle_now(world.database, clients, clock, settle_after=AFTER)
    return done.settled


async def test_it_is_believed_of_the_same_login(
    world: World, clients: Clients, clock: FakeClock, lost: int
) -> None:
    """Also after a restart of the session: it is the same login."""
    tell(world, clock, "STARTING")
    tell(world, clock, "WORKING", OURS)
    assert await settled(world, clients, clock) == 1
    assert message(world.database, lost).status == "pending"


async def test_a_new_login_knows_nothing_of_it(
    world: World, clients: Clients, clock: FakeClock, lost: int
) -> None:
    """After a scan the chats are others, and may be empty: a person decides."""
    tell(world, clock, "SCAN_QR_CODE")
    tell(world, clock, "WORKING", OURS)
    assert await settled(world, clients, clock) == 0
    assert message(world.database, lost).status == "unconfirmed"


async def test_another_number_knows_nothing_of_it(
    world: World, clients: Clients, clock: FakeClock, lost: int
) -> None:
    """Its chats are not asked; those of the right one are, once it is back."""
    tell(world, clock, "WORKING", OTHER)
    assert await settled(world, clients, clock) == 0
    assert message(world.database, lost).status == "unconfirmed"
    tell(world, clock, "WORKING", OURS)
    assert await settled(world, clients, clock) == 1
    assert claimed(world, clock) is not None


def claimed(world: World, clock: FakeClock) -> object:
    clock.advance(100_000)
    now = clock.now()

    def ask(session: Session) -> Step | None:
        account = session.get_one(Account, world.couple.groom)
        assert account.paused_at is None
        lease = acquire(session, world.couple.groom, owner=this_process(), now=now)
        return queue.next_step(session, lease, now=now) if lease else None

    step = world.database.write_now(ask)
    return step.claim if step else None
