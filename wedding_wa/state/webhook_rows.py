"""state: the Webhooks page's rows and side panel, as the browser gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from wedding_wa.services.webhook_views import (
    KNOWN,
    EventDetail,
    EventRow,
    RefusalDetail,
    RefusalRow,
)
from wedding_wa.services.weddings import ACCOUNT_KEYS
from wedding_wa.words import say
from wedding_wa.words.sentences import error_words

#: The word for an event that this app has no use for.
UNKNOWN = "unknown"
WORDS = (*[event.replace(".", "_") for event in KNOWN], UNKNOWN)


class RowView(TypedDict):
    """A row of either list. `account` "" where no account is called that.

    `word` names the event's sentence, `event` is WAHA's own name for it; of a refusal
    they are the reason and the address it came from.
    """

    id: int
    key: str
    account: str
    word: str
    event: str
    way: str
    state: str
    note: str
    at: str


class NameView(TypedDict):
    """An event to filter by; `next` is what a click asks for ("" takes it off)."""

    name: str
    word: str
    next: str
    chosen: bool


class PanelView(TypedDict):
    """The open event or refusal. `body` is pretty JSON, "" where there is none.

    `withheld`: not for the reader: what WAHA tells holds the couple's private chats.
    """

    id: int
    key: str
    refused: bool
    account: str
    asked: str
    word: str
    event: str
    way: str
    state: str
    note: str
    at: str
    applied: str
    event_id: str
    message_id: str
    address: str
    size: str
    body: str
    cut: bool
    pruned: bool
    withheld: bool


NOTHING = PanelView(
    id=0,
    key="",
    refused=False,
    account="",
    asked="",
    word="",
    event="",
    way="",
    state="",
    note="",
    at="",
    applied="",
    event_id="",
    message_id="",
    address="",
    size="",
    body="",
    cut=False,
    pruned=False,
    withheld=False,
)


def event_view(row: EventRow, lang: str) -> RowView:
    """A stored event's row."""
    return RowView(
        id=row.id,
        key=str(row.id),
        account=row.account,
        word=word_of(row.event),
        event=row.event,
        way=row.source,
        state=row.state,
        note=error_note(lang, row.error),
        at=row.at.isoformat(),
    )


def refusal_view(row: RefusalRow) -> RowView:
    """A refusal's row."""
    return RowView(
        id=row.id,
        key=str(row.id),
        account=_known_account(row.account),
        word=row.reason,
        event=row.address,
        way="webhook",
        state="refused",
        note="",
        at=row.at.isoformat(),
    )


def name_views(names: Sequence[str], chosen: str) -> list[NameView]:
    """The events there are; the chosen one too, should it be gone."""
    shown = sorted({*names, chosen} - {""}, key=lambda name: (word_of(name), name))
    return [
        NameView(
            name=name,
            word=word_of(name),
            next="" if name == chosen else name,
            chosen=name == chosen,
        )
        for name in shown
    ]


def event_panel(detail: EventDetail, lang: str) -> PanelView:
    """A stored event whole."""
    row = detail.row
    return {
        **NOTHING,
        "id": row.id,
        "key": str(row.id),
        "account": row.account,
        "asked": row.account,
        "word": word_of(row.event),
        "event": row.event,
        "way": row.source,
        "state": row.state,
        "note": error_note(lang, row.error),
        "at": row.at.isoformat(),
        "applied": detail.applied_at.isoformat() if detail.applied_at else "",
        "event_id": detail.event_id,
        "message_id": detail.message_id or "",
        "size": _size(row.size),
        "body": detail.body or "",
        "cut": detail.cut,
        "pruned": detail.body is None,
    }


def refusal_panel(detail: RefusalDetail) -> PanelView:
    """A refusal whole, as far as it was kept."""
    row = detail.row
    return {
        **NOTHING,
        "id": row.id,
        "key": str(row.id),
        "refused": True,
        "account": _known_account(row.account),
        "asked": row.account,
        "word": row.reason,
        "way": "webhook",
        "state": "refused",
        "at": row.at.isoformat(),
        "address": row.address,
        "size": _size(row.size),
        "body": detail.body,
        "cut": detail.cut and detail.body != "",
    }


def without_words(panel: PanelView) -> PanelView:
    """The same for who may not read the couple's own chats."""
    return {**panel, "body": "", "cut": False, "withheld": True}


def word_of(event: str) -> str:
    """The name of the event's sentence."""
    return event.replace(".", "_") if event in KNOWN else UNKNOWN


def error_note(lang: str, code: str | None) -> str:
    """Why it could not be applied; a fault of ours without words by its name."""
    if not code:
        return ""
    return error_words(lang, code) or say(lang, "webhooks.fault", name=code)


def _known_account(asked: str) -> str:
    return asked if asked in ACCOUNT_KEYS else ""


def _size(size: int | None) -> str:
    return "" if size is None else f"{size:,}".replace(",", "\u202f")
