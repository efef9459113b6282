"""services: who wants no more messages, as whoever sends must ask.

Apart from `services.opt_outs`, which notes and undoes the wish: the queue asks here,
and what notes a wish tells the queue.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Chat, OptOut


def wants_none(
    session: Session, wedding_id: int, chat_ids: Collection[str]
) -> set[str]:
    """Return those of the chats whose person wants no more messages.

    The wish is the person's: told in one chat it holds for each of the same phone or
    guest, from either number.
    """
    active = sa.and_(
        col(OptOut.wedding_id) == wedding_id, col(OptOut.undone_at).is_(None)
    )
    told = select(OptOut.chat_id).where(active, col(OptOut.chat_id).in_(chat_ids))
    meant = (
        select(Chat.chat_id)
        .join(
            OptOut,
            sa.and_(
                active,
                sa.or_(
                    col(OptOut.phone) == col(Chat.phone),
                    col(OptOut.guest_id) == col(Chat.guest_id),
                ),
            ),
        )
        .where(col(Chat.wedding_id) == wedding_id, col(Chat.chat_id).in_(chat_ids))
    )
    return {*session.exec(told).all(), *session.exec(meant).all()}
