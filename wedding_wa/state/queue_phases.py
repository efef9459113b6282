"""state: what each phase of the timeline says in words, from its metadata.

Rows may be older than this code: what is missing or unknown is left unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from wedding_wa.domain.messages import HoldRule, Phase, SkipReason
from wedding_wa.services.queue.doubt import PERSON
from wedding_wa.services.queue_timeline import Event
from wedding_wa.state.queue_views import Speech, moment_of
from wedding_wa.words import catalogue, say
from wedding_wa.words.sentences import duration, error_words, moment, why_it_waits


def about_phase(event: Event, account: str, speech: Speech) -> str:
    """What a step says beside its name; "" where the name says it all."""
    if event.phase == Phase.WAITING_RATE_LIMIT:
        return _held(event, account, speech)
    tell = _TELL.get(event.phase)
    return tell(event, speech) if tell else ""


def _held(event: Event, account: str, speech: Speech) -> str:
    reason = event.data.get("reason")
    if reason not in list(HoldRule):
        return ""
    return why_it_waits(
        speech.lang,
        HoldRule(str(reason)),
        event.data,
        moment_of(event.data.get("next_slot_at")),
        account=account,
        zone=speech.zone,
        now=speech.now,
    )


def _queued(event: Event, speech: Speech) -> str:
    parts = [say(speech.lang, f"phase.priority.p{number_in(event, 'priority') or 3}")]
    due = moment_of(event.data.get("due_at"))
    if due is not None and due > event.at:
        parts.append(say(speech.lang, "phase.about.planned", at=_at(due, speech)))
    return " ".join(parts)


def _turn(event: Event, speech: Speech) -> str:
    sent, limit = number_in(event, "sent_count"), number_in(event, "limit")
    if sent is None or limit is None:
        return ""
    return say(speech.lang, "phase.about.turn", n=sent + 1, limit=limit)


def _forced(_event: Event, speech: Speech) -> str:
    return say(speech.lang, "phase.about.forced")


def _reading(event: Event, speech: Speech) -> str:
    seen = number_in(event, "to_mark") or 0
    return say(speech.lang, f"phase.about.{'seen' if seen else 'nothing_seen'}", n=seen)


def _typing(event: Event, speech: Speech) -> str:
    planned, actual = (
        number_in(event, name) for name in ("final_pause_ms", "final_pause_actual_ms")
    )
    if planned is None or actual is None:
        return ""
    return say(
        speech.lang,
        "phase.about.final_pause",
        actual=duration(speech.lang, actual),
        planned=duration(speech.lang, planned),
    )


def _sending(event: Event, speech: Speech) -> str:
    return (
        say(speech.lang, "phase.about.sending") if event.data.get("reserved_id") else ""
    )


def _sent(event: Event, speech: Speech) -> str:
    gap = event.data.get("gap_seconds")
    if not isinstance(gap, int | float):
        return ""
    return say(speech.lang, "phase.about.gap", n=round(gap))


def _retry(event: Event, speech: Speech) -> str:
    if event.data.get("by") == "person":
        return say(speech.lang, "phase.about.retry_person")
    parts = [error_words(speech.lang, event.data.get("error_detail"))]
    again = moment_of(event.data.get("next_slot_at"))
    n, most = number_in(event, "try"), number_in(event, "max_attempts")
    if again and n and most:
        at = _at(again, speech)
        parts.append(say(speech.lang, "phase.about.retry", n=n, max=most, at=at))
    return " ".join(part for part in parts if part)


def _fault(event: Event, speech: Speech) -> str:
    detail, status = event.data.get("error_detail"), event.data.get("http_status")
    if detail == "crash":
        return say(speech.lang, "phase.about.crash")
    http = say(speech.lang, "phase.about.http", status=status) if status else ""
    return " ".join(p for p in (error_words(speech.lang, detail), http) if p)


def _skipped(event: Event, speech: Speech) -> str:
    reason = event.data.get("reason")
    if reason == SkipReason.CANCELLED:
        return ""  # the line before it says so
    key = f"queue.skip.{reason}"
    return say(speech.lang, key) if key in catalogue(speech.lang) else ""


def _set_aside(event: Event, speech: Speech) -> str:
    rule = event.data.get("reason")
    key = f"queue.step.{rule}"
    return say(speech.lang, key) if key in catalogue(speech.lang) else ""


def _reordered(event: Event, speech: Speech) -> str:
    priority = number_in(event, "priority")
    return say(speech.lang, f"phase.priority.p{priority}") if priority else ""


def _cancelled(_event: Event, speech: Speech) -> str:
    return say(speech.lang, "phase.about.cancelled")


def _settled(event: Event, speech: Speech) -> str:
    if event.data.get("evidence") == PERSON:
        return _said(event, speech)
    if event.data.get("result") != "sent":
        return say(speech.lang, "phase.about.not_found")
    key = f"phase.evidence.{event.data.get('evidence')}"
    known = key in catalogue(speech.lang)
    return say(speech.lang, key if known else "phase.evidence.other")


def _said(event: Event, speech: Speech) -> str:
    """Nothing proves it but somebody's word: whose, where that was written down."""
    what = "sent" if event.data.get("result") == "sent" else "not_sent"
    who = next((o for o in ("person", "program") if event.data.get(o)), "somebody")
    return say(speech.lang, f"phase.said.{what}.{who}", name=event.data.get(who, ""))


def _rescued(event: Event, speech: Speech) -> str:
    key = "rescued_marked" if event.data.get("marked") else "rescued"
    return say(speech.lang, f"phase.about.{key}")


def _told(event: Event, speech: Speech) -> str:
    name, phase = event.data.get("by"), event.data.get("phase")
    if not (isinstance(name, str) and isinstance(phase, str)):
        return ""
    return say(speech.lang, "phase.about.external", name=name, phase=phase)


_TELL: Mapping[str, Callable[[Event, Speech], str]] = {
    Phase.QUEUED: _queued,
    Phase.RATE_LIMIT_OK: _turn,
    Phase.FORCED: _forced,
    Phase.READING: _reading,
    Phase.TYPING: _typing,
    Phase.SENDING: _sending,
    Phase.SENT: _sent,
    Phase.RETRY_SCHEDULED: _retry,
    Phase.FAILED: _fault,
    Phase.UNCONFIRMED: _fault,
    Phase.SKIPPED: _skipped,
    Phase.CANCELLED: _cancelled,
    Phase.HELD: _set_aside,
    Phase.RELEASED: lambda _, speech: say(speech.lang, "queue.step.released"),
    Phase.EDITED: lambda _, speech: say(speech.lang, "queue.step.edited"),
    Phase.REORDERED: _reordered,
    Phase.SETTLED: _settled,
    Phase.RESCUED: _rescued,
    Phase.EXTERNAL: _told,
}


def _at(when: datetime, speech: Speech) -> str:
    return moment(speech.lang, when, zone=speech.zone, now=speech.now, form="at")


def number_in(event: Event, name: str) -> int | None:
    """A whole number of the event's metadata, None where there is none."""
    value = event.data.get(name)
    return value if isinstance(value, int) else None
