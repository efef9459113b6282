"""services: a restored copy asks WAHA what was sent since it was taken.

Until it knows, nothing goes for the account (`Account.restored_from`). It reads the
chat of every message that may have gone meanwhile; what is found there is settled as
sent (services.restore_match). The reading that counts comes `settle_after` after the
copy came to life on a connected session: WAHA was seen to send minutes after the
client that had asked it was gone. What cannot be read keeps the account held, and the
owner is told why.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.account import is_ready
from wedding_wa.domain.errors import NotFound, WahaError
from wedding_wa.models import Account, Notice
from wedding_wa.services import audit, notices, restore_match
from wedding_wa.services.accounts import Clients
from wedding_wa.services.catch_up import AT_ONCE, MARGIN
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Change, note
from wedding_wa.services.restore_match import Person
from wedding_wa.services.sql import changed, table
from wedding_wa.services.together import together
from wedding_wa.services.waha import WahaClient, WahaMessage

#: Why an account still waits.
NOT_CONNECTED, SETTLING, STORE_OFF, UNREADABLE, OTHER_LOGIN, TOO_MANY, IN_HAND = (
    WHYS
) = (
    "not_connected",
    "settling",
    "store_off",
    "unreadable",
    "other_login",
    "too_many",
    "in_hand",
)
#: More of our own messages in one chat than this are not read.
PER_CHAT = 500

_ACCOUNTS = table(Account)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An account that waits. `why` is one of WHYS, None before it was looked at."""

    account: str
    restored_from: datetime
    why: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """An account that was restored, and since when this copy lives."""

    account_id: int
    restored_from: datetime
    first_seen: datetime
    ready: bool
    working_since: datetime | None
    people: list[Person]

    def read_counts_from(self, settle_after: timedelta) -> datetime:
        return (
            max(self.first_seen, self.working_since or self.first_seen) + settle_after
        )


class _Stays(Exception):
    """It cannot be said yet what was sent; `str()` is one of WHYS."""


async def check_restored(
    db: Database, clients: Clients, clock: Clock, *, settle_after: timedelta
) -> dict[str, int]:
    """Ask for every account that waits; return how many messages were found sent, and
    how many accounts may send again."""
    settled = freed = 0
    for account_id in await db.read(_restored_accounts):
        async with clients.turn(account_id, "restored"):
            held = await db.write(_begin, account_id, now=clock.now())
            if held is not None:
                found, free = await _ask(db, clients, clock, held, settle_after)
                settled, freed = settled + found, freed + free
    return {"settled": settled, "freed": freed}


async def _ask(
    db: Database, clients: Clients, clock: Clock, held: _Held, settle_after: timedelta
) -> tuple[int, bool]:
    settled = 0
    why = SETTLING
    began = clock.now()
    final = began >= held.read_counts_from(settle_after)
    try:
        if final or not _was_read(clients, held):
            settled = await _read_and_settle(db, clients, clock, held)
        if final:
            return settled, await db.write(_free, held, settled, now=clock.now())
        _keep_read(clients, held)
    except _Stays as stays:
        why = str(stays)
    except WahaError as error:
        store_off = error.params.get("reason") == STORE_OFF
        why = STORE_OFF if store_off else UNREADABLE
        _log.info(
            "restored copy cannot ask",
            extra={
                "action": "restore_check_failed",
                "account_id": held.account_id,
                "error": str(error),
            },
        )
    until = held.read_counts_from(settle_after) if why == SETTLING else None
    await db.write(_tell, held, why, until, now=clock.now())
    return settled, False


async def _read_and_settle(
    db: Database, clients: Clients, clock: Clock, held: _Held
) -> int:
    """Read the chats and settle what stands there; return how many.

    Raises _Stays and WahaError; what was found before is settled then.
    """
    if not held.ready:
        raise _Stays(NOT_CONNECTED)
    client = await clients.get(held.account_id)
    await _check_login(db, client, held)
    turns = asyncio.Semaphore(AT_ONCE)
    done: list[restore_match.Settled] = []

    async def one(person: Person) -> None:
        async with turns:
            found = await _sent_to(client, held, person)
            done.append(
                await db.write(
                    restore_match.settle_found,
                    held.account_id,
                    person,
                    found,
                    restored_from=held.restored_from,
                    now=clock.now(),
                )
            )

    await together(*(one(person) for person in held.people))
    if any(each.stuck for each in done):
        raise _Stays(IN_HAND)
    return sum(each.settled for each in done)


async def _check_login(db: Database, client: WahaClient, held: _Held) -> None:
    """The chats are those of before: what the copy knows of stands in them.

    After a new login, or where WAHA's own data were lost too, they would prove
    nothing.
    """
    known = await db.read(restore_match.known_messages, held.account_id)
    for chat_id, message_id in known:
        if await client.message(chat_id, message_id) is not None:
            return
    if known:
        raise _Stays(OTHER_LOGIN)


