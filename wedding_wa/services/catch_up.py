"""services: reading what an account's chats say, to close a hearing gap.

Only chats written to since the gap began are read, some at a time, so that a gap of
minutes closes in about a second. Everything found is applied as if heard in time.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.account import Ear, is_ready
from wedding_wa.domain.chat import is_lid, is_person
from wedding_wa.domain.errors import (
    AccountDown,
    SessionNotReady,
    Unreachable,
    WahaError,
)
from wedding_wa.models import Account, Evidence, InboundMessage
from wedding_wa.services import consent, hearing
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.feed_nudge import nudge_of
from wedding_wa.services.hearing import Gap
from wedding_wa.services.inbound_messages import hear, writer_phone
from wedding_wa.services.together import together
from wedding_wa.services.waha import WahaMessage

#: WhatsApp's times are whole seconds, of another clock; a laptop's may be wrong by
#: minutes, and what is read again does no harm.
MARGIN = timedelta(minutes=10)
#: A chat with more than this in one gap is read up to here, newest first.
PER_CHAT = 200
MAX_CHATS = 1000
AT_ONCE = 4
#: So often the chats may be unreadable before the gap is closed with the reason; the
#: wait doubles, 15 s in all: a WAHA that has just started may need so long.
MAX_TRIES = 5
RETRY_SECONDS = 1.0
#: A writer's number is worth so long a wait, no more: the consent holds without it.
LID_SECONDS = 3.0

# Trying again would bring the same answer.
_HOPELESS = frozenset({"store_off", "no_such_path", "needs_plus"})
_log = logging.getLogger(__name__)


async def catch_up(
    db: Database, clients: Clients, account_id: int, clock: Clock
) -> bool:
    """Close the account's hearing gap by reading its chats. True where none is open.

    It stays open while the account is not connected, and while nothing hears it: what
    is said after the reading would be lost. Chats that cannot be read (the store is
    off, or five tries failed) close it without a count, with the reason.
    """
    async with clients.turn(account_id, "hearing"):
        found: list[int] = []
        while (gap := await db.read(_gap_to_close, account_id)) is not None:
            try:
                await _read_missed(db, clients, gap, clock, found)
            except (Unreachable, SessionNotReady, AccountDown):
                return False  # not connected after all: the next poll says so
            except WahaError as error:
                tries = await _try_again(db, gap, error, clock)
                if tries is None:
                    return True
                await clock.sleep(RETRY_SECONDS * 2.0 ** (tries - 1))
                continue
            now = clock.now()
            if await db.write(hearing.close_gap, gap, found=sum(found), now=now):
                found = []
        if await db.read(_deaf, account_id):
            nudge_of(clients, account_id).hurry.set()
            return True
        return not await db.read(hearing.concerned, account_id)


async def phone_behind(
    db: Database, clients: Clients, account_id: int, message: WahaMessage
) -> str | None:
    """The writer's number, asked of WAHA only for a LID that we do not know yet."""
    told = writer_phone(message)
    if told is not None or message.from_me or not is_lid(message.chat_id):
        return told
    known = await db.read(consent.known_phone, account_id, message.chat_id)
    if known is not None:
        return known
    try:
        async with asyncio.timeout(LID_SECONDS):
            client = await clients.get(account_id)
            return await client.phone_of_lid(message.chat_id)
    except (WahaError, TimeoutError):
        return None


def _gap_to_close(session: Session, account_id: int) -> Gap | None:
    account = session.get_one(Account, account_id)
    if not is_ready(account.status) or account.hears_by == Ear.NOTHING:
        return None
    return hearing.open_gap_of(session, account_id)


def _deaf(session: Session, account_id: int) -> bool:
    """Connected, and yet nothing of what is said there comes to us."""
    account = session.get_one(Account, account_id)
    return is_ready(account.status) and account.hears_by == Ear.NOTHING


async def _read_missed(
    db: Database, clients: Clients, gap: Gap, clock: Clock, found: list[int]
) -> None:
    """Read and apply the chats of the gap; `found` gets how many inbound ones of each
    were news, also where a later chat fails."""
    since = gap.since - MARGIN
    client = await clients.get(gap.account_id)
    chats = await client.chats(limit=MAX_CHATS, since=since)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(chat_id: str) -> None:
        async with turns:
            messages = await client.messages(chat_id, since=since, limit=PER_CHAT)
            found.append(await _apply(db, clients, gap.account_id, messages, clock))

    people = [chat.chat_id for chat in chats if is_person(chat.chat_id)]
    await together(*(one(chat_id) for chat_id in people))


async def _apply(
    db: Database,
    clients: Clients,
    account_id: int,
    messages: list[WahaMessage],
    clock: Clock,
) -> int:
    theirs = next((one for one in messages if not one.from_me), None)
    phone = await phone_behind(db, clients, account_id, theirs) if theirs else None
    return await db.write(
        _apply_chat, account_id, messages, phone=phone, now=clock.now()
    )


def _apply_chat(
    session: Session,
    account_id: int,
    messages: list[WahaMessage],
    *,
    phone: str | None,
    now: datetime,
) -> int:
    """Oldest first, so that the consent rests on the first word."""
    known = _known(session, account_id, messages, phone=phone)
    return sum(
        hear(session, account_id, one, source=Evidence.HISTORY, phone=phone, now=now)
        for one in sorted(messages, key=lambda one: one.timestamp)
        if (one.chat_id, one.message_id) not in known
    )


def _known(
    session: Session,
    account_id: int,
    messages: list[WahaMessage],
    *,
    phone: str | None,
) -> set[tuple[str, str]]:
    """What guests wrote here and was heard before: mostly all of it. Without a number
    that is known by now it is taken in again, to learn it."""
    theirs = [one for one in messages if not one.from_me]
    rows = session.exec(
        select(InboundMessage.chat_id, InboundMessage.message_id).where(
            InboundMessage.account_id == account_id,
            col(InboundMessage.chat_id).in_({one.chat_id for one in theirs}),
            col(InboundMessage.message_id).in_([one.message_id for one in theirs]),
            col(InboundMessage.phone).is_not(None) if phone else sa.true(),
        )
    ).all()
    return set(rows)


async def _try_again(
    db: Database, gap: Gap, error: WahaError, clock: Clock
) -> int | None:
    """Return how many tries have failed; None where the gap is given up with that."""
    reason = str(error.params.get("reason") or error.code)
    tries = await db.write(hearing.count_try, gap, error=reason)
    if reason not in _HOPELESS and tries < MAX_TRIES:
        return tries
    _log.warning(
        "chats could not be read",
        extra={
            "action": "hearing_gap_unreadable",
            "account_id": gap.account_id,
            "error": str(error),
        },
    )
    await db.write(hearing.close_gap, gap, found=None, error=reason, now=clock.now())
    return None
