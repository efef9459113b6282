"""state: the Queue page's rows, notes and lanes, as the browser gets them.

What changes often stands apart from what does not, keyed by the message's id, so that
one changed badge does not send the list again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from wedding_wa.domain.messages import HoldRule, Status
from wedding_wa.services.queue_views import Lane, QueuePage, Row
from wedding_wa.services.queue_why import LINE_REACH, Why
from wedding_wa.words import say
from wedding_wa.words.sentences import error_words, waits_its_turn, why_it_waits


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
    at: str


class NoteView(TypedDict):
    """Why, and until when. `until` (ISO) only where seconds are worth counting."""

    text: str
    until: str


class LaneView(TypedDict):
    """What an account sends now (`live`) or next; `key` "" for nothing."""

    account: str
    key: str
    live: bool
    who: str
    preview: str
    note: str


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
        at=row.created_at.isoformat(),
    )


def notes(page: QueuePage, speech: Speech) -> dict[str, NoteView]:
    """The notes of a page's rows; rows that need none have none."""
    found = {str(row.id): note(row, speech) for row in page.rows}
    return {key: one for key, one in found.items() if one["text"]}


def note(row: Row, speech: Speech) -> NoteView:
    """What there is to say about a row beside its badge."""
    if row.why is not None:
        counted = row.why.rule is HoldRule.RETRY and row.why.until is not None
        until = row.why.until.isoformat() if counted and row.why.until else ""
        return NoteView(text=why_words(row.why, speech), until=until)
    return NoteView(text=_about(row, speech.lang), until="")


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


def _about(row: Row, lang: str) -> str:
    if row.state == Status.FAILED:
        return error_words(lang, row.error_code)
    if row.state == Status.SKIPPED and row.skip_reason:
        return say(lang, f"queue.skip.{row.skip_reason}")
    if row.state in ("unconfirmed", "refused"):
        return say(lang, f"queue.note.{row.state}")
    if row.state == Status.SENT and row.unacknowledged:
        return say(lang, "queue.note.unacknowledged")
    return ""
