"""services: answering a guest from the inbox, through the queue like everything else.

An answer goes from the number and to the chat where the guest wrote last; where that
cannot send, it waits there. It never takes the other number by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.domain.messages import Kind, Phase, Status
from wedding_wa.models import Account, Chat, Consent, MessageEvent, QueueMessage
from wedding_wa.services import events
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, enqueue
from wedding_wa.services.inbox_people import Group, group_of
from wedding_wa.services.queue_why import Reasons, Why

PRIORITY = 1

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The id of a message that is only imagined: greater than any that is stored.
_IMAGINED = 2**62
# WhatsApp tells whole seconds: an answer may seem a fraction older than its question.
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where an answer goes: the account's key, and the chat."""

    account: str
    chat: Chat
    consent: Consent


def reply_to(session: Session, group: Group) -> ReplyTo | None:
    """Where the person wrote last and may be written to; None where nowhere."""
    for chat in group.chats:
        consent = session.exec(
            select(Consent).where(
                Consent.account_id == chat.account_id,
                Consent.chat_id == chat.chat_id,
                col(Consent.revoked_at).is_(None),
            )
        ).first()
        if consent is not None:
            account = session.get_one(Account, chat.account_id)
            return ReplyTo(account.key, chat, consent)
    return None


def reply(
    session: Session,
    wedding_id: int,
    chat_row_id: int,
    *,
    text: str,
    key: str,
    by: int | None,
    now: datetime,
) -> Enqueued:
    """Put an answer into the queue, before everything else that waits.

    `key` names the sheet it was written on: the same key again, however quickly, gives
    the message that is there already. Raises NotFound, BadInput, NoConsent, and
    whatever else the queue refuses.
    """
    if not _KEY.fullmatch(key):
        raise BadInput("error.invalid", "key", fields="key")
    group = group_of(session, wedding_id, chat_row_id)
    target = reply_to(session, group)
    if target is None:
        raise NotFound("inbox.no_chat")
    request = EnqueueRequest(
        account=target.account,
        to=target.chat.chat_id,
        text=text,
        kind=Kind.REPLY.value,
        priority=PRIORITY,
        created_by=by,
        idempotency_key=f"reply:{key}",
        same_as=f"reply to {chat_row_id}: {text}",
    )
    return enqueue(session, wedding_id, request, now=now)


def outlook(session: Session, target: ReplyTo, *, now: datetime) -> Why:
    """Say why an answer written now would not go at once, as the queue would say it."""
    imagined = QueueMessage(
        id=_IMAGINED,
        task_id="",
        wedding_id=target.chat.wedding_id,
        account_id=target.chat.account_id,
        consent_id=target.consent.id or 0,
        chat_id=target.chat.chat_id,
        phone=target.chat.phone,
        kind=Kind.REPLY.value,
        text="",
        priority=PRIORITY,
        due_at=now,
        queue_at=now,
        created_at=now,
    )
    return Reasons(session, now).of([imagined])[_IMAGINED]


def note_replied(
    session: Session, wedding_id: int, chat_ids: Collection[str], *, at: datetime
) -> None:
    """The person of these chats wrote at `at`: note it once on the newest message that
    had left for them by then, from whichever number."""
    accounts = select(Account.id).where(Account.wedding_id == wedding_id)
    newest = session.exec(
        select(QueueMessage)
        .where(
            col(QueueMessage.account_id).in_(accounts),
            col(QueueMessage.chat_id).in_(chat_ids),
            QueueMessage.status == Status.SENT.value,
            col(QueueMessage.dispatched_at) < at + _SECOND,
        )
        .order_by(col(QueueMessage.dispatched_at).desc(), col(QueueMessage.id).desc())
        .limit(1)
    ).first()
    if newest is None or newest.id is None or _is_answered(session, newest.id):
        return
    events.begin(
        session,
        newest.id,
        Phase.REPLIED,
        wedding_id=newest.wedding_id,
        attempt=newest.attempt,
        at=at,
    )


def _is_answered(session: Session, message_id: int) -> bool:
    found = session.exec(
        select(MessageEvent.id).where(
            MessageEvent.message_id == message_id, MessageEvent.phase == Phase.REPLIED
        )
    ).first()
    return found is not None
