"""Acks, echoes, look-ups and dead processes: what they prove, in any order."""

from __future__ import annotations

import itertools

import pytest

from tests.builders import attempts_of, events_of, phases_of, set_policy
from tests.integration.queue.desk import ME, Desk, wa_id
from wedding_wa.domain.messages import Ack, Outcome
from wedding_wa.services import queue

LEVELS = (Ack.PENDING, Ack.SERVER, Ack.DEVICE, Ack.READ, Ack.PLAYED)


def sent_one(desk: Desk, **more: object) -> int:
    message_id = desk.put(**more)
    claim = desk.claim()
    desk.mark(claim)
    assert desk.sent(claim)
    return message_id


def echo(desk: Desk, message_id: int) -> bool:
    return desk.db.write_now(
        queue.apply_echo,
        desk.couple.groom,
        wa_id(message_id),
        at=desk.now,
        now=desk.now,
    )


def rescue(desk: Desk) -> int:
    desk.lease = desk.steal(ME)
    return desk.db.write_now(queue.rescue, desk.lease, calls_over=False, now=desk.now)


def test_an_ack_only_rises(desk: Desk) -> None:
    """Every order in which five levels can come ends at the highest, each level that
    was new on its arrival is one line of the timeline, repeats are none."""
    for order in list(itertools.permutations(LEVELS))[::9]:
        message_id = sent_one(desk)
        highest: int = Ack.PENDING
        lines = []
        for level in order:
            for _ in range(2):
                assert desk.ack(message_id, level)
            if level > highest and level != Ack.PLAYED:
                lines.append({1: "server_ack", 2: "delivered", 3: "read"}[level])
            highest = max(highest, level)
            assert desk.row(message_id).ack == highest
        assert phases_of(desk.db, message_id)[4:] == lines
        assert desk.row(message_id).bucket == "read"


def test_an_ack_for_nobody_changes_nothing(desk: Desk) -> None:
    """A message that the couple wrote on the phone itself."""
    assert not desk.ack(4711, Ack.READ)
    assert not echo(desk, 4711)


def test_an_ack_of_another_account_is_not_ours(desk: Desk) -> None:
    """Ids are matched within their account."""
    message_id = sent_one(desk)
    desk.db.write_now(
        queue.apply_ack,
        desk.couple.bride,
        wa_id(message_id),
        Ack.READ,
        at=desk.now,
        now=desk.now,
    )
    assert desk.row(message_id).ack == 0


def test_an_error_ack_marks_and_keeps_the_status(desk: Desk) -> None:
    """ "Refused by WhatsApp": its own column, its own bucket, logged once."""
    message_id = sent_one(desk)
    for _ in range(2):
        assert desk.ack(message_id, Ack.ERROR)
    row = desk.row(message_id)
    assert (row.status, row.bucket, row.ack) == ("sent", "refused", 0)
    assert row.ack_error_at == desk.now
    assert phases_of(desk.db, message_id).count("refused") == 1


def test_an_error_ack_after_the_delivery_is_not_believed(desk: Desk) -> None:
    """Taken only while `ack` is SERVER or less; a later delivery takes it back."""
    message_id = sent_one(desk)
    desk.ack(message_id, Ack.DEVICE)
    desk.ack(message_id, Ack.ERROR)
    assert desk.row(message_id).bucket == "delivered"
    other = sent_one(desk)
    desk.ack(other, Ack.ERROR)
    desk.ack(other, Ack.DEVICE)
    assert desk.row(other).bucket == "delivered"


def test_an_ack_before_the_answer_is_kept(desk: Desk) -> None:
    """WhatsApp was quicker than WAHA's answer: the level stays."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    assert desk.ack(message_id, Ack.DEVICE)
    assert desk.row(message_id).status == "processing"
    assert desk.sent(claim)
    row = desk.row(message_id)
    assert (row.status, row.ack, row.bucket) == ("sent", 2, "delivered")


@pytest.mark.parametrize("how", ["ack", "error ack", "echo", "chat"])
def test_evidence_that_it_went_settles_it(desk: Desk, how: str) -> None:
    """An ack, even an ERROR one, the echo, or the chat read: it is sent."""
    message_id = desk.unconfirmed_one()
    desk.later(30)
    if how == "chat":
        desk.settle(message_id, went=True)
    elif how == "echo":
        echo(desk, message_id)
    else:
        desk.ack(message_id, Ack.ERROR if how == "error ack" else Ack.SERVER)
    row = desk.row(message_id)
    assert (row.status, row.provider_message_id) == ("sent", wa_id(message_id))
    assert row.bucket == ("refused" if how == "error ack" else "sent")
    assert row.error_code is None
    phases = phases_of(desk.db, message_id)
    assert phases[phases.index("settled") : phases.index("settled") + 2] == [
        "settled",
        "sent",
    ]
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts, one.http_status) == ("sent", True, 500)


def test_the_limits_count_from_the_send_not_from_the_proof(desk: Desk) -> None:
    """Settled an hour later it does not weigh on the hour of its proof."""
    set_policy(desk.db, desk.couple.groom, per_hour=1)
    message_id = desk.unconfirmed_one()
    desk.later(3600)
    desk.settle(message_id, went=True)
    assert desk.order() == []
    other = desk.put()
    assert desk.order() == [other]


def test_proof_that_it_never_went_brings_it_back_with_one_failure(desk: Desk) -> None:
    """The same reserved id is used then; the try weighs on no limit any more."""
    message_id = desk.unconfirmed_one()
    desk.later(400)
    assert desk.settle(message_id, went=False)
    row = desk.row(message_id)
    assert (row.status, row.failures, row.due_at) == ("pending", 1, desk.now)
    assert (row.dispatched_at, row.reserved_id) == (None, wa_id(message_id))
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts) == ("not_sent", False)
    claim = desk.claim()
    assert (claim.attempt, claim.failures) == (2, 1)
    assert claim.reserved_id == wa_id(message_id)


def test_the_last_try_that_never_went_is_a_failure(desk: Desk) -> None:
    """`max_attempts` counts here as well; a person may try again."""
    message_id = desk.unconfirmed_one(max_attempts=1)
    desk.settle(message_id, went=False)
    assert desk.row(message_id).status == "failed"
    assert phases_of(desk.db, message_id)[-2:] == ["settled", "failed"]


@pytest.mark.parametrize("went", [True, False])
def test_only_what_is_open_is_settled(desk: Desk, went: bool) -> None:
    """A second settling, or one by a look-up of long ago, changes nothing."""
    message_id = desk.unconfirmed_one()
    assert desk.settle(message_id, went=True)
    before = phases_of(desk.db, message_id)
    assert not desk.settle(message_id, went=went)
    assert desk.row(message_id).status == "sent"
    assert phases_of(desk.db, message_id) == before


@pytest.mark.parametrize("state", ["waiting", "claimed again", "failed", "cancelled"])
@pytest.mark.parametrize("how", ["ack", "echo"])
def test_what_was_sent_late_is_never_sent_again(
    desk: Desk, state: str, how: str
) -> None:
    """WAHA was seen to send minutes after we gave up. The look-up had proved that it
    never went, it was back in the line (or in hand again before its mark, or given up,
    or cancelled): then comes WhatsApp's own word that it did go."""
    message_id = desk.unconfirmed_one(max_attempts=1 if state == "failed" else 4)
    desk.later(400)
    desk.settle(message_id, went=False)
    claim = desk.claim() if state == "claimed again" else None
    if state == "cancelled":
        desk.db.write_now(queue.cancel, desk.couple.wedding, message_id, now=desk.now)
    desk.later(5)
    if how == "ack":
        assert desk.ack(message_id, Ack.DEVICE)
    else:
        assert echo(desk, message_id)

    row = desk.row(message_id)
    assert (row.status, row.skip_reason, row.error_code) == ("sent", None, None)
    tries = attempts_of(desk.db, message_id)
    assert (tries[0].outcome, tries[0].counts) == ("sent", True)
    if claim is not None:
        assert desk.mark(claim) is None
        assert not desk.release(claim)
        assert (tries[1].outcome, tries[1].counts) == ("cancelled", False)
    assert desk.step().claim is None
    assert [e.phase for e in events_of(desk.db, message_id)].count("sent") == 1
    assert desk.counters() == desk.counted()


def test_an_error_ack_of_a_message_that_waits_does_not_end_it(desk: Desk) -> None:
    """WhatsApp refused a new chat: the message waits for the end of the restriction,
    and the ERROR ack of the first try must not take its second one away."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    desk.release(claim, Outcome.RESTRICTED)
    desk.ack(message_id, Ack.ERROR)
    assert desk.row(message_id).status == "pending"


def test_a_rescue_frees_what_a_dead_worker_held(desk: Desk) -> None:
    """Unmarked: back in its place, no failure. Marked: unconfirmed, its id known."""
    unmarked = desk.put()
    desk.claim()
    assert rescue(desk) == 1
    row = desk.row(unmarked)
    assert (row.status, row.attempt, row.failures) == ("pending", 1, 0)
    assert attempts_of(desk.db, unmarked)[0].outcome == "crashed"
    assert phases_of(desk.db, unmarked)[-1] == "rescued"

    claim = desk.claim()
    assert (claim.message_id, claim.attempt) == (unmarked, 2)
    desk.mark(claim)
    assert rescue(desk) == 1
    row = desk.row(unmarked)
    assert (row.status, row.reserved_id) == ("unconfirmed", wa_id(unmarked))
    assert attempts_of(desk.db, unmarked)[1].counts
    assert phases_of(desk.db, unmarked)[-2:] == ["rescued", "unconfirmed"]
    assert rescue(desk) == 0
    assert desk.step().claim is None


def test_a_rescue_keeps_the_place_and_the_force(desk: Desk) -> None:
    """It comes back where it was in the line."""
    first, second = desk.put(), desk.put()
    desk.db.write_now(queue.force, desk.couple.wedding, second, now=desk.now)
    assert desk.claim().message_id == second
    rescue(desk)
    assert desk.order() == [second, first]


def test_an_answer_after_the_rescue_settles_it(desk: Desk) -> None:
    """The frozen sender woke up with WAHA's answer in hand: that is evidence."""
    from tests.integration.queue.desk import PLAN
    from wedding_wa.services import sender_writes
    from wedding_wa.services.sender_writes import RunningPhase

    message_id = desk.put()
    claim = desk.claim()
    event = desk.mark(claim)
    assert event is not None
    rescue(desk)
    desk.later(5)
    phase = RunningPhase(event, desk.now, {})
    desk.db.write_now(
        sender_writes.sent, claim, phase, wa_id(message_id), PLAN, desk.now
    )
    assert desk.row(message_id).status == "sent"
    assert phases_of(desk.db, message_id)[-2:] == ["settled", "sent"]
