"""Retries whose back-off is over, at a simulator, and who might send them."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import Session

from tests.builders import guest_wrote, message, put, set_policy
from tests.integration.conftest import World, _until
from tests.integration.queue.desk import FAULT
from tests.integration.worker.test_running import AT_ONCE
from wedding_wa.models import Account
from wedding_wa.services import lease as leases
from wedding_wa.services import processes, queue
from wedding_wa.services.accounts import Clients
from wedding_wa.services.chores import Parts
from wedding_wa.services.clock import Clock
from wedding_wa.services.process_retries import RetryStats, process_retries
from wedding_wa.services.processes import ProcessIdentity
from wedding_wa.services.secrets import Sealer

GUESTS = tuple(f"+39333111220{n}" for n in range(6))
SOMEBODY = ProcessIdentity("another host", 1, "then")


@dataclass
class Waiting:
    """The world, and what the function under test works with. The clock is real: the
    feed that listens meanwhile is a real one."""

    world: World
    parts: Parts

    def now(self) -> datetime:
        return self.parts.clock.now()

    def due(self, guest: str = GUESTS[0], **more: object) -> int:
        """A message of which one try has failed, its back-off over."""
        earlier = self.now() - timedelta(minutes=5)
        made = put(
            self.world.database, self.world.couple, to=guest, now=earlier, **more
        )
        claim = self.claim(earlier)
        assert claim.message_id == made.id
        self.world.database.write_now(
            queue.retry_later,
            claim,
            due_at=self.now() - timedelta(seconds=5),
            fault=FAULT,
            now=earlier,
        )
        return made.id

    def claim(self, at: datetime, owner: ProcessIdentity = SOMEBODY) -> queue.Claim:
        """The groom's next message in somebody's hands, whose lease lapses at once."""

        def take(session: Session) -> queue.Claim | None:
            lease = leases.acquire(
                session, self.world.couple.groom, owner=owner, now=at
            )
            assert lease is not None
            step = queue.next_step(session, lease, now=at)
            assert step is not None
            return step.claim

        claim = self.world.database.write_now(take)
        assert claim is not None
        return claim

    def serve(self, owner: ProcessIdentity) -> None:
        """`owner` has the groom's lease, just renewed."""

        def take(session: Session) -> None:
            account = session.get_one(Account, self.world.couple.groom)
            account.lease_owner = str(owner)
            account.lease_until = self.now() + timedelta(seconds=30)
            session.add(account)

        self.world.database.write_now(take)

    def served_by(self) -> str | None:
        return self.world.database.read_now(
            lambda s: s.get_one(Account, self.world.couple.groom).lease_owner
        )

    def state(self, message_id: int) -> str:
        return message(self.world.database, message_id).status

    async def run(self, **more: object) -> RetryStats:
        return await process_retries(self.parts, rng=random.Random(3), **more)  # type: ignore[arg-type]


@pytest.fixture
async def waiting(world: World) -> AsyncIterator[Waiting]:
    """Both numbers are connected; guests wrote to the groom's; nobody serves it."""
    clock = Clock()
    httpx.put(  # noqa: ASYNC210  # the store is on: what was missed can be read
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    for account_id in (world.couple.groom, world.couple.bride):
        set_policy(world.database, account_id, **AT_ONCE)
    for guest in GUESTS:
        guest_wrote(
            world.database,
            world.couple.groom,
            guest,
            at=clock.now() - timedelta(hours=1),
        )
    clients = Clients(world.database, Sealer(b"test"), clock)
    settle_after = timedelta(seconds=300)
    yield Waiting(world, Parts(world.database, clients, clock, settle_after))
    await clients.aclose()


@pytest.fixture
def alive() -> Iterator[ProcessIdentity]:
    """Another process of this machine that lives for the length of the test."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    ) as p:
        yield identity(p.pid)
        p.kill()


@pytest.fixture
def dead() -> ProcessIdentity:
    """A process of this machine that has died, its lease not lapsed."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    ) as p:
        who = identity(p.pid)
        p.kill()
    return who


def identity(pid: int) -> ProcessIdentity:
    started = processes._started(pid)
    assert started is not None
    return ProcessIdentity(processes._host(), pid, started)
