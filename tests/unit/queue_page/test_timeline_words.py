"""The timeline in words: what was planned, what came of it, why it ended so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fakes import NOON
from wedding_wa.domain.messages import ASIDE, HoldRule, Phase
from wedding_wa.services.queue_timeline import Detail, Event, Ids, Try
from wedding_wa.services.queue_views import Row
from wedding_wa.services.queue_why import Why
from wedding_wa.state.queue_panel import StepView, raw_events, step_views, try_views
from wedding_wa.state.queue_views import Speech, note
from wedding_wa.words import languages

ENGLISH = Speech("en", ZoneInfo("Europe/Rome"), NOON)
LATER = (NOON + timedelta(minutes=12)).isoformat()


def row(**more: object) -> Row:
    values: dict[str, object] = {
        "id": 7,
        "account": "groom",
        "who": "Zia Maria",
        "number": "+39 333 111 2222",
        "preview": "Cara zia",
        "state": "sent",
        "tries": 1,
        "max_attempts": 4,
        "priority": 3,
        "created_at": NOON,
        "expires_at": None,
        "held_at": None,
        "error_code": None,
        "skip_reason": None,
        "unacknowledged": False,
        "why": None,
    }
    return Row(**(values | more))  # type: ignore[arg-type]


def detail(*events: Event, tries: tuple[Try, ...] = ()) -> Detail:
    return Detail(
        row=row(),
        state="sent",
        text="Cara zia",
        expires_at=None,
        ids=Ids(7, "task", ""),
        can_cancel=False,
        can_force=False,
        can_retry=False,
        can_hold=False,
        can_release=False,
        can_edit=False,
        can_hurry=False,
        events=events,
        tries=tries,
    )


def step(
    phase: Phase, duration: int | None = None, speech: Speech = ENGLISH, **data: object
) -> StepView:
    (made,) = step_views(detail(Event(1, phase.value, NOON, duration, data)), speech)
    return made


def test_what_was_planned_stands_beside_what_it_took() -> None:
    """Thinking and typing show both; typing's time is without its final pause."""
    thinking = step(Phase.WAITING_HUMAN, 3_120, wait_ms=3_000)
    assert (thinking["took"], thinking["planned"]) == ("3.1 s", "3 s")
    typing = step(
        Phase.TYPING,
        7_900,
        typing_duration_ms=6_400,
        typing_actual_ms=6_600,
        final_pause_ms=1_200,
        final_pause_actual_ms=1_300,
    )
    assert (typing["took"], typing["planned"]) == ("6.6 s", "6.4 s")
    assert typing["about"] == "Then a pause of 1.3 s, planned 1.2 s."


def test_only_the_newest_open_phase_runs() -> None:
    """An ack never runs, nor does a phase that something else has followed."""
    assert step(Phase.TYPING)["running"]
    assert not step(Phase.TYPING, 10)["running"]
    assert not step(Phase.DELIVERED)["running"]
    both = detail(
        Event(1, "queued", NOON, None, {}), Event(2, "cancelled", NOON, 0, {})
    )
    assert not any(one["running"] for one in step_views(both, ENGLISH))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"by": "Our site", "phase": "read aloud"}, "Told by Our site: read aloud"),
        ({"by": None, "phase": "read"}, ""),
        ({}, ""),
    ],
)
def test_what_others_tell_names_them(data: dict[str, object], said: str) -> None:
    """Their own word for it stands beside who said so."""
    (made,) = step_views(detail(Event(1, "external", NOON, None, data)), ENGLISH)
    assert made["about"] == said


def test_what_others_tell_ends_no_phase() -> None:
    """Our own phase goes on running while a program from outside says something."""
    told = Event(2, "external", NOON, None, {"by": "site", "phase": "typing"})
    both = detail(Event(1, "typing", NOON, None, {}), told)
    assert [one["running"] for one in step_views(both, ENGLISH)] == [True, False]


