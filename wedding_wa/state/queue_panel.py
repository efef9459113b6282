"""state: one message's side panel: its facts, its timeline and tries in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypedDict

from wedding_wa.domain.messages import LIVE_PHASES, HoldRule, Phase
from wedding_wa.services.queue_timeline import Detail, Event, Try
from wedding_wa.state.queue_views import Speech, note
from wedding_wa.words import catalogue, say
from wedding_wa.words.sentences import duration, error_words, moment, why_it_waits

# Phases that last: while one has no end, its time is still running.
_LASTING = LIVE_PHASES | {
    Phase.QUEUED,
    Phase.WAITING_RATE_LIMIT,
    Phase.RETRY_SCHEDULED,
    Phase.FORCED,
}


class PanelView(TypedDict):
    """The facts of the open message. Times are ISO, "" where there is none."""

    id: int
    key: str
    account: str
    who: str
    number: str
    text: str
    state: str
    note: str
    until: str
    tries: int
    max: int
    at: str
    expires: str
    task: str
    whatsapp: str
    can_cancel: bool
    can_force: bool
    can_retry: bool


class StepView(TypedDict):
    """A line of the timeline. `took` is "" where nothing was measured."""

    key: str
    phase: str
    at: str
    took: str
    planned: str
    about: str
    running: bool


class TryView(TypedDict):
    """A try. `outcome` is "running" while it is under way."""

    key: str
    at: str
    outcome: str
    took: str
    error: str


NOTHING = PanelView(
    id=0,
    key="",
    account="",
    who="",
    number="",
    text="",
    state="",
    note="",
    until="",
    tries=0,
    max=0,
    at="",
    expires="",
    task="",
    whatsapp="",
    can_cancel=False,
    can_force=False,
    can_retry=False,
)


def panel_view(detail: Detail, speech: Speech) -> PanelView:
    """The facts, with the reason why it waits."""
    row = detail.row
    said = note(row, speech)
    return PanelView(
        id=row.id,
        key=str(row.id),
        account=row.account,
        who=row.who,
        number=row.number,
        text=detail.text,
        state=row.state,
        note=said["text"],
        until=said["until"],
        tries=row.tries,
        max=row.max_attempts,
        at=row.created_at.isoformat(),
        expires=detail.expires_at.isoformat() if detail.expires_at else "",
        task=detail.ids.task,
        whatsapp=detail.ids.whatsapp,
        can_cancel=detail.can_cancel,
        can_force=detail.can_force,
        can_retry=detail.can_retry,
    )


def step_views(detail: Detail, speech: Speech) -> list[StepView]:
    """The timeline, oldest first."""
    account = detail.row.account
    last = detail.events[-1].id if detail.events else 0
    return [_step(one, account, speech, last=last) for one in detail.events]


def try_views(detail: Detail, speech: Speech) -> list[TryView]:
    """The tries, oldest first."""
    return [_try(n, one, speech) for n, one in enumerate(detail.tries, start=1)]


def raw_events(detail: Detail) -> str:
    """The timeline as it is stored, for whoever wants to look closely."""
    lines = [
        {
            "id": one.id,
            "phase": one.phase,
            "timestamp": one.at.isoformat(),
            "duration_ms": one.duration_ms,
            "metadata": dict(one.data),
        }
        for one in detail.events
    ]
    return json.dumps(lines, indent=1, ensure_ascii=False, default=str)


def _step(event: Event, account: str, speech: Speech, *, last: int) -> StepView:
    took, planned = _times(event)
    open_end = event.duration_ms is None and event.phase in _LASTING
    return StepView(
        key=str(event.id),
        phase=event.phase,
        at=event.at.isoformat(),
        took=duration(speech.lang, took) if took else "",
        planned=duration(speech.lang, planned) if planned else "",
        about=_about(event, account, speech),
        running=open_end and event.id == last,
    )


def _times(event: Event) -> tuple[int | None, int | None]:
    """Milliseconds that it took, and that were planned where a plan was drawn."""
    if event.phase == Phase.TYPING:
        actual = _number(event, "typing_actual_ms") or event.duration_ms
        return actual, _number(event, "typing_duration_ms")
    if event.phase == Phase.WAITING_HUMAN:
        return event.duration_ms, _number(event, "wait_ms")
    return event.duration_ms, None


def _try(n: int, one: Try, speech: Speech) -> TryView:
    http = one.http_status
    error = error_words(speech.lang, one.error_code)
    status = say(speech.lang, "phase.about.http", status=http) if http else ""
    return TryView(
        key=str(n),
        at=one.started_at.isoformat(),
        outcome=one.outcome or "running",
        took=duration(speech.lang, one.took_ms) if one.took_ms else "",
        error=" ".join(part for part in (error, status) if part),
    )


# --- what a step says beside its name ------------------------------------------------


def _about(event: Event, account: str, speech: Speech) -> str:
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
        _moment(event.data.get("next_slot_at")),
        account=account,
        zone=speech.zone,
        now=speech.now,
    )


def _queued(event: Event, speech: Speech) -> str:
    parts = [say(speech.lang, f"phase.priority.p{_number(event, 'priority') or 3}")]
    due = _moment(event.data.get("due_at"))
    if due is not None and due > event.at:
        parts.append(say(speech.lang, "phase.about.planned", at=_at(due, speech)))
    return " ".join(parts)


def _turn(event: Event, speech: Speech) -> str:
    sent, limit = _number(event, "sent_count"), _number(event, "limit")
    if sent is None or limit is None:
        return ""
    return say(speech.lang, "phase.about.turn", n=sent + 1, limit=limit)


def _forced(_event: Event, speech: Speech) -> str:
    return say(speech.lang, "phase.about.forced")


def _reading(event: Event, speech: Speech) -> str:
    seen = _number(event, "to_mark") or 0
    return say(speech.lang, f"phase.about.{'seen' if seen else 'nothing_seen'}", n=seen)


def _typing(event: Event, speech: Speech) -> str:
    planned, actual = (
        _number(event, name) for name in ("final_pause_ms", "final_pause_actual_ms")
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
    return say(speech.lang, "phase.about.sending") if event.data["reserved_id"] else ""


def _sent(event: Event, speech: Speech) -> str:
    gap = event.data.get("gap_seconds")
    if not isinstance(gap, int | float):
        return ""
    return say(speech.lang, "phase.about.gap", n=round(gap))


def _retry(event: Event, speech: Speech) -> str:
    if event.data.get("by") == "person":
        return say(speech.lang, "phase.about.retry_person")
    parts = [error_words(speech.lang, event.data.get("error_detail"))]
    again = _moment(event.data.get("next_slot_at"))
    if again is not None:
        params = {"n": event.data.get("try"), "max": event.data.get("max_attempts")}
        at = _at(again, speech)
        parts.append(say(speech.lang, "phase.about.retry", at=at, **params))
    return " ".join(part for part in parts if part)


def _fault(event: Event, speech: Speech) -> str:
    detail, status = event.data.get("error_detail"), event.data.get("http_status")
    if detail == "crash":
        return say(speech.lang, "phase.about.crash")
    http = say(speech.lang, "phase.about.http", status=status) if status else ""
    return " ".join(p for p in (error_words(speech.lang, detail), http) if p)


def _skipped(event: Event, speech: Speech) -> str:
    key = f"queue.skip.{event.data.get('reason')}"
    return say(speech.lang, key) if key in catalogue(speech.lang) else ""


def _cancelled(_event: Event, speech: Speech) -> str:
    return say(speech.lang, "phase.about.cancelled")


def _settled(event: Event, speech: Speech) -> str:
    if event.data.get("result") != "sent":
        return say(speech.lang, "phase.about.not_found")
    key = f"phase.evidence.{event.data.get('evidence')}"
    known = key in catalogue(speech.lang)
    return say(speech.lang, key if known else "phase.evidence.other")


def _rescued(event: Event, speech: Speech) -> str:
    key = "rescued_marked" if event.data.get("marked") else "rescued"
    return say(speech.lang, f"phase.about.{key}")


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
    Phase.SETTLED: _settled,
    Phase.RESCUED: _rescued,
}


def _at(when: datetime, speech: Speech) -> str:
    return moment(speech.lang, when, zone=speech.zone, now=speech.now, form="at")


def _number(event: Event, name: str) -> int | None:
    value = event.data.get(name)
    return value if isinstance(value, int) else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