async def _sent_to(
    client: WahaClient, held: _Held, person: Person
) -> list[WahaMessage]:
    since = min(held.restored_from, person.since or held.restored_from) - MARGIN
    found: dict[str, WahaMessage] = {}
    for chat_id in person.chats:
        sent = await client.messages(chat_id, since=since, from_me=True, limit=PER_CHAT)
        if len(sent) >= PER_CHAT:
            raise _Stays(TOO_MANY)
        found |= {one.message_id: one for one in sent}
    return sorted(found.values(), key=lambda one: one.timestamp)


def _was_read(clients: Clients, held: _Held) -> bool:
    return clients.kept.get((held.account_id, "restored")) == held.restored_from


def _keep_read(clients: Clients, held: _Held) -> None:
    clients.kept[held.account_id, "restored"] = held.restored_from


def _restored_accounts(session: Session) -> list[int]:
    rows = session.exec(
        select(Account.id).where(col(Account.restored_from).is_not(None))
    )
    return [each for each in rows.all() if each is not None]


def _begin(session: Session, account_id: int, *, now: datetime) -> _Held | None:
    """Note that it waits, and since when; None where it need not, any more."""
    account = session.get_one(Account, account_id)
    if account.restored_from is None:
        return None
    people = restore_match.people(session, account)
    notice = _notice(session, account_id)
    if notice is None:
        if account.own_chat_id is None and not people:  # it never sent anything
            _end(session, account, now=now)
            return None
        why = SETTLING if is_ready(account.status) else NOT_CONNECTED
        _open(session, account, now=now, why=why)
    return _Held(
        account_id=account_id,
        restored_from=account.restored_from,
        first_seen=notice.at if notice else now,
        ready=is_ready(account.status),
        working_since=account.status_at,
        people=people,
    )


def _tell(
    session: Session, held: _Held, why: str, until: datetime | None, *, now: datetime
) -> None:
    account = session.get_one(Account, held.account_id)
    if account.restored_from is not None:
        _open(session, account, now=now, why=why, until=until)


def _open(
    session: Session,
    account: Account,
    *,
    now: datetime,
    why: str,
    until: datetime | None = None,
) -> None:
    assert account.restored_from is not None
    notices.open_notice(
        session,
        account.wedding_id,
        notices.RESTORED,
        now=now,
        account_id=account.id,
        account=account.key,
        why=why,
        since=account.restored_from.isoformat(),
        until=until.isoformat() if until else None,
    )


def _free(session: Session, held: _Held, settled: int, *, now: datetime) -> bool:
    """All of it was asked: the account may send. False where it was freed before."""
    account = session.get_one(Account, held.account_id)
    if account.restored_from != held.restored_from:
        return False
    audit.record(
        session,
        "restore_checked",
        wedding_id=account.wedding_id,
        by=None,
        now=now,
        account=account.key,
        settled=settled,
    )
    _end(session, account, now=now)
    return True


def _end(session: Session, account: Account, *, now: datetime) -> None:
    assert account.id is not None
    changed(
        session,
        sa.update(_ACCOUNTS)
        .where(_ACCOUNTS.c.id == account.id)
        .values(restored_from=None),
    )
    notices.close_notice(
        session, account.wedding_id, notices.RESTORED, now=now, account_id=account.id
    )
    note(session, Change("account", account.wedding_id, account.id))
    _log.info(
        "restored copy may send",
        extra={"action": "restore_check_ended", "account_id": account.id},
    )


def check_key(session: Session, wedding_id: int, key: str) -> None:
    """Raises NotFound unless the wedding has this account."""
    _account(session, wedding_id, key)


def skip(session: Session, wedding_id: int, key: str, *, now: datetime) -> bool:
    """A person ends the waiting: what was sent since may go twice. Audited.

    False where the account did not wait. Raises NotFound.
    """
    account = _account(session, wedding_id, key)
    if account.restored_from is None:
        return False
    audit.record(
        session,
        "restore_check_skipped",
        wedding_id=wedding_id,
        by=None,
        now=now,
        account=key,
        restored_from=account.restored_from.isoformat(),
    )
    _end(session, account, now=now)
    return True


def waiting(session: Session, wedding_id: int) -> list[Waiting]:
    """The accounts that wait, and why."""
    accounts = session.exec(
        select(Account)
        .where(
            Account.wedding_id == wedding_id, col(Account.restored_from).is_not(None)
        )
        .order_by(col(Account.id))
    ).all()
    return [_waiting(session, each) for each in accounts]


def _waiting(session: Session, account: Account) -> Waiting:
    assert account.id is not None
    assert account.restored_from is not None
    notice = _notice(session, account.id)
    why = str(notice.params["why"]) if notice else None
    return Waiting(account.key, account.restored_from, why)


def _account(session: Session, wedding_id: int, key: str) -> Account:
    found = session.exec(
        select(Account).where(Account.wedding_id == wedding_id, Account.key == key)
    ).first()
    if found is None:
        raise NotFound("error.account_not_found", account=key)
    return found


def _notice(session: Session, account_id: int) -> Notice | None:
    return session.exec(
        select(Notice).where(
            Notice.kind == notices.RESTORED,
            Notice.scope == account_id,
            col(Notice.ended_at).is_(None),
        )
    ).first()
