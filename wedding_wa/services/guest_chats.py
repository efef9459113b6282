"""services: what becomes of chats when guests and households go or become one."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.messages import Status
from wedding_wa.models import Chat, OptOut
from wedding_wa.services import opt_outs, queue
from wedding_wa.services.live import Change, note
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.sql import changed, table

CHATS = table(Chat)
OPT_OUTS = table(OptOut)

_UNLINKED = {
    "household_id": None,
    "guest_id": None,
    "linked_how": None,
    "linked_at": None,
    "linked_by": None,
}


def let_go(
    session: Session,
    wedding_id: int,
    *,
    guest_ids: Collection[int],
    household_ids: Collection[int],
    phones: Collection[str],
    now: datetime,
) -> int:
    """Unlink the chats of these guests and households; return how many messages
    that waited for them were cancelled.

    What they wrote, their consents and their wish for no more messages stay.
    """
    theirs = sa.or_(
        CHATS.c.guest_id.in_(guest_ids), CHATS.c.household_id.in_(household_ids)
    )
    cancelled = _cancel(session, wedding_id, theirs, phones, now)
    changed(
        session,
        sa.update(OPT_OUTS)
        .where(OPT_OUTS.c.guest_id.in_(guest_ids))
        .values(guest_id=None),
    )
    _set(session, wedding_id, theirs, **_UNLINKED)
    return cancelled


def move(
    session: Session,
    wedding_id: int,
    guest_id: int,
    *,
    household_id: int,
    to: int,
    now: datetime,
) -> None:
    """The chats of one guest are now those of guest `to` in that household. A STOP in
    one of them holds for all that this person has now."""
    changed(
        session,
        sa.update(OPT_OUTS).where(OPT_OUTS.c.guest_id == guest_id).values(guest_id=to),
    )
    _set(
        session,
        wedding_id,
        CHATS.c.guest_id == guest_id,
        guest_id=to,
        household_id=household_id,
    )
    if to != guest_id:
        theirs = sa.select(CHATS.c.chat_id).where(
            CHATS.c.wedding_id == wedding_id, CHATS.c.guest_id == to
        )
        one = session.scalars(theirs.order_by(CHATS.c.id).limit(1)).first()
        if one is not None:
            opt_outs.settle(session, wedding_id, one, now=now)


def move_household(
    session: Session, wedding_id: int, household_id: int, *, to: int
) -> None:
    """The chats of one household are now those of household `to`."""
    _set(session, wedding_id, CHATS.c.household_id == household_id, household_id=to)


def _set(
    session: Session,
    wedding_id: int,
    which: sa.ColumnElement[bool],
    **values: object,
) -> None:
    mine = (CHATS.c.wedding_id == wedding_id, which)
    ids = list(session.scalars(sa.select(CHATS.c.id).where(*mine)))
    if ids:
        changed(session, sa.update(CHATS).where(CHATS.c.id.in_(ids)).values(**values))
        session.expire_all()  # rows that the session holds are older than this
        note(session, Change("chat", wedding_id, ids[0] if len(ids) == 1 else None))


def _cancel(
    session: Session,
    wedding_id: int,
    theirs: sa.ColumnElement[bool],
    phones: Collection[str],
    now: datetime,
) -> int:
    """Cancel what waits, and what a worker has in hand and not yet marked."""
    to_them = sa.exists().where(
        CHATS.c.account_id == MESSAGES.c.account_id,
        CHATS.c.chat_id == MESSAGES.c.chat_id,
        theirs,
    )
    waiting = session.scalars(
        sa.select(MESSAGES.c.id).where(
            MESSAGES.c.wedding_id == wedding_id,
            MESSAGES.c.status.in_([Status.PENDING.value, Status.PROCESSING.value]),
            MESSAGES.c.bucket.in_(["waiting", "held", "processing"]),
            sa.or_(to_them, MESSAGES.c.phone.in_(phones)),
        )
    ).all()
    cancelled = 0
    for message_id in waiting:
        with contextlib.suppress(Conflict):  # already on its way
            queue.cancel(session, wedding_id, message_id, now=now)
            cancelled += 1
    return cancelled
