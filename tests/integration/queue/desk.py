"""A worker's desk in one account: takes the lease, asks the line, ends a try."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.builders import (
    Couple,
    change_policy,
    make_couple_in,
    message,
    put,
    write_guest,
)
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.domain.human import HumanPlan
from wedding_wa.domain.messages import Outcome, Status
from wedding_wa.models import BUCKETS, QueueCounter, QueueMessage
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.lease import Lease
from wedding_wa.services.processes import ProcessIdentity
from wedding_wa.services.queue import Claim, Fault, Step

PLAN = HumanPlan(pause=2, typing=5, final_pause=1, gap=30, sibling=5, rest=900)
ME = ProcessIdentity("here", 1, "one")
OTHER = ProcessIdentity("elsewhere", 2, "two")
FAULT = Fault("error.waha.not_sent", 500)

# With these a message goes whenever it is asked for.
NO_LIMITS: dict[str, object] = {
    "per_hour": 1000,
    "per_day": 10_000,
    "gap_min_seconds": 0.0,
    "gap_max_seconds": 0.0,
    "sibling_min_seconds": 0.0,
    "sibling_max_seconds": 0.0,
    "cooldown_seconds": 0.0,
    "unanswered_max": 0,
    "rest_after": 0,
}


@dataclass
class Desk:
    """The groom's account, its lease and the time."""

    db: Database
    couple: Couple
    lease: Lease
    now: datetime = NOON
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of(cls, db: Database, **limits: object) -> Desk:
        return cls(db, *db.write_now(_furnish, NO_LIMITS | limits))

    def put(self, **more: object) -> int:
        return put(self.db, self.couple, now=self.now, **more).id

    def later(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def ask(self) -> Step | None:
        return self.db.write_now(queue.next_step, self.lease, now=self.now)

    def step(self) -> Step:
        step = self.ask()
        assert step is not None
        return step

    def claim(self) -> Claim:
        claim = self.step().claim
        assert claim is not None
        return claim

    def order(self) -> list[int]:
        """Claim until nothing may go; the ids in the order in which they went."""
        order = []
        while (claim := self.step().claim) is not None:
            order.append(claim.message_id)
            self.mark(claim)
            assert self.sent(claim)
        return order

    def steal(self, owner: ProcessIdentity = OTHER) -> Lease:
        """The lease lapses and somebody else takes it, without freeing anything."""
        stolen = self.db.write_now(
            leases.acquire,
            self.couple.groom,
            owner=owner,
            now=self.now + timedelta(seconds=31),
        )
        assert stolen is not None
        return stolen

    def mark(self, claim: Claim, reserved: str | None = None) -> int | None:
        """Mark under a WhatsApp id that follows from the message, as WAHA gives one."""
        return self.db.write_now(
            queue.mark_dispatched,
            claim,
            reserved_id=reserved or wa_id(claim.message_id),
            plan=PLAN,
            now=self.now,
        )

    def sent(self, claim: Claim) -> bool:
        return self.db.write_now(
            queue.finish_sent,
            claim,
            provider_id=wa_id(claim.message_id),
            plan=PLAN,
            now=self.now,
        )

    def unconfirmed(self, claim: Claim) -> bool:
        return self.db.write_now(
            queue.finish_unconfirmed, claim, fault=FAULT, now=self.now
        )

    def retry(self, claim: Claim, seconds: float = 60) -> bool:
        due = self.now + timedelta(seconds=seconds)
        return self.db.write_now(
            queue.retry_later, claim, due_at=due, fault=FAULT, now=self.now
        )

    def failed(self, claim: Claim, outcome: Outcome = Outcome.NOT_SENT) -> bool:
        fault = (
            Fault("error.waha.message_refused", 400)
            if outcome is Outcome.REFUSED
            else FAULT
        )
        return self.db.write_now(
            queue.finish_failed, claim, outcome=outcome, fault=fault, now=self.now
        )

    def release(self, claim: Claim, outcome: Outcome = Outcome.STOPPED) -> bool:
        return self.db.write_now(queue.release, claim, outcome=outcome, now=self.now)

    def ack(self, message_id: int, ack: int) -> bool:
        return self.db.write_now(
            queue.apply_ack,
            self.couple.groom,
            wa_id(message_id),
            ack,
            at=self.now,
            now=self.now,
        )

    def settle(self, message_id: int, *, went: bool) -> bool:
        row = message(self.db, message_id)
        if went:
            return self.db.write_now(
                queue.settle_sent,
                row,
                evidence="chat",
                provider_id=wa_id(message_id),
                now=self.now,
            )
        return self.db.write_now(
            queue.settle_pending, row, evidence="chat", now=self.now
        )

    def row(self, message_id: int) -> QueueMessage:
        return message(self.db, message_id)

    def counters(self) -> dict[str, int]:
        """The groom's counters as the Queue page reads them, without the empty ones."""

        def read(session: Session) -> dict[str, int]:
            rows = session.exec(
                select(QueueCounter.bucket, QueueCounter.n).where(
                    QueueCounter.account_id == self.couple.groom
                )
            ).all()
            assert all(bucket in BUCKETS and n >= 0 for bucket, n in rows)
            return {bucket: n for bucket, n in rows if n}

        return self.db.read_now(read)

    def counted(self) -> dict[str, int]:
        """The same, by counting the rows."""

        def read(session: Session) -> dict[str, int]:
            rows = session.exec(
                select(col(QueueMessage.bucket), sa.func.count())
                .where(QueueMessage.account_id == self.couple.groom)
                .group_by(col(QueueMessage.bucket))
            ).all()
            return {str(bucket): n for bucket, n in rows}

        return self.db.read_now(read)

    def unconfirmed_one(self, **more: object) -> int:
        """A message whose answer was lost."""
        message_id = self.put(**more)
        claim = self.claim()
        self.mark(claim)
        assert self.unconfirmed(claim)
        assert self.row(message_id).status == Status.UNCONFIRMED
        return message_id


def _furnish(session: Session, limits: dict[str, object]) -> tuple[Couple, Lease]:
    """Everything in one transaction: each commit costs a moment of the disk."""
    couple = make_couple_in(session)
    change_policy(session, couple.groom, limits)
    write_guest(session, couple.groom)
    session.flush()
    lease = leases.acquire(session, couple.groom, owner=ME, now=NOON)
    assert lease is not None
    return couple, lease


def wa_id(message_id: int) -> str:
    """The bare WhatsApp id under which a message of these tests goes."""
    return f"3EB0{message_id:016X}"
