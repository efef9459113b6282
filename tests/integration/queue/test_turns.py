"""Whose turn it is: urgent ones overtake, and yet nobody waits for ever."""

from __future__ import annotations

import pytest

from tests.builders import events_of, phases_of, set_policy
from tests.integration.queue.desk import Desk
from wedding_wa.domain.errors import BadInput, Conflict
from wedding_wa.domain.messages import Phase
from wedding_wa.services import queue


def set_priority(desk: Desk, message_id: int, priority: int) -> None:
    desk.db.write_now(
        queue.set_priority,
        desk.couple.wedding,
        message_id,
        priority=priority,
        now=desk.now,
    )


def edit(desk: Desk, message_id: int, text: str) -> None:
    desk.db.write_now(
        queue.edit, desk.couple.wedding, message_id, text=text, now=desk.now
    )


def send_one(desk: Desk) -> int:
    claim = desk.claim()
    desk.mark(claim)
    assert desk.sent(claim)
    return claim.message_id


def test_one_of_low_priority_goes_however_many_urgent_ones_come(desk: Desk) -> None:
    """Each fifth turn is for whoever waited longest: the low one is fifth at the
    latest, once it has waited ten minutes, and not before."""
    low = desk.put(priority=5)
    for _ in range(9):
        desk.put(priority=1)
        assert send_one(desk) != low
    desk.later(601)
    went = []
    for _ in range(5):
        desk.put(priority=1)
        went.append(send_one(desk))
    assert low in went


def test_an_urgent_one_overtakes_but_for_one_turn_in_five(desk: Desk) -> None:
    """Behind a long old line it goes next, or the one after."""
    for _ in range(12):
        desk.put(priority=3)
    desk.later(3600)
    for _ in range(6):
        urgent = desk.put(priority=1)
        assert urgent in [send_one(desk), send_one(desk)]


def test_no_turn_breaks_a_limit(desk: Desk) -> None:
    """Whoever's turn it is, the hour's limit holds."""
    set_policy(desk.db, desk.couple.groom, per_hour=5)
    desk.put(priority=5)
    desk.later(601)
    for _ in range(10):
        desk.put(priority=1)
    assert len(desk.order()) == 5
    assert desk.step().claim is None


def test_a_new_priority_changes_the_order_and_is_told(desk: Desk) -> None:
    """It goes before those of the same time; the timeline says from what to what."""
    first, second = desk.put(), desk.put()
    set_priority(desk, second, 1)
    set_priority(desk, first, 3)  # as it was: no line
    assert phases_of(desk.db, first) == ["queued"]
    told = events_of(desk.db, second)[-1]
    assert (told.phase, told.data) == (
        Phase.REORDERED,
        {"priority": 1, "priority_before": 3},
    )
    assert desk.order() == [second, first]


def test_a_priority_that_is_none_or_too_late_is_refused(desk: Desk) -> None:
    message_id = desk.put()
    with pytest.raises(BadInput):
        set_priority(desk, message_id, 6)
    desk.claim()
    with pytest.raises(Conflict):
        set_priority(desk, message_id, 1)
    assert desk.row(message_id).priority == 3


def test_new_words_are_what_goes(desk: Desk) -> None:
    """A waiting message keeps its place; cleaned as on the way in."""
    first, second = desk.put(), desk.put()
    edit(desk, first, "  Ci vediamo\r\nalle 18\x00 ")
    claim = desk.claim()
    assert (claim.message_id, claim.text) == (first, "Ci vediamo\nalle 18")
    assert "edited" in phases_of(desk.db, first)
    assert desk.row(second).text != claim.text


def test_words_of_one_in_hand_change_up_to_its_mark(desk: Desk) -> None:
    """The worker who has the old words can send them no more."""
    message_id = desk.put()
    old = desk.claim()
    edit(desk, message_id, "Alle 19")
    assert desk.mark(old) is None
    new = desk.claim()
    assert new.text == "Alle 19"
    desk.mark(new)
    with pytest.raises(Conflict):
        edit(desk, message_id, "Alle 20")
    desk.sent(new)
    with pytest.raises(Conflict):
        edit(desk, message_id, "Alle 20")
    assert desk.row(message_id).text == "Alle 19"


def test_words_that_may_have_gone_are_not_changed(desk: Desk) -> None:
    """Once in doubt, a late proof must find the words that it is about."""
    message_id = desk.unconfirmed_one()
    with pytest.raises(Conflict):
        edit(desk, message_id, "Alle 19")
    assert desk.settle(message_id, went=False)
    with pytest.raises(Conflict):
        edit(desk, message_id, "Alle 19")


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200d \u00a0", "x" * 65_536])
def test_words_that_show_nothing_or_are_too_many_change_nothing(
    desk: Desk, text: str
) -> None:
    message_id = desk.put()
    before = desk.row(message_id).text
    with pytest.raises(BadInput):
        edit(desk, message_id, text)
    assert desk.row(message_id).text == before
    assert phases_of(desk.db, message_id) == ["queued"]


@pytest.mark.parametrize("act", ["cancel", "hold_back", "force"])
def test_who_waits_behind_another_try_is_free_when_a_person_moves_it(
    desk: Desk, act: str
) -> None:
    """WAHA wanted an hour before the next try; the person takes that message away,
    holds it, or has it sent now: the ones behind it do not wait for that hour."""
    first = desk.put()
    desk.retry(desk.claim(), seconds=3600)
    second = desk.put()
    assert desk.step().claim is None
    assert desk.row(second).hold_rule == "behind"
    order = getattr(queue, act)
    desk.db.write_now(order, desk.couple.wedding, first, now=desk.now)
    assert desk.order() == ([first, second] if act == "force" else [second])


def test_who_waits_behind_what_then_proves_to_have_gone_is_free(desk: Desk) -> None:
    """The first try went after all: there is nothing to wait for."""
    first = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    desk.retry(claim, seconds=3600)
    second = desk.put()
    assert desk.step().claim is None
    assert desk.ack(first, 1)
    assert desk.claim().message_id == second
