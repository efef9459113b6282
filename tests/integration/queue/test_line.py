"""The line: who is next, who must wait, who is claimed."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from tests.builders import attempts_of, events_of, guest_wrote, phases_of, set_policy
from tests.fakes import NOON
from tests.integration.queue.desk import NO_LIMITS, OTHER, Desk
from wedding_wa.models import Account, Consent
from wedding_wa.services import lease as leases
from wedding_wa.services import pausing, queue


def test_forced_then_priority_then_place_then_id(desk: Desk) -> None:
    """The order in which a line is served."""
    low = desk.put(priority=5)
    normal = desk.put()
    second = desk.put()
    desk.later(1)
    late = desk.put()
    high = desk.put(priority=1)
    forced = desk.put(priority=5)
    desk.later(1)
    desk.db.write_now(queue.force, desk.couple.wedding, forced, now=desk.now)
    assert desk.order() == [forced, high, normal, second, late, low]


def test_a_hold_does_not_lose_the_place(desk: Desk) -> None:
    """`due_at` moves, `queue_at` stays: when its cool-down is over the elder is first,
    though the younger was due before."""
    set_policy(desk.db, desk.couple.groom, cooldown_seconds=600.0)
    guest_wrote(desk.db, desk.couple.groom, "+393334445555")
    desk.put()
    desk.order()
    held = desk.put()
    desk.later(10)
    assert desk.step().claim is None
    assert desk.row(held).hold_rule == "cooldown"
    desk.later(300)
    younger = desk.put(to="+393334445555", due_at=NOON + timedelta(minutes=9))
    desk.later(600)
    assert desk.row(held).due_at > desk.row(younger).due_at
    assert desk.order() == [held, younger]


def test_one_chats_hold_lets_the_others_pass(desk: Desk) -> None:
    """A cool-down holds one message; a rule of the account ends the search."""
    set_policy(desk.db, desk.couple.groom, cooldown_seconds=600.0)
    guest_wrote(desk.db, desk.couple.groom, "+393334445555")
    desk.put()
    desk.order()
    held = desk.put()
    other = desk.put(to="+393334445555")
    assert desk.order() == [other]
    assert desk.row(held).bucket == "held"


def test_a_hold_is_logged_once_and_costs_nothing(desk: Desk) -> None:
    """However often the worker looks: one event, no try, no failure; its end is filled
    in when it goes."""
    set_policy(desk.db, desk.couple.groom, gap_min_seconds=60.0, gap_max_seconds=60.0)
    desk.put()
    desk.order()
    held = desk.put()
    for _ in range(5):
        desk.later(5)
        step = desk.step()
        assert step.claim is None
        assert step.wake_at == NOON + timedelta(seconds=60)
    row = desk.row(held)
    assert (row.status, row.attempt, row.failures) == ("pending", 0, 0)
    assert (row.hold_rule, row.due_at) == ("gap", NOON + timedelta(seconds=60))
    assert phases_of(desk.db, held) == ["queued", "waiting_rate_limit"]
    desk.later(35)
    assert desk.order() == [held]
    waiting = events_of(desk.db, held)[1]
    assert waiting.duration_ms == 55_000
    assert waiting.data["reason"] == "gap"
    assert waiting.data["next_slot_at"] == row.due_at.isoformat()


def test_another_rule_is_another_line_of_the_timeline(desk: Desk) -> None:
    """First the gap, then the hour's limit: two waits, the first one ended."""
    set_policy(
        desk.db,
        desk.couple.groom,
        **NO_LIMITS | {"per_hour": 1, "gap_min_seconds": 9.0, "gap_max_seconds": 9.0},
    )
    desk.put()
    desk.order()
    set_policy(desk.db, desk.couple.groom, per_hour=10)
    held = desk.put()
    desk.step()
    assert desk.row(held).hold_rule == "gap"
    set_policy(desk.db, desk.couple.groom, per_hour=1)
    desk.later(4)
    desk.step()
    assert desk.row(held).hold_rule == "hourly"
    waits = [e for e in events_of(desk.db, held) if e.phase == "waiting_rate_limit"]
    assert [w.data["reason"] for w in waits] == ["gap", "hourly"]
    assert waits[0].duration_ms == 4000
    assert waits[1].duration_ms is None
    assert waits[1].data["sent_count"] == waits[1].data["limit"] == 1


