"""state: one message's side panel: its facts, its timeline and tries in words."""

from __future__ import annotations

import json
from typing import TypedDict

from wedding_wa.domain.messages import LIVE_PHASES, Phase
from wedding_wa.services.queue_timeline import Detail, Event, Try
from wedding_wa.state.queue_phases import about_phase, number_in
from wedding_wa.state.queue_views import Speech, note
from wedding_wa.words import say
from wedding_wa.words.sentences import duration, error_words

# Phases that last: while one has no end, its time is still running.
_LASTING = LIVE_PHASES | {
    Phase.QUEUED,
    Phase.WAITING_RATE_LIMIT,
    Phase.RETRY_SCHEDULED,
    Phase.FORCED,
    Phase.HELD,
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
    n: int
    most: int
    tries: int
    max: int
    at: str
    expires: str
    task: str
    whatsapp: str
    can_cancel: bool
    can_force: bool
    can_retry: bool
    can_hold: bool
    can_release: bool
    can_edit: bool
    can_hurry: bool
    priority: int


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
    n=0,
    most=0,
    tries=0,
    max=0,
    at="",
    expires="",
    task="",
    whatsapp="",
    can_cancel=False,
    can_force=False,
    can_retry=False,
    can_hold=False,
    can_release=False,
    can_edit=False,
    can_hurry=False,
    priority=3,
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
        n=said["n"],
        most=said["most"],
        tries=row.tries,
        max=row.max_attempts,
        at=row.created_at.isoformat(),
        expires=detail.expires_at.isoformat() if detail.expires_at else "",
        task=detail.ids.task,
        whatsapp=detail.ids.whatsapp,
        can_cancel=detail.can_cancel,
        can_force=detail.can_force,
        can_retry=detail.can_retry,
        can_hold=detail.can_hold,
        can_release=detail.can_release,
        can_edit=detail.can_edit,
        can_hurry=detail.can_hurry,
        priority=row.priority,
    )


def step_views(detail: Detail, speech: Speech) -> list[StepView]:
    """The timeline, oldest first."""
    account = detail.row.account
    # what others tell of it ends no phase of ours
    own = [one.id for one in detail.events if one.phase != Phase.EXTERNAL]
    last = own[-1] if own else 0
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
        about=about_phase(event, account, speech),
        running=open_end and event.id == last,
    )


def _times(event: Event) -> tuple[int | None, int | None]:
    """Milliseconds that it took, and that were planned where a plan was drawn."""
    if event.phase == Phase.TYPING:
        actual = number_in(event, "typing_actual_ms") or event.duration_ms
        return actual, number_in(event, "typing_duration_ms")
    if event.phase == Phase.WAITING_HUMAN:
        return event.duration_ms, number_in(event, "wait_ms")
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
