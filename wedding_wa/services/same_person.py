"""services: which chats are of one person: their number's and their LID's, with either
account."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlmodel import Session

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
    found = {chat_id: groups.get(("chat", chat_id), set()) for chat_id in chat_ids}
    return {
        chat_id: frozenset({chat_id, *(str(x) for kind, x in group if kind == "chat")})
        for chat_id, group in found.items()
    }


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
_Group: TypeAlias = set[_Name]


def _some(*, further: bool) -> sa.Select[Any]:
    """The wedding's chats of these names; `further`: also of these phones and guests.
    As in `_person`: no wedding's chats are walked."""
    chat = table(Chat).c
    wedding = sa.bindparam("wedding", type_=sa.Integer)

    def among(column: sa.ColumnElement[Any], names: str) -> sa.ColumnElement[bool]:
        return column.in_(sa.bindparam(names, expanding=True))

    here = chat.wedding_id == wedding
    wanted = sa.and_(here, among(chat.chat_id, "chats"))
    if further:
        wanted = sa.or_(
            wanted,
            sa.and_(here, among(chat.phone, "phones")),
            sa.and_(chat.wedding_id + 0 == wedding, among(chat.guest_id, "guests")),
        )
    return sa.select(chat.chat_id, chat.phone, chat.guest_id).where(wanted)


_THESE, _FURTHER = _some(further=False), _some(further=True)


def _reachable(
    session: Session, wedding_id: int, chat_ids: Collection[str]
) -> set[_Row]:
    """The chats asked for, and whatever hangs together with them."""
    session.flush()  # what was added a moment ago counts
    rows: set[_Row] = set()
    asked: dict[str, Any] = {"wedding": wedding_id, "chats": list(chat_ids)}
    statement = _THESE
    while True:
        found = session.connection().execute(statement, asked)
        new = {(chat_id, phone, guest) for chat_id, phone, guest in found} - rows
        if not new:
            return rows
        rows |= new
        statement = _FURTHER
        asked |= {
            "chats": list({chat_id for chat_id, _, _ in new}),
            "phones": list({phone for _, phone, _ in new if phone}),
            "guests": list({guest for _, _, guest in new if guest}),
        }


def _names(chat_id: str, phone: str | None, guest_id: int | None) -> _Group:
    names: _Group = {("chat", chat_id)}
    if phone is not None:
        names.add(("phone", phone))
    if guest_id is not None:
        names.add(("guest", guest_id))
    return names


def _groups(chats: Iterable[_Group]) -> dict[_Name, _Group]:
    """Join the sets that share a name; for each name all it hangs together with."""
    groups: dict[_Name, _Group] = {}
    for names in chats:
        joined = names.union(*(groups[name] for name in names if name in groups))
        groups |= dict.fromkeys(joined, joined)
    return groups