def test_a_claim_takes_the_message_and_opens_a_try(desk: Desk) -> None:
    """`attempt` grows, the hold is gone, the try weighs on no limit before its mark."""
    message_id = desk.put()
    claim = desk.claim()
    row = desk.row(message_id)
    assert (row.status, row.attempt, row.worker) == ("processing", 1, desk.lease.owner)
    assert (claim.attempt, claim.failures, claim.max_attempts) == (1, 0, 4)
    (one,) = attempts_of(desk.db, message_id)
    assert (one.attempt, one.counts, one.dispatched_at) == (1, False, None)
    queued, ok = events_of(desk.db, message_id)
    assert queued.duration_ms == 0
    assert (ok.phase, ok.attempt) == ("rate_limit_ok", 1)
    assert ok.data == {
        "sent_count": 0,
        "limit": 1000,
        "rate_limit_remaining": 999,
    }


def test_nothing_is_claimed_without_the_lease(desk: Desk) -> None:
    """Who lost it takes nothing, and holds nobody up for the one who has it."""
    message_id = desk.put()
    stolen = desk.steal()
    assert desk.ask() is None
    assert desk.row(message_id).status == "pending"
    desk.lease = stolen
    assert desk.claim().message_id == message_id


def test_a_released_lease_claims_nothing(desk: Desk) -> None:
    """Given back is given back."""
    desk.put()
    desk.db.write_now(leases.release, desk.lease)
    assert desk.ask() is None


def test_what_waits_for_a_later_moment_is_left_alone(desk: Desk) -> None:
    """The worker is told the next moment at which something may change."""
    first = desk.put(due_at=NOON + timedelta(minutes=5))
    desk.put(due_at=NOON + timedelta(minutes=9))
    step = desk.step()
    assert (step.claim, step.wake_at) == (None, NOON + timedelta(minutes=5))
    assert phases_of(desk.db, first) == ["queued"]
    desk.later(300)
    assert desk.claim().message_id == first


def test_with_nothing_to_do_only_a_change_can_wake(desk: Desk) -> None:
    """An empty line asks for no moment at all."""
    assert desk.step().wake_at is None
    desk.put()
    desk.order()
    assert desk.step().wake_at is None


def test_what_is_too_late_is_skipped_and_never_sent(desk: Desk) -> None:
    """At its `expires_at` a waiting message ends as `skipped`, with its reason."""
    message_id = desk.put(expires_at=NOON + timedelta(minutes=1))
    desk.later(60)
    assert desk.step().claim is None
    row = desk.row(message_id)
    assert (row.status, row.skip_reason) == ("skipped", "expired")
    assert row.finished_at == desk.now
    assert attempts_of(desk.db, message_id) == []
    assert phases_of(desk.db, message_id) == ["queued", "skipped"]
    assert events_of(desk.db, message_id)[0].duration_ms == 60_000


def test_a_consent_that_was_taken_back_skips_what_waits(desk: Desk) -> None:
    """It is checked again at the claim, also for one that is forced."""
    ids = [desk.put(), desk.put()]
    desk.db.write_now(queue.force, desk.couple.wedding, ids[1], now=NOON)
    desk.db.write_now(
        lambda s: s.execute(sa.update(Consent).values(revoked_at=NOON)) and None
    )
    assert desk.step().claim is None
    for one in map(desk.row, ids):
        assert (one.status, one.skip_reason) == ("skipped", "consent_revoked")


def test_pause_holds_everything_and_resume_lets_it_go(desk: Desk) -> None:
    """Pausing all sending moves nothing but the hold; going on sends in order."""
    ids = [desk.put(), desk.put()]
    desk.db.write_now(queue.force, desk.couple.wedding, ids[1], now=NOON)
    assert desk.db.write_now(pausing.pause_all, desk.couple.wedding, now=NOON)
    assert not desk.db.write_now(pausing.pause_all, desk.couple.wedding, now=NOON)
    desk.later(3600)
    assert desk.step().claim is None
    assert desk.row(ids[1]).hold_rule == "paused"
    assert desk.db.write_now(pausing.resume_all, desk.couple.wedding, now=desk.now)
    assert desk.order() == [ids[1], ids[0]]


def test_an_account_that_is_down_holds_its_messages(desk: Desk) -> None:
    """No try, no failure; the hold says in which status the account is."""
    message_id = desk.put()
    _set(desk, status="SCAN_QR_CODE")
    step = desk.step()
    assert (step.claim, step.wake_at) == (None, None)
    row = desk.row(message_id)
    assert (row.hold_rule, row.attempt) == ("account_down", 0)
    assert row.hold_params["status"] == "SCAN_QR_CODE"
    _set(desk, status="WORKING")
    assert desk.order() == [message_id]


