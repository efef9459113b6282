"""Messages set aside wait for a person and for nobody else; what is late never goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import attempts_of, events_of, phases_of, set_policy
from tests.fakes import NOON
from tests.integration.queue.desk import ME, OTHER, Desk
from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.messages import Phase
from wedding_wa.models import User
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.notices import open_notices

HOUR = timedelta(hours=1)


def hold_back(desk: Desk, message_id: int) -> None:
    desk.db.write_now(queue.hold_back, desk.couple.wedding, message_id, now=desk.now)


def let_go(desk: Desk, message_id: int) -> None:
    desk.db.write_now(queue.let_go, desk.couple.wedding, message_id, now=desk.now)


def die(desk: Desk) -> None:
    """The process that holds the lease dies; another takes over and rescues."""
    desk.later(31)
    owner = OTHER if desk.lease.owner == str(ME) else ME
    taken = desk.db.write_now(
        leases.acquire, desk.couple.groom, owner=owner, now=desk.now
    )
    assert taken is not None
    desk.lease = taken
    desk.db.write_now(queue.rescue, taken, calls_over=True, now=desk.now)


def alive(desk: Desk) -> None:
    desk.db.write_now(queue.note_alive, desk.couple.groom, now=desk.now)


def kinds(desk: Desk) -> list[str]:
    found = desk.db.read_now(open_notices, desk.couple.wedding)
    return [notice.kind for notice in found]


def test_what_a_person_holds_waits_for_them_and_keeps_its_place(desk: Desk) -> None:
    """Held, the others overtake it; released, it goes before those that came later."""
    first, second, third = desk.put(), desk.put(), desk.put()
    hold_back(desk, first)
    row = desk.row(first)
    assert (row.status, row.hold_rule, row.bucket) == ("pending", "by_hand", "held")
    claim = desk.claim()
    assert claim.message_id == second
    desk.mark(claim)
    desk.sent(claim)
    desk.later(86_400)
    let_go(desk, first)
    assert desk.order() == [first, third]
    assert phases_of(desk.db, first)[:3] == ["queued", "held", "released"]
    assert desk.counters() == {"sent": 3}


def test_who_holds_it_is_known_to_the_page(desk: Desk) -> None:
    """By the name of whoever is logged in; the command line has none."""
    message_id, other = desk.put(), desk.put()
    anna = User(
        email="anna@example.com", name="Anna", password_hash="", created_at=NOON
    )
    by = desk.db.write_now(lambda s: (s.add(anna), s.flush(), anna.id)[-1])
    wedding = desk.couple.wedding
    desk.db.write_now(queue.hold_back, wedding, message_id, by=by, now=desk.now)
    hold_back(desk, other)
    assert desk.row(message_id).hold_params["person"] == "Anna"
    assert "person" not in desk.row(other).hold_params


def test_in_hand_it_is_held_up_to_its_mark(desk: Desk) -> None:
    """The worker finds it gone before the mark; after the mark it is too late."""
    message_id = desk.put()
    claim = desk.claim()
    desk.db.write_now(queue.begin_phase, claim, Phase.TYPING, now=desk.now)
    hold_back(desk, message_id)
    assert desk.mark(claim) is None
    assert desk.step().claim is None
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts) == ("cancelled", False)
    let_go(desk, message_id)
    claim = desk.claim()
    desk.mark(claim)
    with pytest.raises(Conflict):
        hold_back(desk, message_id)
    assert desk.row(message_id).status == "processing"


def test_holding_twice_and_releasing_what_is_free_are_conflicts(desk: Desk) -> None:
    message_id = desk.put()
    with pytest.raises(Conflict):
        let_go(desk, message_id)
    hold_back(desk, message_id)
    with pytest.raises(Conflict):
        hold_back(desk, message_id)
    assert phases_of(desk.db, message_id) == ["queued", "held"]


def test_a_planned_time_outlives_a_hold(desk: Desk) -> None:
    """Released before its time it still waits for it."""
    message_id = desk.put(due_at=desk.now + HOUR)
    hold_back(desk, message_id)
    let_go(desk, message_id)
    assert desk.row(message_id).hold_rule == "scheduled"
    assert desk.step().claim is None
    desk.later(3600)
    assert desk.claim().message_id == message_id


def test_cancelled_and_sent_ahead_although_held(desk: Desk) -> None:
    """Cancel takes it out, force lets it go at once: neither leaves a hold behind."""
    gone, ahead = desk.put(), desk.put()
    hold_back(desk, gone)
    hold_back(desk, ahead)
    desk.db.write_now(queue.cancel, desk.couple.wedding, gone, now=desk.now)
    desk.db.write_now(queue.force, desk.couple.wedding, ahead, now=desk.now)
    assert desk.row(gone).held_at is None
    assert desk.order() == [ahead]


def test_a_message_with_which_three_processes_died_is_set_aside(desk: Desk) -> None:
    """The others go on; its owner is told; released, it has all its lives again."""
    poison, healthy = desk.put(), desk.put()
    for deaths in (1, 2, 3):
        assert desk.claim().message_id == poison
        die(desk)
        assert desk.row(poison).crashes == deaths
    row = desk.row(poison)
    assert (row.status, row.hold_rule, row.failures) == ("pending", "quarantine", 0)
    assert kinds(desk) == ["quarantine"]
    assert desk.order() == [healthy]
    let_go(desk, poison)
    assert kinds(desk) == []
    assert desk.row(poison).crashes == 0
    assert desk.order() == [poison]


def test_a_stop_is_no_death(desk: Desk) -> None:
    """A worker that stops, or frees what its own fault left, blames no message."""
    message_id = desk.put()
    for _ in range(5):
        desk.claim()
        desk.db.write_now(queue.rescue, desk.lease, calls_over=True, now=desk.now)
    assert desk.row(message_id).crashes == 0
    assert desk.order() == [message_id]


def test_a_death_after_the_mark_blames_no_message(desk: Desk) -> None:
    """It is in doubt then, which evidence ends."""
    message_id = desk.put()
    for _ in range(3):
        desk.mark(desk.claim())
        die(desk)
        assert desk.settle(message_id, went=False)
    assert desk.row(message_id).crashes == 0


def test_what_was_missed_while_nobody_lived_asks_first(desk: Desk) -> None:
    """Planned for a time at which no sender lived: aside, and the owner is told. What
    only waited for its turn, and what is not late yet, goes on."""
    alive(desk)
    late = desk.put(due_at=desk.now + HOUR)
    soon = desk.put(due_at=desk.now + HOUR * 9 - timedelta(minutes=10))
    plain = desk.put()
    hold = desk.put(due_at=desk.now + HOUR)
    hold_back(desk, hold)
    desk.later(9 * 3600)
    assert desk.order() == [plain, soon]
    row = desk.row(late)
    assert (row.status, row.hold_rule) == ("pending", "missed")
    assert row.hold_params["was_due"]
    assert kinds(desk) == ["missed"]
    assert desk.row(hold).hold_rule == "by_hand"
    let_go(desk, late)
    assert kinds(desk) == []
    assert desk.order() == [late]


def test_nothing_is_missed_while_a_sender_lives(desk: Desk) -> None:
    """A long line is no absence: what was planned goes late, in its turn."""
    set_policy(desk.db, desk.couple.groom, per_hour=1)
    ids = [desk.put()]
    ids += [desk.put(due_at=desk.now + timedelta(minutes=10)) for _ in range(2)]
    order = []
    for _ in range(3 * 60):
        desk.later(60)
        if (claim := desk.step().claim) is not None:
            order.append(claim.message_id)
            desk.mark(claim)
            desk.sent(claim)
        alive(desk)
    assert order == ids


def test_missing_nothing_can_be_switched_off(desk: Desk) -> None:
    set_policy(desk.db, desk.couple.groom, missed_after_seconds=0.0)
    alive(desk)
    late = desk.put(due_at=desk.now + HOUR)
    desk.later(9 * 3600)
    assert desk.order() == [late]


@pytest.mark.parametrize("waits_for", ["its turn", "a person", "its time", "a window"])
def test_too_late_is_skipped_whatever_it_waits_for(desk: Desk, waits_for: str) -> None:
    """`expires_at` ends every wait: skipped with the reason, at its moment."""
    due = desk.now + HOUR if waits_for == "its time" else None
    ends = desk.now + 2 * HOUR
    message_id = desk.put(due_at=due, expires_at=ends)
    if waits_for == "a person":
        hold_back(desk, message_id)
    if waits_for == "a window":
        set_policy(desk.db, desk.couple.groom, windows="03:00-03:01")
    if waits_for != "its time":
        claim = desk.step().claim
        assert (claim is None) == (waits_for != "its turn")
        if claim is not None:
            desk.retry(claim, 3 * 3600)
    woken = desk.step().wake_at
    assert woken is not None
    assert woken <= ends
    desk.now = ends
    assert desk.step().claim is None
    row = desk.row(message_id)
    assert (row.status, row.skip_reason) == ("skipped", "expired")
    assert events_of(desk.db, message_id)[-1].data == {"reason": "expired"}


def test_let_go_it_has_its_own_time_and_not_that_of_a_hold(desk: Desk) -> None:
    """A limit had moved it for an hour when a person held it; let go, the limit itself
    is asked, and what ends the limit frees it."""
    message_id = desk.put()
    set_policy(desk.db, desk.couple.groom, unanswered_max=1)
    desk.order()
    second = desk.put()
    assert desk.step().claim is None
    assert desk.row(second).hold_rule == "unanswered"
    hold_back(desk, second)
    let_go(desk, second)
    set_policy(desk.db, desk.couple.groom, unanswered_max=0)
    assert desk.claim().message_id == second
    assert message_id != second


def test_the_notice_ends_when_a_proof_takes_the_last_one(desk: Desk) -> None:
    """Set aside, and then found to have gone: there is nothing to decide any more."""
    message_id = desk.unconfirmed_one()
    desk.settle(message_id, went=False)
    for _ in range(3):
        desk.claim()
        die(desk)
    assert kinds(desk) == ["quarantine"]
    desk.ack(message_id, 1)
    assert desk.row(message_id).status == "sent"
    assert kinds(desk) == []
