"""services: what the database itself knows of an unconfirmed message's fate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.account import AccountStatus
from wedding_wa.domain.messages import Status
from wedding_wa.models import (
    Account,
    AccountStatusChange,
    Consent,
    MessageAttempt,
    QueueMessage,
)
from wedding_wa.services import webhook_log
from wedding_wa.services.consent import NUMBER_CHANGED
from wedding_wa.services.history import READY
from wedding_wa.services.processes import ProcessIdentity, is_dead

#: So many are looked at in one round; who was not looked at for longest comes first.
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Doubt:
    """An unconfirmed message and what is known of its fate without asking WAHA.

    `since`: when it may have gone, or when the account was connected, the later one.
    """

    message: QueueMessage
    connected: bool
    since: datetime
    call_over: bool
    same_login: bool
    acked: bool
    echoed: bool

    @property
    def told(self) -> str:
        """What WhatsApp has told of it by itself: "ack", "echo" or ""."""
        return "ack" if self.acked else "echo" if self.echoed else ""


def next_in_doubt(
    session: Session, message_ids: Collection[int] | None = None
) -> Sequence[QueueMessage]:
    """Those that are looked at next: the ones named, else `AT_ONCE` in turn."""
    wanted = (
        select(QueueMessage)
        .where(QueueMessage.status == Status.UNCONFIRMED)
        .order_by(
            col(QueueMessage.looked_at).is_not(None),
            col(QueueMessage.looked_at),
            col(QueueMessage.id),
        )
    )
    if message_ids is None:
        wanted = wanted.limit(AT_ONCE)
    else:
        wanted = wanted.where(col(QueueMessage.id).in_(message_ids))
    return session.exec(wanted).all()


def doubt_of(session: Session, message: QueueMessage) -> Doubt:
    """What is known of this one's fate by now."""
    account = session.get_one(Account, message.account_id)
    acked, echoed = what_was_told(session, message)
    went = went_at(message)
    return Doubt(
        message=message,
        connected=account.status == READY,
        since=max(went, account.status_at or went),
        call_over=_over(session, message),
        same_login=same_login(session, message),
        acked=acked,
        echoed=echoed,
    )


def went_at(message: QueueMessage) -> datetime:
    """When it may have gone."""
    return message.dispatched_at or message.created_at


def what_was_told(session: Session, message: QueueMessage) -> tuple[bool, bool]:
    """Whether WhatsApp acknowledged the message, and whether WAHA echoed it."""
    if message.ack or message.ack_error_at is not None:
        return True, False
    if message.reserved_id is None:
        return False, False
    heard = webhook_log.find_acks(session, message.account_id, message.reserved_id)
    acked = bool(heard.ack) or heard.error_at is not None
    return acked, heard.echoed_at is not None


def same_login(session: Session, message: QueueMessage) -> bool:
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
