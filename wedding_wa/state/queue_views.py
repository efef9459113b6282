"""state: the Queue page's rows, notes and lanes, as the browser gets them.

What changes often stands apart from what does not, keyed by the message's id, so that
one changed badge does not send the list again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from wedding_wa.domain.messages import ASIDE, HoldRule, SkipReason, Status
from wedding_wa.services.queue_runs import Run
from wedding_wa.services.queue_views import Lane, QueuePage, Row
from wedding_wa.services.queue_why import LINE_REACH, Why
from wedding_wa.words import say
from wedding_wa.words.sentences import (
    error_words,
    moment,
    waits_its_turn,
    why_it_waits,
)


class RowView(TypedDict):
    """What of a row hardly ever changes. `key` is its id as the dicts have it."""

    id: int
    key: str
    account: str
    who: str
    number: str
    preview: str
    tries: int
    max: int
    priority: int
    at: str


class NoteView(TypedDict):
    """Why, and until when. `until` (ISO) only where a next try is counted down: the
    `n`-th of `most`."""

    text: str
    until: str
    n: int
    most: int


class LaneView(TypedDict):
    """What an account sends now (`live`) or next; `key` "" for nothing."""

    account: str
    key: str
    live: bool
    who: str
    preview: str
    note: str


class RunView(TypedDict):
    """An order for many that is under way; `kind` "" for none."""

    kind: str
    done: int
    total: int
    stopped: bool


NO_RUN: RunView = {"kind": "", "done": 0, "total": 0, "stopped": False}


@dataclass(frozen=True, slots=True)
class Speech:
    """In which language, zone and moment sentences are made."""

    lang: str
    zone: ZoneInfo
    now: datetime


def row_view(row: Row) -> RowView:
    """The part of a row that stays."""
    return RowView(
        id=row.id,
        key=str(row.id),
        account=row.account,
        who=row.who,
        number=row.number if row.number != row.who else "",
        preview=row.preview,
        tries=row.tries,
        max=row.max_attempts,
        priority=row.priority,
        at=row.created_at.isoformat(),
    )


def notes(page: QueuePage, speech: Speech) -> dict[str, NoteView]:
    """The notes of a page's rows; rows that need none have none."""
    found = {str(row.id): note(row, speech) for row in page.rows}
    return {key: one for key, one in found.items() if one["text"] or one["until"]}


def run_view(run: Run | None) -> RunView:
    """How far an order is; who moved meanwhile counts as done with."""
    if run is None:
        return NO_RUN
    looked_at = run.progress.done + run.progress.left
    return RunView(
        kind=run.order.what,
        done=looked_at,
        total=run.progress.total,
        stopped=run.stopped,
    )


def note(row: Row, speech: Speech) -> NoteView:
    """What there is to say about a row beside its badge."""
    why = row.why
    if why is None:
        return NoteView(text=_about(row, speech), until="", n=0, most=0)
    counted = why.rule is HoldRule.RETRY and why.until is not None
    parts = [
        # the page says itself which try comes when
        error_words(speech.lang, why.params.get("error"))
        if counted
        else _waits(row, why, speech),
        _useful(row, speech),
    ]
    text = " ".join(part for part in parts if part)
    if not counted or why.until is None:
        return NoteView(text=text, until="", n=0, most=0)
    until = why.until.isoformat()
    return NoteView(text=text, until=until, n=row.tries, most=row.max_attempts)


def why_words(why: Why, speech: Speech) -> str:
    """The sentence of a reason."""
    if why.before is None:
        return why_it_waits(
            speech.lang,
            why.rule,
            why.params,
            why.until,
            account=why.account,
            zone=speech.zone,
            now=speech.now,
        )
    return waits_its_turn(
        speech.lang,
        why.before,
        why.rule,
        why.params,
        why.until,
        account=why.account,
        zone=speech.zone,
        now=speech.now,
        many=LINE_REACH,
    )


def lane_view(lane: Lane, speech: Speech) -> LaneView:
    """One account's lane."""
    row = lane.message
    if row is None:
        return LaneView(
            account=lane.account, key="", live=False, who="", preview="", note=""
        )
    return LaneView(
        account=lane.account,
        key=str(row.id),
        live=lane.live,
        who=row.who,
        preview=row.preview,
        note=why_words(row.why, speech) if row.why else "",
    )


def _waits(row: Row, why: Why, speech: Speech) -> str:
    if row.held_at is None or why.rule not in ASIDE:
        return why_words(why, speech)
    if why.rule is HoldRule.BY_HAND:
        since = _at(row.held_at, speech)
        return _held_by(why.params, since, speech)
    if why.rule is HoldRule.MISSED and (due := moment_of(why.params.get("was_due"))):
        return say(speech.lang, "queue.aside.missed", at=_at(due, speech))
    return why_words(why, speech)


def _held_by(params: Mapping[str, object], since: str, speech: Speech) -> str:
    if program := params.get("program"):
        return say(speech.lang, "queue.aside.by_program", since=since, who=program)
    person = params.get("person") or params.get("who")  # so earlier rows name them
    key = "by_name" if person else "by_hand"
    return say(speech.lang, f"queue.aside.{key}", since=since, who=person)


def _useful(row: Row, speech: Speech) -> str:
    if row.expires_at is None:
        return ""
    until = _at(row.expires_at, speech, form="until")
    return say(speech.lang, "queue.note.useful", until=until)


def _at(when: datetime, speech: Speech, *, form: str = "at") -> str:
    return moment(speech.lang, when, zone=speech.zone, now=speech.now, form=form)


def moment_of(value: object) -> datetime | None:
    """The moment that stored metadata names, None where it names none."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _about(row: Row, speech: Speech) -> str:
    lang = speech.lang
    if row.state == Status.FAILED:
        return error_words(lang, row.error_code)
    if row.skip_reason == SkipReason.EXPIRED and row.expires_at:
        until = _at(row.expires_at, speech, form="until")
        return say(lang, "queue.note.expired", until=until)
    if row.state == Status.SKIPPED and row.skip_reason:
        return say(lang, f"queue.skip.{row.skip_reason}")
    if row.state in ("unconfirmed", "refused"):
        return say(lang, f"queue.note.{row.state}")
    if row.state == Status.SENT and row.unacknowledged:
        return say(lang, "queue.note.unacknowledged")
    return ""
