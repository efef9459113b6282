"""services: looking through an account's chats for guests who wrote before.

What is read: the list of chats, and the messages of those chats alone whose number
stands in the guest list. A hidden id (LID) is asked for its number first. Nothing is
stored here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.account import is_ready
from wedding_wa.domain.chat import is_lid, is_person, phone_of_chat
from wedding_wa.domain.errors import (
    AccountDown,
    NotFound,
    SessionNotReady,
    Unreachable,
    WahaError,
)
from wedding_wa.domain.opt_out import MentionsStop, Start, Stop, Wish, classify
from wedding_wa.models import Account, Chat, Consent, Guest, Household
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.inbound_messages import is_written_by_person
from wedding_wa.services.waha import WahaClient, WahaMessage
from wedding_wa.services.wishes import wants_none

#: Chats are taken the newest first, and of each no more than its newest messages.
MAX_CHATS = 1000
PER_CHAT = 30
#: Nobody is in a hurry: WAHA and the phone have other things to do.
BREATH_SECONDS = 0.15
#: A number behind a hidden id is worth so long a wait.
LID_SECONDS = 5.0

_log = logging.getLogger(__name__)

Told = Callable[["Progress"], Awaitable[bool]]


class Verdict(StrEnum):
    """Whether what a guest wrote may become a consent."""

    FREE = "free"
    #: They said STOP once and wrote on after it: the couple should look.
    UNSURE = "unsure"
    #: STOP is their last word on it, or they want no messages now.
    STOPPED = "stopped"


class Trouble(StrEnum):
    """Why an account's chats could not be read."""

    NOT_CONNECTED = "not_connected"
    STORE_OFF = "store_off"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a look has come: chats done, of how many; guests found in them."""

    done: int
    total: int
    found: int


@dataclass(frozen=True, slots=True)
class Writer:
    """A guest who has written to an account, and their last message as proof."""

    guest_id: int
    household_id: int
    name: str = field(repr=False)
    household: str = field(repr=False)
    phone: str = field(repr=False)
    evidence: WahaMessage = field(repr=False)
    verdict: Verdict = Verdict.FREE
    sentence: str = field(default="", repr=False)

    @property
    def wrote_at(self) -> datetime:
        return self.evidence.timestamp


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at one account's chats brought.

    `chats` were there and `read` of them gone through; of the guests in them `known`
    have a consent already. `finished` is False where somebody stopped it. With
    `trouble` there is nothing else.
    """

    at: datetime
    chats: int = 0
    read: int = 0
    known: int = 0
    writers: tuple[Writer, ...] = ()
    finished: bool = True
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    guest_id: int
    household_id: int
    name: str
    household: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows before a look."""

    ready: bool
    guests: Mapping[str, _Person]  # by phone
    phones: Mapping[str, str]  # by chat id, where a hidden id's number was learnt
    consented: frozenset[str]  # chat ids and phones


async def look_through(
    db: Database, clients: Clients, account_id: int, clock: Clock, *, told: Told
) -> Look:
    """Return who among the guests has written to the account. Raises nothing of WAHA.

    `told` hears of every chat and answers whether to go on.
    """
    known = await db.read(_known, account_id)
    if not known.ready:
        return Look(clock.now(), trouble=Trouble.NOT_CONNECTED)
    try:
        return await _Looking(db, clients, account_id, clock, known).run(told)
    except (Unreachable, SessionNotReady, AccountDown):
        return Look(clock.now(), trouble=Trouble.NOT_CONNECTED)
    except WahaError as error:
        return Look(clock.now(), trouble=_trouble_of(error))


class _Looking:
    """One look at one account's chats."""

    def __init__(
        self,
        db: Database,
        clients: Clients,
        account_id: int,
        clock: Clock,
        known: _Known,
    ) -> None:
        self._db = db
        self._clients = clients
        self._account_id = account_id
        self._clock = clock
        self._known = known
        self._written: dict[str, list[WahaMessage]] = {}  # by phone
        self._already: set[str] = set()

    async def run(self, told: Told) -> Look:
        client = await self._clients.get(self._account_id)
        listed = await client.chats(limit=MAX_CHATS)
        chats = [one.chat_id for one in listed if is_person(one.chat_id)]
        done, going_on = 0, await told(Progress(0, len(chats), 0))
        for chat_id in chats:
            if not going_on:
                break
            if await self._one(client, chat_id):
                await self._clock.sleep(BREATH_SECONDS)
            done += 1
            going_on = await told(Progress(done, len(chats), len(self._written)))
        silent = await self._db.read(_silent, self._account_id, self._written)
        return Look(
            at=self._clock.now(),
            chats=len(chats),
            read=done,
            known=len(self._already),
            writers=tuple(self._writers(silent)),
            finished=done == len(chats),
        )

    async def _one(self, client: WahaClient, chat_id: str) -> bool:
        """Look at one chat; False where WAHA had not to be asked."""
        known = self._known
        phone = phone_of_chat(chat_id) or known.phones.get(chat_id)
        asked = phone is None and is_lid(chat_id)
        if asked:
            phone = await _phone_behind(client, chat_id)
        if phone is None or phone not in known.guests:
            return asked  # nobody of the guest list: their words stay unread
        if chat_id in known.consented or phone in known.consented:
            self._already.add(phone)
            return asked
        messages = await client.messages(chat_id, from_me=False, limit=PER_CHAT)
        theirs = [
            one for one in messages if not one.from_me and is_written_by_person(one)
        ]
        if theirs:
            self._written.setdefault(phone, []).extend(theirs)
        return True

    def _writers(self, silent: set[str]) -> list[Writer]:
        found = [
            _judged(self._known.guests[phone], phone, messages, silent)
            for phone, messages in self._written.items()
        ]
        return sorted(found, key=lambda one: one.wrote_at, reverse=True)


