"""state: one account as its card shows it: plain values, made from the service's."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from wedding_wa.domain.account import next_code_at
from wedding_wa.services.account_cards import AccountCard, GapLine
from wedding_wa.services.account_qr import QrView
from wedding_wa.state.account_words import heard_word, possible, status_word


class Change(TypedDict):
    """One line of what happened lately; `status` is a key of account.change."""

    status: str
    at: str


class Gap(TypedDict):
    """A time of deafness: `kind` is a key of accounts.gap, `span` how long it was."""

    kind: str
    span: str
    found: int
    at: str


class Card(TypedDict):
    """One account as its card shows it. Times are ISO 8601, "" where there is none;
    `error` is the key of a sentence, `can` the commands that make sense now, `hears`
    a key of accounts.hears."""

    status: str
    word: str
    ready: bool
    since: str
    error: str
    phone: str
    name: str
    paused: bool
    pause_reason: str
    restricted_until: str
    deaf: bool
    version: str
    engine: str
    phone_page: str
    can: list[str]
    changes: list[Change]
    hears: str
    hears_since: str
    gaps: list[Gap]


class Code(TypedDict):
    """A QR code to scan; `image` is "" while there is none."""

    image: str
    at: str
    next_at: str
    count: int
    of: int


class Heard(TypedDict):
    """The last sign of life; `kind` is a key of account.heard."""

    kind: str
    at: str


class Pairing(TypedDict):
    """A code to type on the phone instead of scanning, and for which number."""

    code: str
    typed: str


NO_CODE: Code = {"image": "", "at": "", "next_at": "", "count": 0, "of": 0}
NO_CARD: Card = {
    "status": "UNKNOWN",
    "word": "UNKNOWN",
    "ready": False,
    "since": "",
    "error": "",
    "phone": "",
    "name": "",
    "paused": False,
    "pause_reason": "",
    "restricted_until": "",
    "deaf": False,
    "version": "",
    "engine": "",
    "phone_page": "",
    "can": [],
    "changes": [],
    "hears": "unknown",
    "hears_since": "",
    "gaps": [],
}
UNHEARD: Heard = {"kind": "never", "at": ""}


def card_of(card: AccountCard) -> Card:
    """Return the card as the page shows it."""
    return Card(
        status=card.status,
        word=status_word(card.status),
        ready=card.ready,
        since=_iso(card.since),
        error=card.error or "",
        phone=card.phone,
        name=card.push_name,
        paused=card.paused,
        pause_reason=card.pause_reason or "person",
        restricted_until=_iso(card.restricted_until),
        deaf=card.deaf and card.ready,
        version=card.version,
        engine=card.engine,
        phone_page=card.phone_page,
        can=possible(card.status, linked=bool(card.phone)),
        changes=[
            Change(status=status_word(line.status), at=_iso(line.at))
            for line in card.changes
        ],
        hears=card.hears_by or "unknown",
        hears_since=_iso(card.hears_since) if card.hears_by else "",
        gaps=[_gap(line) for line in card.gaps],
    )


def _gap(line: GapLine) -> Gap:
    kind = "open" if line.until is None else "closed"
    if line.until is not None and line.found is None:
        kind = "unread"
    lasted = (line.until - line.since).total_seconds() if line.until else 0
    return Gap(
        kind=kind, span=_span(lasted), found=line.found or 0, at=_iso(line.since)
    )


def _span(seconds: float) -> str:
    """How long, in its two largest units; the signs are the same in every language."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def heard_of(card: AccountCard) -> Heard:
    """Return the account's last sign of life."""
    if card.last_heard_at is None:
        return UNHEARD
    return Heard(
        kind=heard_word(card.last_heard_kind or ""), at=_iso(card.last_heard_at)
    )


def code_of(shown: QrView) -> Code:
    """Return a code with its times."""
    return Code(
        image=shown.image,
        at=shown.at.isoformat(),
        next_at=next_code_at(shown.at, shown.count).isoformat(),
        count=shown.count,
        of=shown.of,
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
