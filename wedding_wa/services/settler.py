"""services: settling what nobody knows: did an unconfirmed message go, or not?

Evidence that it went: an ack, WAHA's echo, the id or the text found in the chat. That
it never went is believed only if all hold: the look-up answered that there is no such
message (the store is on then), the call that might have sent it is over, nobody has
logged in since (the chats of a new login, or of another number, are others), and a
connected session has had `settle_after` to send it late (WAHA was seen to send 240 s
after its client had gone). Else it waits for a person.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.account import AccountStatus
from wedding_wa.domain.errors import WahaError
from wedding_wa.domain.messages import Status
from wedding_wa.models import (
    Account,
    AccountStatusChange,
    Consent,
    MessageAttempt,
    QueueMessage,
)
from wedding_wa.services import pausing, queue, webhook_log
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.consent import NUMBER_CHANGED
from wedding_wa.services.history import READY
from wedding_wa.services.processes import ProcessIdentity, is_dead
from wedding_wa.services.waha import WahaClient

log = logging.getLogger(__name__)

_AT_ONCE = 50
# The phone's clock and ours differ, and WhatsApp's times are whole seconds.
_MARGIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An unconfirmed message and what is known of its fate."""

    message: QueueMessage
    account_ready: bool
    working_since: datetime | None
    dispatch_over: bool
    same_login: bool
    acked: bool


async def settle(
    db: Database, clients: Clients, clock: Clock, *, settle_after: timedelta
) -> int:
    """Look at what is unconfirmed, settle what evidence settles; return how many."""
    settled = 0
    for doubt in await db.read(_doubts):
        try:
            settled += await _settle_one(db, clients, clock, doubt, settle_after)
        except WahaError as error:
            log.info(
                "evidence not readable",
                extra={
                    "action": "settle_failed",
                    "message_id": doubt.message.id,
                    "error": error.code,
                },
            )
    return settled


async def _settle_one(
    db: Database,
    clients: Clients,
    clock: Clock,
    doubt: Doubt,
    settle_after: timedelta,
) -> bool:
    message = doubt.message
    if doubt.acked:
        known = message.provider_message_id or message.reserved_id or ""
        return await _was_sent(db, doubt, "ack", known, clock)
    if not doubt.account_ready:
        return False
    client = await clients.get(message.account_id)
    found = await _find(client, message)
    if found is not None:
        return await _was_sent(db, doubt, "chat", found, clock)
    if not _surely_not(doubt, clock.now(), settle_after):
        return False
    return await db.write(_never_went, message, now=clock.now())


async def _was_sent(
    db: Database, doubt: Doubt, evidence: str, message_id: str, clock: Clock
) -> bool:
    return await db.write(
        queue.settle_sent,
        doubt.message,
        evidence=evidence,
        provider_id=message_id,
        now=clock.now(),
    )


async def _find(client: WahaClient, message: QueueMessage) -> str | None:
    """The message's id as the chat knows it; by its text where none was reserved."""
    if message.reserved_id is not None:
        found = await client.message(message.chat_id, message.reserved_id)
        return found.message_id if found else None
    assert message.dispatched_at is not None
    since = message.dispatched_at - _MARGIN
    sent = await client.messages(message.chat_id, since=since, from_me=True)
    same = [one.message_id for one in sent if one.body == message.text]
    return same[0] if same else None


def _never_went(session: Session, message: QueueMessage, *, now: datetime) -> bool:
    """A failure like any other: too many in a row pause the account."""
    settled = queue.settle_pending(session, message, evidence="chat", now=now)
    pausing.pause_if_failing(session, message.account_id, now=now)
    return settled


def _surely_not(doubt: Doubt, now: datetime, settle_after: timedelta) -> bool:
    message = doubt.message
    if message.reserved_id is None or not (doubt.dispatch_over and doubt.same_login):
        return False
    since = max(
        moment for moment in (message.dispatched_at, doubt.working_since) if moment
    )
    return now - since >= settle_after


def _doubts(session: Session) -> list[Doubt]:
    rows = session.exec(
        select(QueueMessage, Account)
        .join(Account, col(Account.id) == col(QueueMessage.account_id))
        .where(QueueMessage.status == Status.UNCONFIRMED)
        .order_by(col(QueueMessage.account_id), col(QueueMessage.id))
        .limit(_AT_ONCE)
    ).all()
    return [_doubt(session, message, account) for message, account in rows]


def _doubt(session: Session, message: QueueMessage, account: Account) -> Doubt:
    return Doubt(
        message=message,
        account_ready=account.status == READY,
        working_since=account.status_at,
        dispatch_over=_over(session, message),
        same_login=_same_login(session, message),
        acked=_acked(session, message),
    )


def _acked(session: Session, message: QueueMessage) -> bool:
    if message.ack or message.ack_error_at is not None:
        return True
    if message.reserved_id is None:
        return False
    heard = webhook_log.find_acks(session, message.account_id, message.reserved_id)
    return bool(heard.ack or heard.error_at or heard.echoed_at)


def _same_login(session: Session, message: QueueMessage) -> bool:
    """Whether the account is still the login that may have sent the message: nobody
    was asked to scan a code since, and its number is the one the guest wrote to."""
    asked = session.exec(
        select(AccountStatusChange.id)
        .where(
            AccountStatusChange.account_id == message.account_id,
            AccountStatusChange.status == AccountStatus.SCAN,
            col(AccountStatusChange.at) >= message.dispatched_at,
        )
        .limit(1)
    ).first()
    taken_back = session.get_one(Consent, message.consent_id).revoked_reason
    return asked is None and taken_back != NUMBER_CHANGED


def _over(session: Session, message: QueueMessage) -> bool:
    """The call has ended: its process wrote that down, or is proven dead."""
    ended = session.exec(
        select(MessageAttempt.finished_at).where(
            MessageAttempt.message_id == message.id,
            MessageAttempt.attempt == message.attempt,
        )
    ).first()
    if ended is not None:
        return True
    return message.worker is not None and is_dead(ProcessIdentity.parse(message.worker))
