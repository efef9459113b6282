"""services: what one message, heard live or read back, means for the account.

All of it may come again and in any order: the end is the same.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.chat import is_lid, is_person, phone_of_chat
from wedding_wa.models import Account, Consent, Evidence, InboundMessage
from wedding_wa.services import chats, consent, opt_outs, queue, replies
from wedding_wa.services.chat_lines import Line, of_the_couple
from wedding_wa.services.echoes import hear_own
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.same_person import chats_of_person
from wedding_wa.services.sql import changed, table
from wedding_wa.services.waha import WahaMessage
from wedding_wa.services.waha_media import media_of
from wedding_wa.services.waha_messages import dict_of

_INBOUND = table(InboundMessage)
# Lines that WhatsApp itself puts into a chat: nobody wrote them.
_NOTICES = frozenset(
    {
        "call_log",
        "e2e_notification",
        "gp2",
        "notification",
        "notification_template",
        "protocol",
    }
)
_WRAPPING = frozenset({"messageContextInfo", "senderKeyDistributionMessage"})
# Marks on another message, and orders to the phone: nobody wrote a message.
_MARKS = frozenset(
    {
        "encReactionMessage",
        "keepInChatMessage",
        "pinInChatMessage",
        "pollUpdateMessage",
        "protocolMessage",
        "reactionMessage",
    }
)


def hear(
    session: Session,
    account_id: int,
    message: WahaMessage,
    *,
    source: Evidence,
    phone: str | None,
    now: datetime,
) -> bool:
    """Take in a message of a chat; True where it was news from a guest.

    `phone` is the writer's number where the message itself does not tell it.
    """
    written = is_written_by_person(message)
    if message.from_me:
        hear_own(session, account_id, message, written=written, now=now)
        return False
    if not written:
        return False
    return _inbound(session, account_id, message, source=source, phone=phone, now=now)


def writer_phone(message: WahaMessage) -> str | None:
    """The writer's number where the message tells it: its chat, or its other name."""
    told = phone_of_chat(message.chat_id)
    if told is None and message.alt_chat_id is not None:
        told = phone_of_chat(message.alt_chat_id)
    return told


def is_written_by_person(message: WahaMessage) -> bool:
    """Whether a person wrote this to us alone; only that is consent."""
    data = dict_of(message.raw.get("_data"))
    notice = data.get("messageStubType") or data.get("type") in _NOTICES
    content = dict_of(data.get("message")) or dict_of(data.get("Message"))
    parts = content.keys() - _WRAPPING
    mark = bool(parts) and parts <= _MARKS
    return is_person(message.chat_id) and not notice and not mark


def _inbound(
    session: Session,
    account_id: int,
    message: WahaMessage,
    *,
    source: Evidence,
    phone: str | None,
    now: datetime,
) -> bool:
    account = session.get_one(Account, account_id)
    phone = writer_phone(message) or phone
    if phone is not None and _known_by_other_name(session, account_id, message, phone):
        return False
    if phone is not None and is_lid(message.chat_id):
        _learn_phone(session, account, message.chat_id, phone, now=now)
    news = _keep(session, account, message, source=source, phone=phone, now=now)
    note(session, Change("account", account.wedding_id, account_id))
    return news


def _keep(
    session: Session,
    account: Account,
    message: WahaMessage,
    *,
    source: Evidence,
    phone: str | None,
    now: datetime,
) -> bool:
    """Store the message and all it means: the consent it proves, its chat's line, a
    wish for no more. False where it is there already."""
    media = media_of(message)
    inbound_id = insert_once(
        session,
        _INBOUND,
        wedding_id=account.wedding_id,
        account_id=account.id,
        chat_id=message.chat_id,
        message_id=message.message_id,
        phone=phone,
        push_name=message.push_name,
        body=message.body,
        media=media.value if media else None,
        source=source.value,
        at=message.timestamp,
        received_at=now,
    )
    if inbound_id is None:
        return False
    consent.give(
        session,
        account,
        chat_id=message.chat_id,
        phone=phone,
        inbound_id=inbound_id,
        source=source,
        at=message.timestamp,
        now=now,
    )
    _tell_chat(session, account, message, inbound_id, phone=phone, now=now)
    return True


def _tell_chat(
    session: Session,
    account: Account,
    message: WahaMessage,
    inbound_id: int,
    *,
    phone: str | None,
    now: datetime,
) -> None:
    """What it means for the chat, for what they want, and for what waits for them."""
    at, chat_id = message.timestamp, message.chat_id
    line = Line(at, message.body, push_name=message.push_name)
    chat = chats.note_inbound(
        session, account, chat_id=chat_id, phone=phone, line=line, now=now
    )
    if chat.ignored_at is None or not of_the_couple(session, chat):
        opt_outs.hear_wish(
            session, chat, inbound_id=inbound_id, text=message.body, at=at, now=now
        )
    people = chats_of_person(session, account.wedding_id, chat_id)
    queue.heard_from(session, account.wedding_id, people, now=now)
    replies.note_replied(session, account.wedding_id, people, at=at)


def _known_by_other_name(
    session: Session, account_id: int, message: WahaMessage, phone: str
) -> bool:
    """Whether it came before under the writer's other chat: their LID, their number.

    WAHA tells a message live under the one and lists it under the other later.
    """
    others = select(Consent.chat_id).where(
        Consent.account_id == account_id,
        Consent.phone == phone,
        Consent.chat_id != message.chat_id,
    )
    found = session.exec(
        select(InboundMessage.id).where(
            InboundMessage.account_id == account_id,
            col(InboundMessage.chat_id).in_(others),
            InboundMessage.message_id == message.message_id,
        )
    ).first()
    return found is not None


def _learn_phone(
    session: Session, account: Account, chat_id: str, phone: str, *, now: datetime
) -> None:
    assert account.id is not None
    consent.learn_phone(session, account.id, chat_id, phone)
    chats.learn_phone(session, account.wedding_id, chat_id, phone, now=now)
    changed(
        session,
        sa.update(_INBOUND)
        .where(
            _INBOUND.c.account_id == account.id,
            _INBOUND.c.chat_id == chat_id,
            _INBOUND.c.phone.is_(None),
        )
        .values(phone=phone),
    )