def _judged(
    person: _Person, phone: str, messages: Sequence[WahaMessage], silent: set[str]
) -> Writer:
    """Say what a guest's messages come to. The evidence is their newest one.

    STOP as the last word is a no. STOP, and other words after it, in a chat of before
    this app may have been about anything: shown, and left to the couple.
    """
    newest_first = sorted(messages, key=lambda one: one.timestamp, reverse=True)
    evidence = newest_first[0]
    wish, told_in = _last_wish(newest_first)
    ends_with_stop = isinstance(wish, Stop) and told_in is evidence
    verdict = Verdict.FREE
    if ends_with_stop or any(one.chat_id in silent for one in messages):
        verdict = Verdict.STOPPED
    elif isinstance(wish, Stop | MentionsStop):
        verdict = Verdict.UNSURE
    said = told_in if isinstance(wish, Stop | MentionsStop) else None
    return Writer(
        guest_id=person.guest_id,
        household_id=person.household_id,
        name=person.name,
        household=person.household,
        phone=phone,
        evidence=evidence,
        verdict=verdict,
        sentence=said.body if said else "",
    )


def _known(session: Session, account_id: int) -> _Known:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(account_id=account_id)
    rows = session.exec(
        select(Guest, Household.name)
        .join(Household, col(Household.id) == col(Guest.household_id))
        .where(Guest.wedding_id == account.wedding_id, col(Guest.phone).is_not(None))
    ).all()
    guests = {
        guest.phone: _Person(guest.id or 0, guest.household_id, guest.name, household)
        for guest, household in rows
        if guest.phone
    }
    return _Known(
        ready=is_ready(account.status),
        guests=guests,
        phones=_learnt_phones(session, account_id),
        consented=_consented(session, account_id),
    )


def _learnt_phones(session: Session, account_id: int) -> dict[str, str]:
    rows = session.exec(
        select(Chat.chat_id, Chat.phone).where(
            Chat.account_id == account_id, col(Chat.phone).is_not(None)
        )
    ).all()
    return {chat_id: phone for chat_id, phone in rows if phone}


def _consented(session: Session, account_id: int) -> frozenset[str]:
    """Chats and numbers that have consented, or did and took it back: done with."""
    rows = session.exec(
        select(Consent.chat_id, Consent.phone).where(Consent.account_id == account_id)
    ).all()
    return frozenset(name for row in rows for name in row if name)


def _silent(
    session: Session, account_id: int, written: Mapping[str, Sequence[WahaMessage]]
) -> set[str]:
    """Those of the chats whose person wants no messages."""
    chats = {one.chat_id for messages in written.values() for one in messages}
    wedding_id = session.get_one(Account, account_id).wedding_id
    return wants_none(session, wedding_id, chats) if chats else set()


async def _phone_behind(client: WahaClient, chat_id: str) -> str | None:
    """The number of a hidden id; None where WAHA does not tell it in time."""
    try:
        async with asyncio.timeout(LID_SECONDS):
            return await client.phone_of_lid(chat_id)
    except TimeoutError:
        return None


def _trouble_of(error: WahaError) -> Trouble:
    _log.warning(
        "chats could not be read",
        extra={"action": "history_unreadable", "error": str(error)},
    )
    if error.params.get("reason") == "store_off":
        return Trouble.STORE_OFF
    return Trouble.UNREADABLE


def _last_wish(
    newest_first: Sequence[WahaMessage],
) -> tuple[Wish | None, WahaMessage | None]:
    """What they said last of being written to, and in which message.

    A sentence that only mentions it counts where it is their newest: of an older one
    nobody knows any more what it was about.
    """
    for place, message in enumerate(newest_first):
        wish = classify(message.body)
        if isinstance(wish, Stop | Start) or (wish is not None and place == 0):
            return wish, message
    return None, None
