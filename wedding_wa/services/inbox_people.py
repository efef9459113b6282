"""services: which chats are one person, and what to call them in the inbox.

The same guest may write to both numbers, and on one of them under WhatsApp's hidden
id: that is one conversation. A chat that nobody is known to stand behind is a writer
of its own; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Chat, Guest, Household
from wedding_wa.services.same_person import same_person
from wedding_wa.services.sql import table

_GUESTS = table(Guest)
_HOUSEHOLDS = table(Household)


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes. `name` is "" for somebody nobody has named yet.

    `push_name` is how they call themselves on WhatsApp; `phone` is written nicely, ""
    where WhatsApp hides it. `guest_id` None beside a household: one of its people.
    """

    name: str
    household: str
    push_name: str
    phone: str
    guest_id: int | None
    household_id: int | None

    @property
    def known(self) -> bool:
        return self.household_id is not None


@dataclass(frozen=True, slots=True)
class Group:
    """All chats of one person, the one in which they wrote last first."""

    chats: tuple[Chat, ...]
    person: Person

    @property
    def key(self) -> int:
        """The same as long as the chats are: the smallest of their ids."""
        return min(chat_row(chat) for chat in self.chats)

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(chat_row(chat) for chat in self.chats)

    @property
    def wrote_last(self) -> Chat:
        return self.chats[0]


def group_of(session: Session, wedding_id: int, chat_row_id: int) -> Group:
    """All chats of the person behind one. Raises NotFound, also for another wedding."""
    chat = session.get(Chat, chat_row_id)
    if chat is None or chat.wedding_id != wedding_id:
        raise NotFound("inbox.not_found")
    return groups_of(session, wedding_id, [chat])[0]


def groups_of(session: Session, wedding_id: int, heads: Sequence[Chat]) -> list[Group]:
    """The people behind `heads`, in their order, each once."""
    same = same_person(session, wedding_id, {head.chat_id for head in heads})
    wanted = {chat_id for ids in same.values() for chat_id in ids}
    rows = session.exec(
        select(Chat).where(Chat.wedding_id == wedding_id, col(Chat.chat_id).in_(wanted))
    ).all()
    groups: list[list[Chat]] = []
    taken: set[int] = set()
    for head in heads:
        ids = same.get(head.chat_id, frozenset({head.chat_id}))
        mine = [row for row in rows if row.chat_id in ids and row.id not in taken]
        if head.id not in taken:
            groups.append(sorted(mine, key=_recency, reverse=True))
            taken |= {chat_row(row) for row in mine}
    names = _Names(session, rows)
    return [Group(tuple(found), names.person(found)) for found in groups]


def chat_row(chat: Chat) -> int:
    """The id of a stored chat."""
    assert chat.id is not None
    return chat.id


class _Names:
    """The names of the guests and households behind some chats, read once."""

    def __init__(self, session: Session, rows: Iterable[Chat]) -> None:
        rows = list(rows)
        self._guests = _names(session, _GUESTS, {row.guest_id for row in rows})
        self._households = _names(
            session, _HOUSEHOLDS, {row.household_id for row in rows}
        )

    def person(self, found: Sequence[Chat]) -> Person:
        guest = _first(row.guest_id for row in found)
        household = _first(row.household_id for row in found)
        phone = _first(row.phone for row in found)
        family = self._households.get(household or 0, "")
        return Person(
            name=self._guests.get(guest or 0, "") or family,
            household=family,
            push_name=_first(row.push_name for row in found) or "",
            phone=nice_phone(phone) if phone else "",
            guest_id=guest,
            household_id=household,
        )


def _names(
    session: Session, source: sa.Table, ids: Iterable[int | None]
) -> dict[int, str]:
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = session.execute(
        sa.select(source.c.id, source.c.name).where(source.c.id.in_(wanted))
    )
    return {int(i): str(name) for i, name in rows}


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value), None)


def _recency(chat: Chat) -> tuple[float, int]:
    at = chat.last_inbound_at
    return (at.timestamp() if at else 0.0, chat_row(chat))
