"""services: messages from the couple's own side: ours, or typed on the phone.

WAHA tells both. Ours are known by their id; before WAHA has answered it may not be
known yet, so what could be ours is never held for typed by hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.chat import phone_of_chat
from wedding_wa.models import Account, HandMessage, MessageAttempt, QueueMessage
from wedding_wa.services import chats, duplicates, queue
from wedding_wa.services.chat_lines import Line
from wedding_wa.services.once import insert_once
from wedding_wa.services.same_person import chats_of_person
from wedding_wa.services.sql import table
from wedding_wa.services.waha import WahaMessage
from wedding_wa.services.waha_media import media_of

#: WAHA's clock is another one, and WhatsApp's times are whole seconds.
_MARGIN = timedelta(minutes=2)

_HAND = table(HandMessage)


def hear_own(
    session: Session,
    account_id: int,
    message: WahaMessage,
    *,
    written: bool,
    now: datetime,
) -> None:
    """Take in a message from our side of a chat with a person.

    `written`: a person or this app wrote it, it is no notice of WhatsApp's.
    """
    bare, at = message.message_id, message.timestamp
    if queue.apply_echo(session, account_id, bare, at=at, now=now):
        if message.ack is not None:
            queue.apply_ack(session, account_id, bare, message.ack, at=now, now=now)
        return
    account = session.get_one(Account, account_id)
    if not written:
        return
    if _by_hand(session, account, message):
        _keep(session, account, message, now=now)
    else:
        duplicates.note_if_repeated(session, account, message, now=now)


def _by_hand(session: Session, account: Account, message: WahaMessage) -> bool:
    """Only what WAHA says was typed in the app; an engine that says nothing might as
    well have sent it for us, and then each message would hold up the next."""
    return (
        message.source == "app"
        and not _is_own_chat(account, message.chat_id)
        and not _may_be_ours(session, account, message)
    )


def _is_own_chat(account: Account, chat_id: str) -> bool:
    """Notes to oneself are nobody's conversation."""
    own = {account.own_chat_id, account.lid}
    return chat_id in own or (phone_of_chat(chat_id) or "") == account.phone


def _may_be_ours(session: Session, account: Account, message: WahaMessage) -> bool:
    """Whether a message of the queue with these words went, or may have gone, to this
    person, and WhatsApp's id of it is not known yet."""
    people = chats_of_person(session, account.wedding_id, message.chat_id)
    open_ends = session.exec(
        select(QueueMessage.text)
        .join(MessageAttempt, col(MessageAttempt.message_id) == col(QueueMessage.id))
        .where(
            QueueMessage.account_id == account.id,
            col(QueueMessage.chat_id).in_(people),
            col(QueueMessage.provider_message_id).is_(None),
            col(MessageAttempt.dispatched_at) <= message.timestamp + _MARGIN,
        )
    ).all()
    said = message.body.strip()
    return any(text.strip() == said for text in open_ends)


def _keep(
    session: Session, account: Account, message: WahaMessage, *, now: datetime
) -> None:
    """Store it once, under whichever name of the chat it comes."""
    known = sa.select(_HAND.c.id).where(
        _HAND.c.account_id == account.id, _HAND.c.message_id == message.message_id
    )
    if session.execute(known).first() is not None:
        return
    media = media_of(message)
    stored = insert_once(
        session,
        _HAND,
        wedding_id=account.wedding_id,
        account_id=account.id,
        chat_id=message.chat_id,
        message_id=message.message_id,
        body=message.body,
        media=media.value if media else None,
        at=message.timestamp,
    )
    if stored is not None:
        line = Line(message.timestamp, message.body, from_us=True)
        chats.note_hand(session, account, chat_id=message.chat_id, line=line, now=now)