def test_a_forced_message_passes_the_limits(desk: Desk) -> None:
    """Out of the hour's limit it goes at once, and counts for the others."""
    set_policy(desk.db, desk.couple.groom, per_hour=1)
    desk.put()
    desk.order()
    held, forced = desk.put(), desk.put()
    assert desk.order() == []
    desk.later(5)
    desk.db.write_now(queue.force, desk.couple.wedding, forced, now=desk.now)
    assert desk.order() == [forced]
    assert desk.row(held).hold_rule == "hourly"
    assert phases_of(desk.db, forced)[:3] == ["queued", "forced", "rate_limit_ok"]


def test_many_forced_ones_of_a_paused_wedding_do_not_keep_the_worker_busy(
    desk: Desk,
) -> None:
    """Nothing may go and nothing will change by itself: no moment to look again."""
    ids = [desk.put() for _ in range(60)]
    for message_id in ids:
        desk.db.write_now(queue.force, desk.couple.wedding, message_id, now=NOON)
    desk.db.write_now(pausing.pause_all, desk.couple.wedding, now=NOON)
    assert desk.step().wake_at is None


def test_a_full_look_of_held_messages_does_not_hide_the_rest(desk: Desk) -> None:
    """Sixty messages to one chat in its cool-down, then one to another chat: looked at
    fifty at a time, it still goes, at once."""
    set_policy(desk.db, desk.couple.groom, cooldown_seconds=600.0)
    guest_wrote(desk.db, desk.couple.groom, "+393334445555")
    desk.put()
    desk.order()
    for _ in range(60):
        desk.put()
    other = desk.put(to="+393334445555")
    step = desk.step()
    assert step.claim is None
    assert step.wake_at == desk.now
    assert desk.claim().message_id == other


def test_what_was_claimed_before_its_hold_ended_is_due_when_it_comes_back(
    desk: Desk,
) -> None:
    """The hour's limit was raised, the message claimed, the worker stopped: it goes
    back as due, not as "scheduled" for the end of a hold that no longer exists."""
    set_policy(desk.db, desk.couple.groom, per_hour=1)
    desk.put()
    desk.order()
    held = desk.put()
    desk.step()
    assert desk.row(held).due_at > desk.now
    set_policy(desk.db, desk.couple.groom, per_hour=10)
    desk.later(5)
    assert desk.release(desk.claim())
    assert desk.claim().message_id == held


def test_a_cool_down_that_was_shortened_holds_no_more(desk: Desk) -> None:
    """Saving other limits lets what they held be looked at again at once."""
    from wedding_wa.services.policies import save_policy

    set_policy(desk.db, desk.couple.groom, cooldown_seconds=7200.0)
    desk.put()
    desk.order()
    held = desk.put()
    desk.later(60)
    assert desk.step().claim is None
    desk.db.write_now(
        save_policy, desk.couple.groom, {"cooldown_seconds": "30"}, now=desk.now
    )
    assert desk.claim().message_id == held


def test_the_siblings_last_send_keeps_us_apart(desk: Desk) -> None:
    """Two numbers that send at the same moment get banned together."""
    set_policy(
        desk.db, desk.couple.groom, sibling_min_seconds=5.0, sibling_max_seconds=20.0
    )
    desk.put()
    _bride_sends(desk)
    held = desk.step()
    assert held.claim is None
    assert held.wake_at == NOON + timedelta(seconds=5)
    desk.later(5)
    assert desk.claim()


def _bride_sends(desk: Desk) -> None:
    guest_wrote(desk.db, desk.couple.bride)
    lease = desk.db.write_now(leases.acquire, desk.couple.bride, owner=OTHER, now=NOON)
    assert lease is not None
    bride = Desk(desk.db, desk.couple, lease)
    bride.put(account="bride")
    assert len(bride.order()) == 1


def _set(desk: Desk, **values: object) -> None:
    desk.db.write_now(
        lambda s: (
            s.execute(
                sa.update(Account)
                .where(Account.id == desk.couple.groom)
                .values(**values)
            )
            and None
        )
    )


def test_what_cannot_go_though_forced_is_written_once(desk: Desk) -> None:
    """Looking again changes nothing: else each look would wake the next one."""
    set_policy(desk.db, desk.couple.groom, unanswered_max=1)
    desk.put()
    desk.order()
    message_id = desk.put()
    desk.db.write_now(queue.force, desk.couple.wedding, message_id, now=desk.now)
    assert desk.step().claim is None
    before = desk.row(message_id)
    assert (before.hold_rule, before.due_at > desk.now) == ("unanswered", True)
    desk.later(5)
    assert desk.step().claim is None
    assert desk.row(message_id).due_at == before.due_at
