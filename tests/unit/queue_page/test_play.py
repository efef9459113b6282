"""Short phases are shown too: one a look, in their order, then what is."""

from __future__ import annotations

from wedding_wa.services.queue_live import LivePhase
from wedding_wa.state.queue_live import first_look, next_look

READING, THINKING, TYPING, SENDING = (
    LivePhase(event_id, 7, phase)
    for event_id, phase in enumerate(
        ("reading", "waiting_human", "typing", "sending"), start=11
    )
)


def test_a_page_that_opens_shows_what_is() -> None:
    """The past is not played back; what follows continues from here."""
    play = first_look({7: "typing"}, [READING, THINKING, TYPING])
    assert (play.overlay, play.last, play.more) == ({7: "typing"}, {7: 13}, False)


def test_phases_between_two_looks_are_shown_one_by_one() -> None:
    """Reading was over before the look: it is shown, the next look comes at once."""
    current = {7: "waiting_human"}
    play = next_look(current, [READING, THINKING], {})
    assert (play.overlay, play.last, play.more) == ({7: "reading"}, {7: 11}, True)
    play = next_look(current, [READING, THINKING], play.last)
    assert (play.overlay, play.last, play.more) == (current, {7: 12}, False)
    play = next_look(current, [], play.last)
    assert (play.overlay, play.last, play.more) == (current, {7: 12}, False)


def test_a_message_already_sent_shows_its_last_phase_first() -> None:
    """Sending took no time: it is shown for one look, then nothing overlays."""
    play = next_look({}, [TYPING, SENDING], {7: 13})
    assert (play.overlay, play.more) == ({7: "sending"}, True)
    play = next_look({}, [TYPING, SENDING], play.last)
    assert (play.overlay, play.last, play.more) == ({}, {7: 14}, False)
    assert next_look({}, [], play.last).last == {}


def test_messages_do_not_wait_for_each_other() -> None:
    """Both accounts send: each badge takes its own step."""
    other = LivePhase(20, 8, "typing")
    play = next_look({7: "waiting_human", 8: "typing"}, [READING, THINKING, other], {})
    assert play.overlay == {7: "reading", 8: "typing"}
    assert play.last == {7: 11, 8: 20}
