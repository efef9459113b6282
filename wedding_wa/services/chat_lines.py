"""services: the row of a chat: who wrote last, when, what, and what is unread.

Messages come late and out of order; the row ends the same. Everything here is called
once for each message, by whoever found it to be news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.chat import phone_of_chat
from wedding_wa.models import Account, Chat, HandMessage, InboundMessage
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

#: So much of a message is kept as the chat's last line.
LINE = 200

_CHATS = table(Chat)
_HAND = table(HandMessage)
_INBOUND = table(InboundMessage)


@dataclass(frozen=True, slots=True)
class Line:
    """One message as a chat's row tells it. `push_name` is the writer's own."""

    at: datetime
    text: str
    from_us: bool = False
    push_name: str | None = None


def chat_row(
    session: Session, account: Account, chat_id: str, *, phone: str | None = None
) -> Chat:
    """Return the row of a chat, locked until the end; a new one where there is none.

    The couple's chat with each other is kept out of what guests write.
    """
    assert account.id is not None
    phone = phone_of_chat(chat_id) or phone
    insert_once(
        session,
        _CHATS,
        wedding_id=account.wedding_id,
        account_id=account.id,
        chat_id=chat_id,
        phone=phone,
        last_text="",
        last_from_us=False,
        unread=0,
    )
    found = session.exec(
        select(Chat)
        .where(Chat.account_id == account.id, Chat.chat_id == chat_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if found.phone is None and phone is not None:
        found.phone = phone
    return found


def of_the_couple(session: Session, chat: Chat) -> bool:
    """Whether the other end is one of the couple's own numbers."""
    accounts = session.exec(
        select(Account).where(Account.wedding_id == chat.wedding_id)
    ).all()
    own = {name for one in accounts for name in (one.own_chat_id, one.lid) if name}
    phones = {one.phone for one in accounts if one.phone}
    phones |= {phone for name in own if (phone := phone_of_chat(name))}
    return chat.chat_id in own or chat.phone in phones


def write_inbound(session: Session, account: Account, chat: Chat, line: Line) -> None:
    """Somebody wrote: the newest line, and unread unless it was seen before.

    What they wrote before this number was linked to the app, the couple has seen on
    the phone.
    """
    _set_last(chat, line)
    newest = chat.last_inbound_at is None or line.at >= chat.last_inbound_at
    if newest and line.push_name:
        chat.push_name = line.push_name
    chat.push_name = chat.push_name or line.push_name
    chat.last_inbound_at = max(chat.last_inbound_at or line.at, line.at)
    before_us = account.linked_at is not None and line.at < account.linked_at
    if not before_us and (chat.read_at is None or line.at > chat.read_at):
        chat.unread += 1
    keep(session, chat)


def write_hand(session: Session, chat: Chat, line: Line) -> None:
    """One of the couple typed on the phone: they have read what stood before."""
    assert chat.id is not None
    _set_last(chat, line)
    chat.human_at = max(chat.human_at or line.at, line.at)
    if chat.read_at is None or line.at > chat.read_at:
        chat.read_at = line.at
        chat.unread = min(chat.unread, _since(session, chat, line.at))
    keep(session, chat)


def note_outbound(
    session: Session,
    account_id: int,
    chat_id: str,
    *,
    text: str,
    provider_id: str,
    at: datetime,
) -> None:
    """A message of the queue went: the chat's last line is ours.

    Its echo may have come before its id was known and been held for typed by hand:
    that is put right.
    """
    chat = session.exec(
        select(Chat)
        .where(Chat.account_id == account_id, Chat.chat_id == chat_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    forget_hand(session, account_id, provider_id)
    if chat is None:
        return  # the own number, or one that never wrote
    session.refresh(chat)
    _set_last(chat, Line(at, text, from_us=True))
    keep(session, chat)


def forget_hand(session: Session, account_id: int, message_id: str) -> bool:
    """What was held for typed by hand was ours; True where it was so held."""
    taken = session.exec(
        select(HandMessage).where(
            HandMessage.account_id == account_id, HandMessage.message_id == message_id
        )
    ).all()
    for hand in taken:
        changed(session, sa.delete(_HAND).where(_HAND.c.id == hand.id))
        _recount_hand(session, account_id, hand.chat_id)
    return bool(taken)


def keep(session: Session, chat: Chat) -> None:
    """Write the row, and tell the pages."""
    session.add(chat)
    session.flush()
    note(session, Change("chat", chat.wedding_id, chat.id))


def _recount_hand(session: Session, account_id: int, chat_id: str) -> None:
    newest = (
        sa.select(sa.func.max(_HAND.c.at))
        .where(_HAND.c.account_id == account_id, _HAND.c.chat_id == chat_id)
        .scalar_subquery()
    )
    changed(
        session,
        sa.update(_CHATS)
        .where(_CHATS.c.account_id == account_id, _CHATS.c.chat_id == chat_id)
        .values(human_at=newest),
    )


def _since(session: Session, chat: Chat, at: datetime) -> int:
    """How many messages of the chat are newer than `at`."""
    found = session.execute(
        sa.select(sa.func.count()).where(
            _INBOUND.c.account_id == chat.account_id,
            _INBOUND.c.chat_id == chat.chat_id,
            _INBOUND.c.at > at,
        )
    )
    return int(found.scalar_one())


def _set_last(chat: Chat, line: Line) -> None:
    """The newest line; of one second the guest's, and then any one, but always it."""
    text = line.text[:LINE]
    new = (line.at, not line.from_us, text)
    if chat.last_at is None or new > (
        chat.last_at,
        not chat.last_from_us,
        chat.last_text,
    ):
        chat.last_at, chat.last_text, chat.last_from_us = line.at, text, line.from_us


def chats_named(session: Session, wedding_id: int, chat_id: str) -> list[Chat]:
    """The rows with this chat id, of either account."""
    return list(
        session.exec(
            select(Chat)
            .where(Chat.wedding_id == wedding_id, Chat.chat_id == chat_id)
            .order_by(col(Chat.id))
        ).all()
    )
