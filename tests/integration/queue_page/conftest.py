"""Guests who wrote to both numbers, a line that moves, a tab that looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.builders import Couple, guest_wrote, make_couple
from tests.desk import Desk, running
from tests.fakes import NOON, FakeClock
from wedding_wa.db import Database
from wedding_wa.domain.errors import MaybeSent
from wedding_wa.domain.human import HumanPlan
from wedding_wa.domain.messages import Outcome, Phase
from wedding_wa.services import lease, queue
from wedding_wa.services.lease import Lease
from wedding_wa.services.processes import this_process
from wedding_wa.services.queue import Claim

MARIA, UGO = "+393331112222", "+393334445555"
PLAN = HumanPlan(
    pause=3.0, typing=6.0, final_pause=1.0, gap=40.0, sibling=8.0, rest=900.0
)


@pytest.fixture
def couple(database: Database) -> Couple:
    made = make_couple(database)
    for account in (made.groom, made.bride):
        guest_wrote(database, account, MARIA)
        guest_wrote(database, account, UGO)
    return made


@dataclass
class Hand:
    """A worker's hand, moved step by step."""

    db: Database
    account: int
    lease: Lease

    def take(self, now: datetime = NOON) -> Claim:
        """Claim the first of the line."""
        step = self.db.write_now(queue.next_step, self.lease, now=now)
        assert step.claim is not None
        return step.claim

    def wait(self, now: datetime = NOON) -> None:
        """Find that nobody may go."""
        step = self.db.write_now(queue.next_step, self.lease, now=now)
        assert step.claim is None

    def enter(self, claim: Claim, phase: Phase, now: datetime = NOON) -> None:
        assert self.db.write_now(queue.begin_phase, claim, phase, now=now)

    def sent(self, claim: Claim, now: datetime = NOON) -> None:
        self.db.write_now(
            queue.mark_dispatched, claim, reserved_id="3EB0AA", plan=PLAN, now=now
        )
        assert self.db.write_now(
            queue.finish_sent, claim, provider_id="3EB0AA", plan=PLAN, now=now
        )

    def doubt(self, claim: Claim, now: datetime = NOON) -> None:
        """It was on its way when the answer was lost."""
        self.db.write_now(
            queue.mark_dispatched, claim, reserved_id="3EB0BB", plan=PLAN, now=now
        )
        assert self.db.write_now(
            queue.finish_unconfirmed, claim, fault=queue.Fault(MaybeSent.code), now=now
        )

    def failed(self, claim: Claim, code: str, now: datetime = NOON) -> None:
        assert self.db.write_now(
            queue.finish_failed,
            claim,
            outcome=Outcome.NOT_SENT,
            fault=queue.Fault(code, 400),
            now=now,
        )


@pytest.fixture
def hand(database: Database, couple: Couple) -> Hand:
    """The groom's."""
    held = database.write_now(
        lease.acquire, couple.groom, owner=this_process(), now=NOON
    )
    assert held is not None
    return Hand(database, couple.groom, held)


@pytest.fixture
async def desk(
    database: Database, couple: Couple, clock: FakeClock
) -> AsyncIterator[Desk]:
    async with running(database, clock) as app:
        yield Desk(app, couple, clock, start="/queue")