@pytest.mark.parametrize(
    ("phase", "data", "said"),
    [
        (Phase.QUEUED, {"priority": 1}, "Very high priority."),
        (
            Phase.WAITING_RATE_LIMIT,
            {"reason": "hourly", "limit": 10, "next_slot_at": LATER},
            "Held until 14:12: 10 messages an hour is the limit for Groom.",
        ),
        (
            Phase.RATE_LIMIT_OK,
            {"sent_count": 2, "limit": 10},
            "Number 3 of 10 in this hour.",
        ),
        (Phase.READING, {"to_mark": 0}, "There was nothing new to mark as read."),
        (Phase.READING, {"to_mark": 2}, "2 messages of theirs were marked as read."),
        (Phase.SENDING, {"reserved_id": None}, ""),
        (Phase.RETRY_SCHEDULED, {"by": "person"}, "A person asked to try it again."),
        (Phase.SKIPPED, {"reason": "expired"}, "It was too late for it."),
        (
            Phase.HELD,
            {"reason": "by_hand"},
            "A person held it back. It waits until somebody releases it.",
        ),
        (
            Phase.HELD,
            {"reason": "missed"},
            "Its time came while the app was away, so it asks before it goes late.",
        ),
        (
            Phase.HELD,
            {"reason": "quarantine"},
            "The app died three times with this message in hand, so it is set aside.",
        ),
        (Phase.HELD, {"reason": "of another age"}, ""),
        (Phase.RELEASED, {}, "A person let it go on."),
        (Phase.EDITED, {"length": 7}, "A person changed the words."),
        (Phase.REORDERED, {"priority": 5, "priority_before": 3}, "Very low priority."),
        (
            Phase.SETTLED,
            {"result": "sent", "evidence": "chat"},
            "It was found in the chat.",
        ),
        (
            Phase.SETTLED,
            {"result": "sent", "evidence": "something new"},
            "There is proof that it went.",
        ),
        (
            Phase.SETTLED,
            {"result": "sent", "evidence": "person", "person": "Anna"},
            "Anna said that it went.",
        ),
        (
            Phase.SETTLED,
            {"result": "not_sent", "evidence": "person", "program": "table plan"},
            "The program “table plan” said that it did not go, and had it sent again.",
        ),
        (
            Phase.SETTLED,
            {"result": "sent", "evidence": "person"},
            "One of you said that it went.",
        ),
    ],
)
def test_a_step_says_what_it_did(
    phase: Phase, data: dict[str, object], said: str
) -> None:
    """The metadata of a phase in words."""
    assert step(phase, **data)["about"] == said


def test_a_failed_try_says_when_it_is_tried_again() -> None:
    """What went wrong, which try it was, and the next moment."""
    about = step(
        Phase.RETRY_SCHEDULED,
        error_detail="error.waha.unreachable",
        next_slot_at=LATER,
        **{"try": 1, "max_attempts": 4},
    )["about"]
    assert about.startswith("WAHA cannot be reached.")
    assert about.endswith("Try 1 of 4 did not work; again at 14:12.")


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("phase", Phase)
def test_old_and_strange_metadata_breaks_nothing(lang: str, phase: Phase) -> None:
    """Metadata that is missing, or that nobody knows, is left unsaid."""
    speech = Speech(lang, ENGLISH.zone, NOON)
    strange: dict[str, object] = {
        "reason": "no such rule",
        "next_slot_at": "soon",
        "priority": "high",
        "to_mark": None,
    }
    for data in ({}, strange, {"reason": HoldRule.RETRY, "next_slot_at": LATER}):
        made = step(phase, None, speech, **data)
        assert made["phase"] == phase
        assert "None" not in made["about"]


def test_tries_tell_outcome_time_and_fault() -> None:
    """One line a try; the one under way has no outcome yet."""
    tries = (
        Try(NOON, "maybe_sent", 500, "error.waha.maybe_sent", 12_300),
        Try(NOON, None, None, None, None),
    )
    first, second = try_views(detail(tries=tries), ENGLISH)
    assert (first["outcome"], first["took"]) == ("maybe_sent", "12.3 s")
    assert first["error"].endswith("WAHA answered with HTTP 500.")
    assert (second["outcome"], second["took"], second["error"]) == ("running", "", "")


