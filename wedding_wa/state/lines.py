"""state: a few messages as lines of a page: what stays, apart from what moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from wedding_wa.services.lately import Line
from wedding_wa.services.queue_why import LINE_REACH
from wedding_wa.words.sentences import error_words, waits_its_turn

_PREVIEW = 120
_TROUBLE = ("failed", "unconfirmed", "refused")


class MessageLine(TypedDict):
    """What does not change. `who` is "" where WhatsApp tells neither name nor number;
    `at` is ISO 8601."""

    id: str
    account: str
    who: str
    text: str
    at: str


class LineState(TypedDict):
    """What moves: the badge, and a sentence on why it waits or what went wrong."""

    state: str
    why: str


def message_lines(lines: Sequence[Line]) -> list[MessageLine]:
    """Return the standing part of `lines`, in their order."""
    return [
        MessageLine(
            id=str(line.id),
            account=line.account,
            who=line.name or line.phone,
            text=_preview(line.text),
            at=line.at.isoformat(),
        )
        for line in lines
    ]


def line_states(
    lines: Sequence[Line], *, lang: str, zone: str, now: datetime
) -> dict[str, LineState]:
    """Return the moving part of `lines` by message id: small, sent often."""
    where = ZoneInfo(zone)
    return {
        str(line.id): LineState(state=line.state, why=_why(line, lang, where, now))
        for line in lines
    }


def _why(line: Line, lang: str, zone: ZoneInfo, now: datetime) -> str:
    why = line.why
    if why is None:
        return error_words(lang, line.error_code) if line.state in _TROUBLE else ""
    return waits_its_turn(
        lang,
        why.before or 0,
        why.rule,
        why.params,
        why.until,
        account=why.account,
        zone=zone,
        now=now,
        many=LINE_REACH,
    )


def _preview(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _PREVIEW else f"{line[: _PREVIEW - 1]}…"
