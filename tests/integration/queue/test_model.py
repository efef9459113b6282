"""The whole queue against a small model, in any order of events.

Hypothesis plays the worker, people, WhatsApp and crashes on a real SQLite file. The
model knows only what has really reached WhatsApp and what was accepted.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.builders import attempts_of, phases_of
from tests.integration.queue.desk import ME, Desk
from wedding_wa.db import Database
from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.messages import Outcome
from wedding_wa.services import pausing, queue
from wedding_wa.services.queue import Claim

BEFORE_MARK = ["release", "retry", "failed", "stolen", "crash"]
AFTER_MARK = ["sent", "sent", "retry", "failed", "lost", "lost but went", "crash"]


class QueueMachine(RuleBasedStateMachine):
    """One account; at most one message in hand, as in life."""

    template: ClassVar[Path]

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="model")
        path = Path(self.folder) / "model.db"
        shutil.copy(self.template, path)
        self.desk = Desk.of(Database(f"sqlite:///{path}"))
        self.accepted: list[int] = []
        self.attempts: dict[int, int] = {}
        self.went: dict[int, int] = {}  # how often WhatsApp got it: the truth
        self.hand: Claim | None = None

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.db.close()
            shutil.rmtree(self.folder)

    @rule(priority=st.integers(1, 5), tries=st.integers(1, 3))
    def accept(self, priority: int, tries: int) -> None:
        message_id = self.desk.put(priority=priority, max_attempts=tries)
        self.accepted.append(message_id)

    @rule(seconds=st.sampled_from([1, 60, 400]))
    def time_goes_on(self, seconds: int) -> None:
        self.desk.later(seconds)

    @precondition(lambda self: self.hand is None)
    @rule()
    def claim(self) -> None:
        self.hand = self.desk.step().claim
        if self.hand is not None:
            assert not self.went.get(self.hand.message_id)

    @precondition(lambda self: self.hand is not None)
    @rule(how=st.sampled_from(BEFORE_MARK))
    def end_before_the_mark(self, how: str) -> None:
        assert self.hand is not None
        self._end(self.hand, how)

    @precondition(lambda self: self.hand is not None)
    @rule(how=st.sampled_from(AFTER_MARK))
    def dispatch(self, how: str) -> None:
        claim, self.hand = self.hand, None
        assert claim is not None
        if self.desk.mark(claim) is None:
            self.desk.release(claim, Outcome.CANCELLED)
            return
        if how in ("sent", "lost but went"):
            self.went[claim.message_id] = self.went.get(claim.message_id, 0) + 1
        self._end(claim, how)

    def _end(self, claim: Claim, how: str) -> None:
        self.hand = None
        match how:
            case "release":
                self.desk.release(claim)
            case "retry" if claim.failures + 1 < claim.max_attempts:
                self.desk.retry(claim)
            case "retry" | "failed":
                self.desk.failed(claim)
            case "sent":
                assert self.desk.sent(claim)
            case "lost" | "lost but went":
                assert self.desk.unconfirmed(claim)
            case _:
                self._lease_changes_hands(claim)

    def _lease_changes_hands(self, claim: Claim) -> None:
        """The holder froze or died: another takes over, the older can do nothing."""
        self.desk.lease = self.desk.steal(ME)
        assert not self.desk.release(claim)
        self.desk.db.write_now(
            queue.rescue, self.desk.lease, calls_over=False, now=self.desk.now
        )

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def a_person_acts(self, data: st.DataObject) -> None:
        message_id = data.draw(st.sampled_from(self.accepted))
        act = data.draw(st.sampled_from([queue.cancel, queue.force]))
        before = self.desk.row(message_id).status
        try:
            self.desk.db.write_now(
                act, self.desk.couple.wedding, message_id, now=self.desk.now
            )
        except Conflict:
            assert before not in ("pending",)

    @rule()
    def a_person_retries_all(self) -> None:
        self.desk.db.write_now(
            queue.retry_failed, self.desk.couple.wedding, now=self.desk.now
        )

    @rule(pause=st.booleans())
    def a_person_pauses(self, pause: bool) -> None:
        act = pausing.pause_all if pause else pausing.resume_all
        self.desk.db.write_now(act, self.desk.couple.wedding, now=self.desk.now)

    @precondition(lambda self: self.went)
    @rule(data=st.data(), level=st.integers(0, 4))
    def whatsapp_tells(self, data: st.DataObject, level: int) -> None:
        message_id = data.draw(st.sampled_from(sorted(self.went)))
        assert self.desk.ack(message_id, level)

    @rule()
    def settle_by_the_chat(self) -> None:
        for message_id in self.accepted:
            if self.desk.row(message_id).status == "unconfirmed":
                went = bool(self.went.get(message_id))
                assert self.desk.settle(message_id, went=went)

    @invariant()
    def nothing_is_lost_or_counted_twice(self) -> None:
        if hasattr(self, "desk"):
            counters = self.desk.counters()
            assert counters == self.desk.counted()
            assert sum(counters.values()) == len(self.accepted)

    @invariant()
    def nothing_goes_twice(self) -> None:
        assert all(n == 1 for n in getattr(self, "went", {}).values())

    @invariant()
    def attempts_only_grow_and_each_has_its_row(self) -> None:
        for message_id in getattr(self, "accepted", []):
            row = self.desk.row(message_id)
            assert row.attempt >= self.attempts.get(message_id, 0)
            self.attempts[message_id] = row.attempt
            assert len(attempts_of(self.desk.db, message_id)) == row.attempt

    @invariant()
    def what_is_said_is_true(self) -> None:
        """`sent` went; what went is sent or still open, and told so once."""
        for message_id in getattr(self, "accepted", []):
            status = self.desk.row(message_id).status
            went = bool(self.went.get(message_id))
            if status == "sent":
                assert went
            if went:
                assert status in ("sent", "unconfirmed")
            told = phases_of(self.desk.db, message_id).count("sent")
            assert told == (status == "sent")


def test_the_queue_keeps_its_promises_in_any_order(template: Path) -> None:
    """Sum of the buckets = accepted; `attempt` never falls; nothing sent twice;
    `sent` is said exactly of what went."""
    QueueMachine.template = template
    hypothesis.stateful.run_state_machine_as_test(
        QueueMachine,
        settings=hypothesis.settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )


@pytest.mark.parametrize("seed", range(3))
def test_random_days_on_both_databases(any_database: Database, seed: int) -> None:
    """The same promises over eighty random steps, also on PostgreSQL."""
    rng = random.Random(seed)
    machine = QueueMachine()
    machine.desk = Desk.of(any_database)
    machine.accepted, machine.attempts, machine.went = [], {}, {}
    machine.hand = None
    for _ in range(80):
        _one_step(machine, rng)
        machine.nothing_is_lost_or_counted_twice()
        machine.nothing_goes_twice()
    machine.attempts_only_grow_and_each_has_its_row()
    machine.what_is_said_is_true()


def _one_step(machine: QueueMachine, rng: random.Random) -> None:
    if machine.hand is not None and rng.random() < 0.7:
        if rng.random() < 0.3:
            machine.end_before_the_mark.__wrapped__(machine, rng.choice(BEFORE_MARK))
        else:
            machine.dispatch.__wrapped__(machine, rng.choice(AFTER_MARK))
    elif machine.hand is None and machine.accepted and rng.random() < 0.6:
        machine.claim.__wrapped__(machine)
    elif rng.random() < 0.5:
        machine.accept.__wrapped__(machine, rng.randint(1, 5), rng.randint(1, 3))
    else:
        machine.time_goes_on.__wrapped__(machine, 400)
        machine.settle_by_the_chat.__wrapped__(machine)
        machine.a_person_retries_all.__wrapped__(machine)
