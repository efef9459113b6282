"""services: which chats are of one person: their number's and their LID's, with either
account."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Chat
from wedding_wa.services.sql import table

# A chat's names: the chat id itself, the phone behind it, the guest it is linked to.
_Name: TypeAlias = tuple[str, object]


def same_person(
    session: Session, wedding_id: int, chat_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return for each chat id all chat ids of its person in the wedding, itself too.

    Chats belong together by phone or by guest, also over several steps. One of which
    nothing is known stands alone.
    """
    rows = _reachable(session, wedding_id, chat_ids)
    groups = _groups(_names(*row) for row in rows)
    found = {
        chat_id: frozenset(str(name) for kind, name in group if kind == "chat")
        for group in groups
        for chat_id in chat_ids
        if ("chat", chat_id) in group
    }
    return {chat_id: found.get(chat_id, frozenset({chat_id})) for chat_id in chat_ids}


def chats_of_person(session: Session, wedding_id: int, chat_id: str) -> frozenset[str]:
    """`same_person` for one chat, in one question."""
    asked = {"wedding": wedding_id, "chat": chat_id}
    found = session.connection().execute(_PERSON, asked).scalars()
    return frozenset({chat_id, *found})


def _person() -> sa.Select[tuple[str]]:
    """The chat, and over any number of steps those that share a phone, a guest or
    the chat's id with one of them."""
    chat, more = table(Chat), table(Chat).alias()
    wedding = sa.bindparam("wedding", type_=sa.Integer)
    named = chat.c.chat_id == sa.bindparam("chat", type_=sa.String)
    person = (
        sa.select(chat.c.chat_id, chat.c.phone, chat.c.guest_id)
        .where(chat.c.wedding_id == wedding, named)
        .cte("person", recursive=True)
    )
    here = more.c.wedding_id == wedding
    # The wedding stands in each part: else SQLite walks all of its chats.
    known = sa.or_(
        sa.and_(here, more.c.chat_id == person.c.chat_id),
        sa.and_(here, more.c.phone == person.c.phone),
        # by the guest's own index, that knows no wedding
        sa.and_(more.c.wedding_id + 0 == wedding, more.c.guest_id == person.c.guest_id),
    )
    person = person.union(
        sa.select(more.c.chat_id, more.c.phone, more.c.guest_id).join(person, known)
    )
    return sa.select(person.c.chat_id)


# Built once: it is asked for every message.
_PERSON = _person()


_Row: TypeAlias = tuple[str, str | None, int | None]


def _reachable(
    session: Session, wedding_id: int, chat_ids: Collection[str]
) -> set[_Row]:
    """The chats asked for, and whatever hangs together with them."""
    rows: set[_Row] = set()
    here = col(Chat.wedding_id) == wedding_id
    wanted = sa.and_(here, col(Chat.chat_id).in_(chat_ids))
    while True:
        found = session.exec(
            select(Chat.chat_id, Chat.phone, Chat.guest_id).where(wanted)
        ).all()
        new = {(chat_id, phone, guest) for chat_id, phone, guest in found} - rows
        if not new:
            return rows
        rows |= new
        # As in `_person`: no wedding's chats are walked.
        guests = col(Chat.guest_id).in_({row[2] for row in new if row[2]})
        wanted = sa.or_(
            sa.and_(here, col(Chat.chat_id).in_({row[0] for row in new})),
            sa.and_(here, col(Chat.phone).in_({row[1] for row in new if row[1]})),
            sa.and_(col(Chat.wedding_id) + 0 == wedding_id, guests),
        )


def _names(chat_id: str, phone: str | None, guest_id: int | None) -> set[_Name]:
    names: set[_Name] = {("chat", chat_id)}
    if phone is not None:
        names.add(("phone", phone))
    if guest_id is not None:
        names.add(("guest", guest_id))
    return names


def _groups(chats: Iterable[set[_Name]]) -> list[set[_Name]]:
    """Join the sets that share a name."""
    groups: list[set[_Name]] = []
    for names in chats:
        joined = set(names)
        apart = []
        for group in groups:
            if group & names:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups
