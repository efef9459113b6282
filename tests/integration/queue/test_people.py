"""What a person may do with a message, and when it is too late."""

from __future__ import annotations

import pytest

from tests.builders import attempts_of, events_of, phases_of
from tests.fakes import NOON
from tests.integration.queue.desk import Desk
from wedding_wa.domain.errors import Conflict, NotFound
from wedding_wa.domain.messages import Outcome, Phase
from wedding_wa.services import queue


def cancel(desk: Desk, message_id: int) -> None:
    desk.db.write_now(queue.cancel, desk.couple.wedding, message_id, now=desk.now)


def force(desk: Desk, message_id: int) -> None:
    desk.db.write_now(queue.force, desk.couple.wedding, message_id, now=desk.now)


def retry_failed(desk: Desk, ids: list[int] | None = None) -> int:
    return desk.db.write_now(
        queue.retry_failed, desk.couple.wedding, now=desk.now, message_ids=ids
    )


def test_a_waiting_message_is_cancelled(desk: Desk) -> None:
    """It ends as `skipped`, with both lines in the timeline, and never goes."""
    message_id = desk.put()
    desk.later(7)
    cancel(desk, message_id)
    row = desk.row(message_id)
    assert (row.status, row.skip_reason) == ("skipped", "cancelled")
    assert phases_of(desk.db, message_id) == ["queued", "cancelled", "skipped"]
    assert events_of(desk.db, message_id)[0].duration_ms == 7000
    assert desk.step().claim is None
    assert desk.counters() == {"skipped": 1}


def test_in_hand_it_can_be_cancelled_up_to_its_mark(desk: Desk) -> None:
    """The worker finds that it is not its own any more; the running phase has ended."""
    message_id = desk.put()
    claim = desk.claim()
    desk.db.write_now(queue.begin_phase, claim, Phase.TYPING, now=desk.now)
    desk.later(2)
    cancel(desk, message_id)
    assert desk.mark(claim) is None
    assert not desk.release(claim)
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts) == ("cancelled", False)
    typing = events_of(desk.db, message_id)[2]
    assert (typing.phase, typing.duration_ms) == ("typing", 2000)
    assert desk.row(message_id).status == "skipped"


def test_after_the_mark_it_is_too_late(desk: Desk) -> None:
    """Marked, sent, failed, skipped, unconfirmed: a Conflict, and nothing changes."""
    marked = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    with pytest.raises(Conflict):
        cancel(desk, marked)
    desk.sent(claim)
    with pytest.raises(Conflict):
        cancel(desk, marked)
    assert desk.row(marked).status == "sent"
    unconfirmed = desk.unconfirmed_one()
    with pytest.raises(Conflict):
        cancel(desk, unconfirmed)
    skipped = desk.put()
    cancel(desk, skipped)
    before = phases_of(desk.db, skipped)
    with pytest.raises(Conflict):
        cancel(desk, skipped)
    assert phases_of(desk.db, skipped) == before


@pytest.mark.parametrize("act", [cancel, force])
def test_another_weddings_message_does_not_exist(desk: Desk, act: object) -> None:
    """Ids are guessable, so the wedding is asked for with them."""
    message_id = desk.put()
    desk.couple = type(desk.couple)(4711, desk.couple.groom, desk.couple.bride)
    with pytest.raises(NotFound):
        act(desk, message_id)  # type: ignore[operator]
    with pytest.raises(NotFound):
        act(desk, 4711)  # type: ignore[operator]
    assert desk.row(message_id).status == "pending"


def test_only_what_waits_can_be_forced(desk: Desk) -> None:
    """In hand or ended: a Conflict."""
    message_id = desk.put()
    claim = desk.claim()
    with pytest.raises(Conflict):
        force(desk, message_id)
    desk.mark(claim)
    desk.sent(claim)
    with pytest.raises(Conflict):
        force(desk, message_id)
    assert "forced" not in phases_of(desk.db, message_id)


def test_forcing_a_failed_one_gives_it_one_more_life(desk: Desk) -> None:
    """It goes at once, with all its tries."""
    message_id = desk.put(max_attempts=1)
    claim = desk.claim()
    desk.mark(claim)
    desk.failed(claim)
    desk.later(60)
    force(desk, message_id)
    claim = desk.claim()
    assert (claim.message_id, claim.attempt, claim.failures) == (message_id, 2, 0)


def test_a_force_holds_for_one_send(desk: Desk) -> None:
    """After its end the mark is off: a retry by hand later goes with the others."""
    message_id = desk.put()
    force(desk, message_id)
    claim = desk.claim()
    desk.mark(claim)
    desk.failed(claim)
    assert desk.row(message_id).forced_at is None


def test_retry_failed_brings_back_all_but_the_refused(desk: Desk) -> None:
    """What WhatsApp refused for good would only be refused again."""
    lost, refused = desk.put(max_attempts=1), desk.put()
    for outcome in (Outcome.NOT_SENT, Outcome.REFUSED):
        claim = desk.claim()
        desk.mark(claim)
        desk.failed(claim, outcome)
    ended = desk.put()
    cancel(desk, ended)
    desk.later(100)
    assert retry_failed(desk) == 1
    row = desk.row(lost)
    assert (row.status, row.failures, row.due_at) == ("pending", 0, desk.now)
    assert row.finished_at is None
    assert desk.row(refused).status == "failed"
    assert desk.row(ended).status == "skipped"
    assert phases_of(desk.db, lost)[-1] == "retry_scheduled"
    assert retry_failed(desk) == 0


def test_retry_failed_may_name_its_messages(desk: Desk) -> None:
    """Only those named, and among them only the failed ones."""
    ids = [desk.put(max_attempts=1) for _ in range(3)]
    for _ in ids:
        claim = desk.claim()
        desk.mark(claim)
        desk.failed(claim)
    waiting = desk.put()
    assert retry_failed(desk, [ids[1], waiting, 4711]) == 1
    assert [desk.row(i).status for i in ids] == ["failed", "pending", "failed"]
    assert desk.row(waiting).due_at == NOON


def test_a_forced_one_that_failed_waits_like_any_other(desk: Desk) -> None:
    """The force was for one try: the next one comes when its back-off is over."""
    message_id = desk.put()
    force(desk, message_id)
    claim = desk.claim()
    assert desk.mark(claim)
    assert desk.retry(claim, 90)
    assert desk.row(message_id).forced_at is None
    desk.later(89)
    assert desk.step().claim is None
    desk.later(1)
    assert desk.claim().message_id == message_id


def test_what_was_refused_for_good_cannot_be_forced(desk: Desk) -> None:
    """WhatsApp has said no to this very message: once more would get the same no."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    desk.failed(claim, Outcome.REFUSED)
    with pytest.raises(Conflict):
        force(desk, message_id)
    assert desk.row(message_id).status == "failed"
