"""A message in a worker's hands: phases, the mark, outcomes, and the fence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.builders import attempts_of, events_of, phases_of, set_policy
from tests.fakes import NOON
from tests.integration.queue.desk import FAULT, Desk, wa_id
from wedding_wa.domain.messages import HoldRule, Outcome, Phase
from wedding_wa.domain.pacing import Hold
from wedding_wa.models import Account, Consent
from wedding_wa.services import pausing, queue
from wedding_wa.services.queue import Claim


def enter(desk: Desk, claim: Claim, phase: Phase = Phase.READING) -> int | None:
    return desk.db.write_now(queue.begin_phase, claim, phase, now=desk.now)


def account(desk: Desk) -> Account:
    return desk.db.read_now(lambda s: s.get_one(Account, desk.couple.groom))


def test_the_mark_is_the_moment_from_which_a_send_counts(desk: Desk) -> None:
    """`dispatched_at` and the reserved id, with the pauses drawn for what follows."""
    message_id = desk.put()
    claim = desk.claim()
    desk.later(9)
    event = desk.mark(claim)
    row = desk.row(message_id)
    assert (row.status, row.dispatched_at, row.reserved_id) == (
        "processing",
        desk.now,
        wa_id(message_id),
    )
    (one,) = attempts_of(desk.db, message_id)
    assert (one.counts, one.dispatched_at, one.finished_at) == (True, desk.now, None)
    assert (one.gap_seconds, one.sibling_seconds, one.rest_seconds) == (30, 5, 900)
    last = events_of(desk.db, message_id)[-1]
    assert (last.id, last.phase) == (event, "sending")


def test_an_answer_makes_it_sent(desk: Desk) -> None:
    """Status, WhatsApp's id, ack 0; the row of failures in the account is broken."""
    set_failures(desk, 3)
    message_id = desk.put()
    claim = desk.claim()
    desk.later(12)
    desk.mark(claim)
    desk.later(1)
    assert desk.sent(claim)
    row = desk.row(message_id)
    assert (row.status, row.ack, row.provider_message_id) == (
        "sent",
        0,
        wa_id(message_id),
    )
    assert row.finished_at == desk.now
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts, one.took_ms) == ("sent", True, 13_000)
    sent = events_of(desk.db, message_id)[-1]
    assert (sent.phase, sent.duration_ms) == ("sent", 13_000)
    assert account(desk).failures_in_row == 0
    assert desk.counters() == {"sent": 1}


def test_given_back_before_the_mark_nothing_is_counted(desk: Desk) -> None:
    """A stop costs neither failure nor try; the next claim is the next attempt."""
    message_id = desk.put()
    claim = desk.claim()
    enter(desk, claim)
    desk.later(3)
    assert desk.release(claim)
    row = desk.row(message_id)
    assert (row.status, row.attempt, row.failures) == ("pending", 1, 0)
    assert (row.worker, row.dispatched_at, row.hold_rule) == (None, None, None)
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts) == ("stopped", False)
    assert events_of(desk.db, message_id)[-1].duration_ms == 3000
    assert desk.claim().attempt == 2


def test_given_back_with_a_hold_it_waits_for_that(desk: Desk) -> None:
    """An account that went down: the hold says so, logged as a wait."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    hold = Hold(HoldRule.RESTRICTED, NOON + timedelta(hours=1))
    assert desk.db.write_now(
        queue.release,
        claim,
        outcome=Outcome.RESTRICTED,
        now=desk.now,
        hold=hold,
        fault=FAULT,
    )
    row = desk.row(message_id)
    assert (row.status, row.hold_rule, row.due_at) == (
        "pending",
        "restricted",
        hold.until,
    )
    assert row.failures == 0
    assert row.bucket == "held"
    assert row.reserved_id == wa_id(message_id)  # the same id the next time
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts, one.http_status) == ("restricted", False, 500)
    assert phases_of(desk.db, message_id)[-1] == "waiting_rate_limit"


def test_a_failed_try_comes_back_later_and_says_which_it_was(desk: Desk) -> None:
    """`failures` grows, `due_at` moves, try n of max stands in the timeline."""
    message_id = desk.put(max_attempts=3)
    for n in (1, 2):
        claim = desk.claim()
        assert (claim.attempt, claim.failures) == (n, n - 1)
        desk.mark(claim)
        assert desk.retry(claim, 60 * n)
        row = desk.row(message_id)
        assert (row.status, row.failures, row.hold_rule) == ("pending", n, "retry")
        assert row.error_code == FAULT.code
        event = events_of(desk.db, message_id)[-1]
        assert event.phase == "retry_scheduled"
        assert (event.data["try"], event.data["max_attempts"]) == (n, 3)
        assert account(desk).failures_in_row == n
        assert desk.step().wake_at == row.due_at
        desk.later(60 * n)
    tries = attempts_of(desk.db, message_id)
    assert [(t.attempt, t.outcome, t.counts) for t in tries] == [
        (1, "not_sent", False),
        (2, "not_sent", False),
    ]
    assert tries[0].http_status == 500
    assert desk.claim().failures == 2


def test_what_surely_did_not_go_weighs_on_no_limit(desk: Desk) -> None:
    """With one an hour: after a try that surely failed the next one may go at once;
    after one that may have gone it must wait."""
    set_policy(desk.db, desk.couple.groom, per_hour=1)
    first, second, third = (desk.put() for _ in "abc")
    claim = desk.claim()
    desk.mark(claim)
    desk.failed(claim)
    claim = desk.claim()
    assert claim.message_id == second
    desk.mark(claim)
    desk.unconfirmed(claim)
    assert desk.step().claim is None
    assert desk.row(third).hold_rule == "hourly"
    assert [t.counts for t in attempts_of(desk.db, first)] == [False]
    assert [t.counts for t in attempts_of(desk.db, second)] == [True]


def test_given_up_it_ends_and_counts_as_a_failure(desk: Desk) -> None:
    """`failed` for good; the account's row of failures grows."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    assert desk.failed(claim, Outcome.REFUSED)
    row = desk.row(message_id)
    assert (row.status, row.failures, row.finished_at) == ("failed", 1, desk.now)
    assert row.error_code == "error.waha.message_refused"
    assert account(desk).failures_in_row == 1
    assert desk.step().claim is None


