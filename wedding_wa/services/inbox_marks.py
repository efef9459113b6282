"""services: read and unread, for all chats of a person at once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.models import Chat
from wedding_wa.services.inbox_people import chat_row, group_of
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, table

_CHATS = table(Chat)


def mark_read(session: Session, wedding_id: int, chat_row_id: int) -> bool:
    """The couple has looked. False where nothing was unread. Raises NotFound.

    Read is what has come, not what was written by now: a message that is late counts
    as unread when it comes.
    """
    group = group_of(session, wedding_id, chat_row_id)
    unread = [chat for chat in group.chats if chat.unread]
    for chat in unread:
        read_at = _later(chat.read_at, chat.last_inbound_at)
        # not 0: another may just be coming in
        seen = _CHATS.c.unread - chat.unread
        _set(session, chat, unread=seen, read_at=read_at)
    return bool(unread)


def mark_unread(session: Session, wedding_id: int, chat_row_id: int) -> None:
    """Somebody wants to come back to it. Raises NotFound."""
    group = group_of(session, wedding_id, chat_row_id)
    if not any(chat.unread for chat in group.chats):
        _set(session, group.wrote_last, unread=1)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _set(session: Session, chat: Chat, **values: object) -> None:
    row = chat_row(chat)
    statement = sa.update(_CHATS).where(_CHATS.c.id == row).values(values)
    changed(session, statement)
    note(session, Change("chat", chat.wedding_id, row))
