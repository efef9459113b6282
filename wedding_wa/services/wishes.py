"""services: who wants no more messages, as whoever sends must ask.

Apart from `services.opt_outs`, which notes and undoes the wish: the queue asks here,
and what notes a wish tells the queue.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.models import Chat, OptOut
from wedding_wa.services.sql import table

_CHAT, _OPT_OUT = table(Chat), table(OptOut)


def _unwanted() -> sa.CompoundSelect[Any]:
    """Those that told it, and those of whom it is meant. Built once: it is asked for
    every message."""
    wedding = sa.bindparam("wedding", type_=sa.Integer)
    chats: sa.BindParameter[Any] = sa.bindparam("chats", expanding=True)
    active = sa.and_(_OPT_OUT.c.wedding_id == wedding, _OPT_OUT.c.undone_at.is_(None))
    told = sa.select(_OPT_OUT.c.chat_id).where(active, _OPT_OUT.c.chat_id.in_(chats))
    # The wedding stands in both halves: else SQLite walks all of its wishes.
    same = sa.or_(
        sa.and_(active, _OPT_OUT.c.phone == _CHAT.c.phone),
        sa.and_(active, _OPT_OUT.c.guest_id == _CHAT.c.guest_id),
    )
    meant = (
        sa.select(_CHAT.c.chat_id)
        .join(_OPT_OUT, same)
        .where(_CHAT.c.wedding_id == wedding, _CHAT.c.chat_id.in_(chats))
    )
    return sa.union_all(told, meant)


_UNWANTED = _unwanted()


def wants_none(
    session: Session, wedding_id: int, chat_ids: Collection[str]
) -> set[str]:
    """Return those of the chats whose person wants no more messages.

    The wish is the person's: told in one chat it holds for each of the same phone or
    guest, from either number.
    """
    if not chat_ids:
        return set()
    asked = {"wedding": wedding_id, "chats": list(chat_ids)}
    return set(session.connection().execute(_UNWANTED, asked).scalars())