def test_a_lost_answer_leaves_it_unconfirmed(desk: Desk) -> None:
    """Nobody knows: no failure counted, still weighing on the limits, never claimed."""
    message_id = desk.unconfirmed_one()
    row = desk.row(message_id)
    assert (row.failures, row.finished_at) == (0, None)
    assert row.dispatched_at == desk.now
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts) == ("maybe_sent", True)
    assert account(desk).failures_in_row == 0
    desk.later(86_400)
    assert desk.step().claim is None


ENDINGS: dict[str, Callable[[Desk, Claim], object]] = {
    "release": Desk.release,
    "retry": Desk.retry,
    "failed": Desk.failed,
    "unconfirmed": Desk.unconfirmed,
    "mark": Desk.mark,
    "phase": enter,
}


def _rows(desk: Desk, message_id: int) -> list[object]:
    row = desk.row(message_id)
    return [
        row.model_dump(),
        [t.model_dump() for t in attempts_of(desk.db, message_id)],
        [e.model_dump() for e in events_of(desk.db, message_id)],
        account(desk).failures_in_row,
    ]


@pytest.mark.parametrize("ending", list(ENDINGS))
def test_an_older_lease_writes_nothing(desk: Desk, ending: str) -> None:
    """A sender that slept past its lease: no row changes, no event, no count."""
    message_id = desk.put()
    claim = desk.claim()
    desk.steal()
    before = _rows(desk, message_id)
    assert not ENDINGS[ending](desk, claim)
    assert _rows(desk, message_id) == before


@pytest.mark.parametrize("ending", [*ENDINGS, "sent"])
def test_an_older_attempt_writes_nothing(desk: Desk, ending: str) -> None:
    """The message came back and was claimed again: the older try has no say."""
    message_id = desk.put()
    old = desk.claim()
    desk.release(old)
    assert desk.claim().attempt == 2
    before = _rows(desk, message_id)
    assert not (ENDINGS | {"sent": Desk.sent})[ending](desk, old)
    assert _rows(desk, message_id) == before


@pytest.mark.parametrize("ending", [*ENDINGS, "sent"])
def test_what_has_ended_stays_ended(desk: Desk, ending: str) -> None:
    """After `sent` no second outcome is written."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    assert desk.sent(claim)
    before = _rows(desk, message_id)
    assert not (ENDINGS | {"sent": Desk.sent})[ending](desk, claim)
    assert _rows(desk, message_id) == before


def test_what_was_sent_is_sent_also_without_the_lease(desk: Desk) -> None:
    """The answer came after the lease was lost, before anybody rescued: it is true."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    desk.steal()
    assert desk.sent(claim)
    assert desk.row(message_id).status == "sent"


def test_paused_meanwhile_it_goes_back_before_its_mark(desk: Desk) -> None:
    """Pausing all sending stops what is in hand as well."""
    message_id = desk.put()
    claim = desk.claim()
    desk.db.write_now(pausing.pause_all, desk.couple.wedding, now=NOON)
    assert desk.mark(claim) is None
    assert desk.row(message_id).dispatched_at is None
    assert desk.release(claim, Outcome.CANCELLED)
    assert desk.step().claim is None
    assert desk.row(message_id).hold_rule == "paused"


@pytest.mark.parametrize("what", ["account paused", "consent revoked", "expired"])
def test_the_mark_asks_once_more(desk: Desk, what: str) -> None:
    """Between claim and mark a person acts for many seconds: things change."""
    message_id = desk.put(expires_at=NOON + timedelta(seconds=20))
    claim = desk.claim()
    if what == "account paused":
        run(desk, sa.update(Account).values(paused_at=NOON))
    elif what == "consent revoked":
        run(desk, sa.update(Consent).values(revoked_at=NOON))
    else:
        desk.later(20)
    assert desk.mark(claim) is None
    assert desk.row(message_id).dispatched_at is None
    assert attempts_of(desk.db, message_id)[0].counts is False


def test_a_wait_and_a_phase_are_ended_by_whatever_ends_them(desk: Desk) -> None:
    """No line of the timeline stays open when the message leaves the hand."""
    message_id = desk.put()
    claim = desk.claim()
    enter(desk, claim, Phase.TYPING)
    desk.later(4)
    desk.retry(claim)
    typing = events_of(desk.db, message_id)[2]
    assert (typing.phase, typing.duration_ms) == ("typing", 4000)
    desk.later(60)
    desk.claim()
    scheduled = events_of(desk.db, message_id)[3]
    assert (scheduled.phase, scheduled.duration_ms) == ("retry_scheduled", 60_000)


def set_failures(desk: Desk, n: int) -> None:
    run(desk, sa.update(Account).values(failures_in_row=n))


def run(desk: Desk, statement: sa.Update) -> None:
    desk.db.write_now(lambda s: s.execute(statement) and None)
