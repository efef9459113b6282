"""state: one account as its card shows it: plain values, made from the service's."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from wedding_wa.domain.account import next_code_at
from wedding_wa.services.account_cards import AccountCard
from wedding_wa.services.account_qr import QrView
from wedding_wa.state.account_words import heard_word, possible, status_word


class Change(TypedDict):
    """One line of what happened lately; `status` is a key of account.change."""

    status: str
    at: str


class Card(TypedDict):
    """One account as its card shows it. Times are ISO 8601, "" where there is none;
    `error` is the key of a sentence, `can` the commands that make sense now."""

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
    )


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
