"""The whole queue, with every limit on, against a reference model of what may happen.

Hypothesis plays people, the worker, WhatsApp, deaths and the clock.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    initialize,
    multiple,
    precondition,
    rule,
)
from sqlmodel import Session

from tests.integration.queue.desk import ME, OTHER
from tests.integration.queue.reference import (
    GUESTS,
    OPEN,
    ROME,
    Expected,
    QueueAndModel,
    Went,
)
from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.windows import next_open
from wedding_wa.models import Account
from wedding_wa.services import lease as leases
from wedding_wa.services import pausing, queue
from wedding_wa.services.queue import Claim

ASIDE_AFTER = 3
ENDS = ["sent", "sent", "sent", "lost", "lost but went", "retry", "refused", "dies"]


class Play(QueueAndModel):
    """What may happen, in any order."""

    messages = Bundle("messages")

    @initialize(target=messages)
    def some_wait(self) -> MultipleResults[int]:
        """One for each guest, so that whatever comes first has one to be done to."""
        self.begin()
        return multiple(*(self.accept(guest, 3, 2, 0, 0) for guest in GUESTS))

    # --- doors ----------------------------------------------------------------------

    @rule(
        target=messages,
        guest=st.sampled_from(GUESTS),
        priority=st.integers(1, 5),
        tries=st.integers(1, 3),
        minutes=st.sampled_from([0, 0, 0, 40, 300]),
        useful=st.sampled_from([0, 0, 90, 600]),
    )
    def accept(
        self, guest: str, priority: int, tries: int, minutes: int, useful: int
    ) -> int:
        now = self.desk.now
        due = now + timedelta(minutes=minutes)
        expires = due + timedelta(minutes=useful) if useful else None
        message_id = self.desk.put(
            to=guest,
            priority=priority,
            max_attempts=tries,
            due_at=due if minutes else None,
            expires_at=expires,
        )
        self.model[message_id] = Expected(tries=tries, due=due, expires=expires)
        return message_id

    # --- the clock ------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 45, 400, 3000, 25_000]))
    def time_goes_on(self, seconds: int) -> None:
        """A sender lives all the while."""
        self.desk.later(seconds)
        with_life = self.desk.now
        self.desk.db.write_now(_lived_until, self.desk.couple.groom, with_life)

    @precondition(lambda self: self.hand is None)
    @rule(hours=st.sampled_from([1, 9, 30]))
    def nobody_lives_for_long(self, hours: int) -> None:
        """What was planned for that time asks first, once it is late."""
        self.desk.later(hours * 3600)
        late = self.desk.now - timedelta(seconds=900)
        waiting = [m for m in self.model.items() if m[1].status == "pending"]
        for message_id, expected in waiting:
            row = self.desk.row(message_id)
            planned = row.hold_rule == "scheduled" and not expected.held
            if planned and expected.due is not None and expected.due <= late:
                expected.held = True
        self.alive()

    # --- the worker -----------------------------------------------------------------

    @precondition(lambda self: self.hand is None)
    @rule()
    def claim(self) -> None:
        self.hand = self.desk.step().claim
        self._expire()
        if self.hand is None:
            return
        expected = self.model[self.hand.message_id]
        assert (expected.status, expected.held) == ("pending", False)
        assert not self.paused
        assert expected.due is not None
        assert expected.due <= self.desk.now or expected.forced
        assert self.hand.message_id not in self.went()
        expected.status = "processing"

    def _expire(self) -> None:
        """Asking the line leaves unsent what is too late, whatever it waits for."""
        if not any(one.status == "pending" for one in self.model.values()):
            return
        for expected in self.model.values():
            late = expected.expires is not None and expected.expires <= self.desk.now
            if expected.status == "pending" and late:
                expected.status, expected.held = "skipped", False

    @precondition(lambda self: self.hand is not None)
    @rule(how=st.sampled_from(ENDS), seconds=st.integers(0, 40))
    def send(self, how: str, seconds: int) -> None:
        claim, self.hand = self.hand, None
        assert claim is not None
        expected = self.model[claim.message_id]
        self.desk.later(seconds)
        if self.desk.mark(claim) is None:
            if self.desk.release(claim):
                expected.status = "pending"
            return
        assert expected.status == "processing"
        if how in ("sent", "lost but went"):
            at = self.desk.now
            self.truth.append(
                Went(claim.message_id, claim.chat_id, at, expected.forced)
            )
        self._end(claim, expected, how)
        expected.forced = False

    def _end(self, claim: Claim, expected: Expected, how: str) -> None:
        match how:
            case "sent":
                assert self.desk.sent(claim)
                expected.status = "sent"
            case "lost" | "lost but went":
                assert self.desk.unconfirmed(claim)
                expected.status = "unconfirmed"
            case "retry" if claim.failures + 1 < claim.max_attempts:
                assert self.desk.retry(claim, 90)
                expected.failures += 1
                expected.status = "pending"
                expected.due = self.desk.now + timedelta(seconds=90)
            case "dies":
                self._another_takes_over()
                expected.status = "unconfirmed"
            case _:
                assert self.desk.failed(claim)
                expected.failures += 1
                expected.status = "failed"

    @rule(
        hows=st.lists(st.sampled_from(ENDS), min_size=3, max_size=8),
        seconds=st.sampled_from([60, 600, 600]),
    )
    def an_afternoon(self, hows: list[str], seconds: int) -> None:
        """As it mostly goes: within the hours something waits, and after each gap, or
        when a guest may be written to again, one is claimed and comes to its end."""
        opens = next_open(self.desk.now, OPEN, ROME)
        self.time_goes_on(int((opens - self.desk.now).total_seconds()))
        for number, how in enumerate(hows):
            self.accept(GUESTS[number % len(GUESTS)], 3, 2, 0, 0)
            self.time_goes_on(seconds)
            if self.hand is None:
                self.claim()
            if self.hand is not None:
                self.send(how, 5)

    @precondition(lambda self: self.hand is not None)
    @rule()
    def dies_before_the_mark(self) -> None:
        claim, self.hand = self.hand, None
        assert claim is not None
        self._another_takes_over()
        expected = self.model[claim.message_id]
        if expected.status != "processing":
            return
        expected.status = "pending"
        expected.deaths += 1
        if expected.deaths >= ASIDE_AFTER:
            expected.held, expected.forced = True, False

    def _another_takes_over(self) -> None:
        self.desk.later(31)
        owner = OTHER if self.desk.lease.owner == str(ME) else ME
        taken = self.desk.db.write_now(
            leases.acquire, self.desk.couple.groom, owner=owner, now=self.desk.now
        )
        assert taken is not None
        self.desk.lease = taken
        self.desk.db.write_now(queue.rescue, taken, calls_over=True, now=self.desk.now)

    # --- people ---------------------------------------------------------------------

    def _do(self, act: object, message_id: int, **more: object) -> bool:
        assert callable(act)
        wedding = self.desk.couple.wedding
        try:
            self.desk.db.write_now(act, wedding, message_id, now=self.desk.now, **more)
        except Conflict:
            return False
        return True

    @rule(message_id=messages)
    def cancel(self, message_id: int) -> None:
        expected = self.model[message_id]
        may = expected.status in ("pending", "processing")
        assert self._do(queue.cancel, message_id) == may
        if may:
            expected.status, expected.held = "skipped", False

    @rule(message_id=messages)
    def force(self, message_id: int) -> None:
        expected = self.model[message_id]
        may = expected.status in ("pending", "failed")
        assert self._do(queue.force, message_id) == may
        if may:
            self._fresh(expected, failed=expected.status == "failed")
            expected.forced, expected.held = True, False

    @rule(message_id=messages)
    def hold_back(self, message_id: int) -> None:
        expected = self.model[message_id]
        may = expected.status in ("pending", "processing") and not expected.held
        assert self._do(queue.hold_back, message_id) == may
        if may:
            expected.status, expected.held, expected.forced = "pending", True, False

    @rule(message_id=messages)
    def let_go(self, message_id: int) -> None:
        expected = self.model[message_id]
        may = expected.status == "pending" and expected.held
        assert self._do(queue.let_go, message_id) == may
        if may:
            expected.held, expected.deaths = False, 0

    @rule(message_id=messages, priority=st.integers(1, 5))
    def set_priority(self, message_id: int, priority: int) -> None:
        waits = self.model[message_id].status == "pending"
        assert self._do(queue.set_priority, message_id, priority=priority) == waits

    @rule(message_id=messages, text=st.sampled_from(["Alle 18", "Alle 19"]))
    def edit(self, message_id: int, text: str) -> None:
        before, expected = self.desk.row(message_id), self.model[message_id]
        done = self._do(queue.edit, message_id, text=text)
        if before.text == text:
            return
        if done:
            assert expected.status in ("pending", "processing")
            expected.status = "pending"
        assert self.desk.row(message_id).text == (text if done else before.text)

    @rule()
    def retry_all_failed(self) -> None:
        n = self.desk.db.write_now(
            queue.retry_failed, self.desk.couple.wedding, now=self.desk.now
        )
        failed = [one for one in self.model.values() if one.status == "failed"]
        assert n == len(failed)
        for expected in failed:
            self._fresh(expected, failed=True)

    def _fresh(self, expected: Expected, *, failed: bool) -> None:
        expected.status, expected.deaths = "pending", 0
        expected.due = self.desk.now
        if failed:
            expected.failures = 0

    @rule(pause=st.sampled_from([True, False, False]))
    def pause_or_resume(self, pause: bool) -> None:
        act = pausing.pause_all if pause else pausing.resume_all
        self.desk.db.write_now(act, self.desk.couple.wedding, now=self.desk.now)
        self.paused = pause

    # --- evidence -------------------------------------------------------------------

    @rule(message_id=messages, by_hand=st.booleans())
    def settle(self, message_id: int, by_hand: bool) -> None:
        """By the chat, or by a person who has looked."""
        expected = self.model[message_id]
        if expected.status != "unconfirmed":
            return
        went = message_id in self.went()
        if by_hand:
            act = queue.declare_sent if went else queue.send_again
            assert self._do(act, message_id, by=None)
            expected.failures = 0
        else:
            assert self.desk.settle(message_id, went=went)
            expected.failures += not went
        given_up = not went and not by_hand and expected.failures >= expected.tries
        expected.status = "failed" if given_up else "sent" if went else "pending"
        expected.due = self.desk.now

    @rule(message_id=messages, level=st.integers(0, 4))
    def whatsapp_tells(self, message_id: int, level: int) -> None:
        expected = self.model[message_id]
        if message_id in self.went():
            assert self.desk.ack(message_id, level)
            if expected.status != "processing":
                expected.status = "sent"


def _lived_until(session: Session, account_id: int, now: datetime) -> None:
    session.get_one(Account, account_id).alive_at = now


def test_the_queue_is_where_the_model_says_after_every_step(template: Path) -> None:
    """Status and holds as the model has them; sums true; `attempt` and `ack` never
    fall; nothing twice; nothing in a closed window or over a limit."""
    Play.template = template
    hypothesis.stateful.run_state_machine_as_test(
        Play,
        settings=hypothesis.settings(
            max_examples=int(os.environ.get("QUEUE_DAYS") or 12),
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
    assert Play.sends >= 10, "a play in which next to nothing goes proves nothing"