def test_the_raw_fold_has_the_contract_of_the_command_line() -> None:
    """id, phase, timestamp, duration_ms, metadata: as `show --json` prints them."""
    raw = raw_events(detail(Event(3, "typing", NOON, 5, {"wait_ms": 1})))
    for name in ("id", "phase", "timestamp", "duration_ms", "metadata"):
        assert f'"{name}"' in raw


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"state": "sent"}, ""),
        ({"state": "sent", "unacknowledged": True}, "No sign from WhatsApp yet"),
        ({"state": "failed", "error_code": "error.waha.message_refused"}, "WhatsApp"),
        ({"state": "skipped", "skip_reason": "expired"}, "It was too late"),
        (
            {"state": "skipped", "skip_reason": "expired", "expires_at": NOON},
            "It was useful until 14:00 only, and had not gone by then.",
        ),
        ({"state": "refused"}, "WhatsApp took it and then refused it"),
        ({"state": "unconfirmed"}, "Nobody knows yet whether it arrived"),
    ],
)
def test_a_row_says_what_the_badge_cannot(more: dict[str, object], said: str) -> None:
    """Failed, skipped and uncertain messages say why; a sent one needs no words."""
    text = note(row(**more), ENGLISH)["text"]
    assert text.startswith(said)
    assert bool(text) is bool(said)


def held(rule: HoldRule, **params: object) -> Row:
    """A message that somebody or something set aside an hour ago."""
    why = Why("groom", rule, None, {"reason": rule.value, **params})
    return row(state="held", held_at=NOON - timedelta(hours=1), why=why)


@pytest.mark.parametrize(
    ("shown", "said", "detto"),
    [
        (
            held(HoldRule.BY_HAND),
            "Held back by hand at 13:00. It goes once one of you releases it.",
            "Trattenuto a mano alle 13:00. Parte quando uno di voi lo libera.",
        ),
        (
            held(HoldRule.BY_HAND, program="table plan"),
            "The program “table plan” held it back at 13:00. "
            "It goes once one of you releases it.",
            "L'ha trattenuto il programma “table plan” alle 13:00. "
            "Parte quando uno di voi lo libera.",
        ),
        (
            held(HoldRule.BY_HAND, person="Anna"),
            "Anna held it back at 13:00. It goes once one of you releases it.",
            "L'ha trattenuto Anna alle 13:00. Parte quando uno di voi lo libera.",
        ),
        (
            held(HoldRule.MISSED, was_due="2026-06-20T16:00:00+00:00"),
            "It should have gone at 18:00, while the app was away. "
            "Send it now, or cancel it.",
            "Doveva partire alle 18:00, mentre l'app era spenta. "
            "Invialo adesso, o annullalo.",
        ),
    ],
)
def test_what_is_set_aside_says_by_whom_and_since_when(
    shown: Row, said: str, detto: str
) -> None:
    """And what to do about it: nothing frees it by itself."""
    assert note(shown, ENGLISH)["text"] == said
    assert note(shown, replace(ENGLISH, lang="it"))["text"] == detto


def test_every_reason_for_being_set_aside_has_a_sentence() -> None:
    """Also one whose details are from another age."""
    for lang in languages():
        for rule in ASIDE:
            assert note(held(rule, was_due="soon"), replace(ENGLISH, lang=lang))["text"]


def test_what_is_useful_only_until_then_says_so_while_it_waits() -> None:
    """With the reason why it waits, in one breath."""
    why = Why("groom", HoldRule.HOURLY, NOON + timedelta(minutes=12), {"limit": 10})
    until = NOON + timedelta(hours=6)
    text = note(row(state="held", why=why, expires_at=until), ENGLISH)["text"]
    assert text == (
        "Held until 14:12: 10 messages an hour is the limit for Groom. "
        "Useful until 20:00."
    )


def test_the_next_try_is_counted_down_by_the_page() -> None:
    """The server sends the moment and which try it is; why, in words."""
    again = NOON + timedelta(seconds=130)
    why = Why("groom", HoldRule.RETRY, again, {"error": "error.waha.unreachable"})
    said = note(row(state="held", tries=3, why=why), ENGLISH)
    assert (said["until"], said["n"], said["most"]) == (again.isoformat(), 3, 4)
    assert said["text"].startswith("WAHA cannot be reached.")
