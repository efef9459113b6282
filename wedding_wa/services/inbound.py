"""services: applying the events that WAHA sent, after they were stored.

An event is stored first and applied later: a crash between the two loses nothing. One
that cannot be applied keeps its error and is in nobody's way.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.account import is_ready
from wedding_wa.domain.errors import BadInput
from wedding_wa.models import Account, Evidence
from wedding_wa.services import hearing, hearing_check, queue, webhook_log
from wedding_wa.services.account_poll import poll
from wedding_wa.services.account_status import apply_status, apply_timelock
from wedding_wa.services.accounts import Clients
from wedding_wa.services.catch_up import catch_up, phone_behind
from wedding_wa.services.clock import Clock
from wedding_wa.services.inbound_messages import hear
from wedding_wa.services.waha import (
    WahaEvent,
    parse_ack,
    parse_event,
    parse_message,
    parse_status,
)
from wedding_wa.services.webhook_log import ACK, MESSAGES, STATUS, OpenEvent

_BATCH = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What an event showed: is the account back, is what we know of it in doubt?"""

    applied: bool = False
    back: bool = False
    doubtful: bool = False


async def start_hearing(
    db: Database, clients: Clients, account_id: int, clock: Clock
) -> None:
    """At the start of a process: apply what was left, ask WAHA, read what was missed.

    Events that failed are tried once more: the app may have been mended meanwhile.
    Afterwards a connected account has no open gap, unless WAHA went away again.
    """
    hearing_check.begin(clients, account_id, now=clock.now())
    await db.write(webhook_log.reopen_failed, account_id)
    await apply_open_events(db, clients, account_id, clock)
    await db.write(hearing.open_after_absence, account_id, now=clock.now())
    await poll(db, clients, account_id, clock)


async def apply_open_events(
    db: Database, clients: Clients, account_id: int, clock: Clock
) -> int:
    """Apply the account's stored events in the order they came; return how many.

    Where WAHA says that the account is back, its chats are read; where a late event
    contradicts what we know, WAHA is asked.
    """
    seen: list[_Seen] = []
    async with clients.turn(account_id, "inbound"):
        while batch := await db.read(webhook_log.open_events, account_id, limit=_BATCH):
            seen += [await _apply(db, clients, event, clock) for event in batch]
    doubtful = any(one.doubtful for one in seen)
    if not doubtful and any(one.back for one in seen):
        doubtful = not await catch_up(db, clients, account_id, clock)
    if doubtful:
        await poll(db, clients, account_id, clock)
    return sum(one.applied for one in seen)


async def _apply(
    db: Database, clients: Clients, event: OpenEvent, clock: Clock
) -> _Seen:
    """Apply one event; whatever is wrong with it becomes its error."""
    try:
        told = parse_event(event.raw)
        phone = await _phone(db, clients, event, told)
        return await db.write(_apply_event, event, told, phone=phone, now=clock.now())
    except BadInput as error:
        reason, done = error.code, clock.now()
    except (OperationalError, InterfaceError):
        raise  # not the event's fault: the database is in trouble
    except Exception as error:  # noqa: BLE001  # it must not stop all behind it
        _log.exception(
            "event not applied",
            extra={"action": "event_not_applied", "event_row": event.id},
        )
        reason, done = type(error).__name__, None
    await db.write(webhook_log.set_error, event.id, reason, done=done)
    return _Seen()


async def _phone(
    db: Database, clients: Clients, event: OpenEvent, told: WahaEvent
) -> str | None:
    """Ask for the writer's number before the write: no transaction waits for WAHA."""
    if told.event not in MESSAGES:
        return None
    message = parse_message(told.payload)
    return await phone_behind(db, clients, event.account_id, message)


def _apply_event(
    session: Session,
    event: OpenEvent,
    told: WahaEvent,
    *,
    phone: str | None,
    now: datetime,
) -> _Seen:
    """Apply and mark in one transaction. Raises BadInput for what makes no sense."""
    if not webhook_log.take(session, event.id, now=now):
        return _Seen()
    account = session.get_one(Account, event.account_id)
    if told.session != account.session:
        # A WAHA with several numbers may be set to send them all to one address.
        raise BadInput("account.error.other_session", "session")
    seen, kind = _Seen(applied=True), told.event
    if told.event == STATUS:
        seen, kind = _status(session, account, told, now=now), "status"
    elif told.event in MESSAGES:
        kind = _message(session, event, told, phone=phone, now=now)
    elif told.event == ACK:
        _ack(session, event, told, now=now)
        kind = "ack"
    hearing.heard(
        session,
        event.account_id,
        kind,
        at=event.received_at,
        wedding_id=event.wedding_id,
    )
    return seen


def _status(
    session: Session, account: Account, told: WahaEvent, *, now: datetime
) -> _Seen:
    assert account.id is not None
    update = parse_status(told.payload)
    taken = apply_status(
        session, account.id, update.status, at=told.timestamp, now=now, me=told.me
    )
    if taken and update.timelock is not None:
        apply_timelock(session, account.id, update.timelock, now=now)
    return _Seen(
        applied=True,
        back=is_ready(account.status),
        doubtful=not taken and account.status != update.status,
    )


def _message(
    session: Session,
    event: OpenEvent,
    told: WahaEvent,
    *,
    phone: str | None,
    now: datetime,
) -> str:
    message = parse_message(told.payload)
    source = Evidence(event.source)
    hear(session, event.account_id, message, source=source, phone=phone, now=now)
    return "echo" if message.from_me else "inbound"


def _ack(session: Session, event: OpenEvent, told: WahaEvent, *, now: datetime) -> None:
    ack = parse_ack(told.payload)
    if ack.from_me:
        at = min(told.timestamp, now)
        queue.apply_ack(
            session, event.account_id, ack.message_id, ack.ack, at=at, now=now
        )
