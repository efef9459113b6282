"""state: the Test message page: to whom, what, and how it fares on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput, NoConsent, Refused, WeddingError
from wedding_wa.domain.messages import Kind
from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.services.account_cards import AccountCard, account_cards
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, enqueue
from wedding_wa.services.enqueue_fields import moment
from wedding_wa.services.lately import newest_messages
from wedding_wa.services.link_code import link_code
from wedding_wa.services.recipients import Recipient, recipients
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.account_words import pretend_phones, status_word
from wedding_wa.state.asked import field_of, number_of
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.lines import LineState, MessageLine, line_states, message_lines
from wedding_wa.state.not_written import NotWritten, waiting_values
from wedding_wa.state.session import viewer
from wedding_wa.words import say

LIMIT = MAX_TEXT

_ACCOUNT_KEYS = ("groom", "bride")
PRIORITY = 2
_SHOWN = 5


NO_ERRORS = {"to": "", "text": "", "at": "", "expires_at": ""}


class Person(TypedDict):
    """Somebody to write to. `to` is the value of the choice; `wrote_at` is "" for the
    account's own number."""

    to: str
    name: str
    phone: str
    wrote_at: str


class Sender(TypedDict):
    """The chosen account. `link` is "" while nobody is logged in with it."""

    key: str
    ready: bool
    word: str
    phone: str
    link: str
    phone_page: str


_NOBODY: Sender = {
    "key": "groom",
    "ready": False,
    "word": "UNKNOWN",
    "phone": "",
    "link": "",
    "phone_page": "",
}


class TestMessageState(NotWritten, PageState):
    """What the page shows. The words being written stay in the browser until sent."""

    __test__ = False  # for pytest: no test, a page

    sender: Sender = _NOBODY
    # The link's QR code, apart: it is larger than all the rest and seldom changes.
    link_code: str = ""
    people: list[Person] = []
    errors: dict[str, str] = NO_ERRORS
    # The draft that was taken over last: the browser then clears its sheet.
    sent_draft: str = ""
    sent_id: str = ""
    lines: list[MessageLine] = []
    states: dict[str, LineState] = {}

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date."""
        return await self._follow()

    @rx.event(temporal=True)
    async def send(self, form: dict[str, Any]) -> None:
        """Put the message into the queue; a refusal is told at its field.

        `form` has `account`, `to`, `text` and `draft`, which names the sheet of paper:
        a second press on the same one sends nothing.
        """
        draft = field_of(form, "draft")
        who = await viewer(self)
        if who is None or (draft and draft == self.sent_draft):
            return
        try:
            made = await _enqueue(who, form)
        except WeddingError as error:
            self.errors = self._told(who, error)
            return
        self.errors = NO_ERRORS
        self.sent_draft, self.sent_id = draft, str(made.id)
        await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        db, now = runtime.current().db, runtime.current().clock.now()
        page = await db.read(
            _read,
            who.wedding_id,
            self._account(),
            now=now,
            simulator_url=pretend_phones(),
        )
        lang, zone = self._lang(who), who.time_zone
        return {
            "sender": _sender(page.card),
            "link_code": link_code(page.card.link),
            "people": [_person(one) for one in page.people],
            "lines": message_lines(page.lines),
            "states": line_states(page.lines, lang=lang, zone=zone, now=now),
            **await waiting_values(who),
        }

    def _account(self) -> str:
        """The account in the address, so that it outlives the server: ?account=bride"""
        asked = self.router.url.query_parameters.get("account", "")
        return asked if asked in _ACCOUNT_KEYS else ""

    def _told(self, who: Viewer, error: WeddingError) -> dict[str, str]:
        """The sentence of a refusal, at the field that it is about."""
        sentence = say(self._lang(who), error.code, **error.params)
        if not isinstance(error, BadInput | NoConsent):
            self._tell("error", sentence)
            return NO_ERRORS
        field = error.field if isinstance(error, BadInput) else "to"
        return {**NO_ERRORS, field if field in NO_ERRORS else "to": sentence}


@dataclass(frozen=True, slots=True)
class _Page:
    card: AccountCard
    people: list[Recipient]
    lines: Sequence[Any]


def _read(
    session: Any,
    wedding_id: int,
    key: str,
    *,
    now: datetime,
    simulator_url: str | None,
) -> _Page:
    cards = account_cards(session, wedding_id, now=now, simulator_url=simulator_url)
    card = _chosen(cards, key)
    return _Page(
        card=card,
        people=recipients(session, card.id),
        lines=newest_messages(
            session, wedding_id, now=now, kind=Kind.TEST, limit=_SHOWN
        ),
    )


def _chosen(cards: Sequence[AccountCard], key: str) -> AccountCard:
    """The account asked for, else the first that can send, else the first."""
    asked = [card for card in cards if card.key == key]
    ready = [card for card in cards if card.ready]
    return [*asked, *ready, *cards][0]


async def _enqueue(who: Viewer, form: Mapping[str, Any]) -> Enqueued:
    if not may_send(who):
        raise Refused("error.not_allowed")
    now = runtime.current()
    to = field_of(form, "to").strip()
    if not to:
        raise BadInput("test.error.to_empty", "to")
    request = EnqueueRequest(
        account=field_of(form, "account"),
        to=to,
        text=field_of(form, "text"),
        kind=Kind.TEST.value,
        priority=number_of(field_of(form, "priority")) or PRIORITY,
        due_at=_moment(form, "at", who),
        expires_at=_moment(form, "expires_at", who),
        created_by=who.user_id,
    )
    made: Enqueued = await now.db.write(
        enqueue, who.wedding_id, request, now=now.clock.now()
    )
    return made


def _moment(form: Mapping[str, Any], name: str, who: Viewer) -> datetime | None:
    return moment(field_of(form, name) or None, name, who.time_zone)


def _sender(card: AccountCard) -> Sender:
    return Sender(
        key=card.key,
        ready=card.ready,
        word=status_word(card.status),
        phone=card.phone,
        link=card.link,
        phone_page=card.phone_page,
    )


def _person(one: Recipient) -> Person:
    return Person(
        to=one.to,
        name=one.name,
        phone=one.phone,
        wrote_at=one.wrote_at.isoformat() if one.wrote_at else "",
    )
