"""services: which people a page of the inbox shows, by key, never by offset.

A chat stands for its person where they wrote nowhere later; the database finds these
by the index of who wrote last, and each of their other chats by an index of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.guests import fold
from wedding_wa.models import (
    Account,
    Chat,
    Guest,
    Household,
    InboundMessage,
    StopQuestion,
)
from wedding_wa.services.cursors import Cursors, Part
from wedding_wa.services.sql import table

PAGE_SIZE = 30
# Searches for words look at this many of the newest messages of all.
SEARCH_REACH = 5000

ALL, UNREAD, UNKNOWN, QUESTIONS, IGNORED = (
    "",
    "unread",
    "unknown",
    "questions",
    "ignored",
)
VIEWS = (ALL, UNREAD, UNKNOWN, QUESTIONS, IGNORED)
# Written out: a partial index is only found by its own words.
NONE: sa.ColumnClause[int] = sa.literal_column("0")

_CHATS = table(Chat)
_GUESTS = table(Guest)
_HOUSEHOLDS = table(Household)
_INBOUND = table(InboundMessage)
_QUESTIONS = table(StopQuestion)
_CURSORS = Cursors(Part.MOMENT, Part.ID)
_Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader wants to see. Cursors are opaque; nonsense counts as none."""

    view: str = ALL
    account: str = ""
    search: str = ""
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Heads:
    """The chats that head a page, in order, and cursors, "" at the ends."""

    ids: tuple[int, ...]
    newer: str
    older: str


def page_of(session: Session, wedding_id: int, wish: Wish) -> Heads:
    """Return the page that `wish` names; an unknown view means all."""
    before, after = _CURSORS.parse(wish.before), _CURSORS.parse(wish.after)
    if before is not None:
        found = _fetch(session, wedding_id, wish, before, newer=True)
        if len(found) > PAGE_SIZE:
            return _cut(found[:PAGE_SIZE][::-1], newer=True, older=True)
        after = None  # fewer than a page: show the first one whole
    found = _fetch(session, wedding_id, wish, after, newer=False)
    return _cut(
        found[:PAGE_SIZE], newer=after is not None, older=len(found) > PAGE_SIZE
    )


def _cut(keys: list[_Key], *, newer: bool, older: bool) -> Heads:
    return Heads(
        ids=tuple(i for _, i in keys),
        newer=_CURSORS.write(keys[0]) if keys and newer else "",
        older=_CURSORS.write(keys[-1]) if keys and older else "",
    )


def _fetch(
    session: Session, wedding_id: int, wish: Wish, start: _Key | None, *, newer: bool
) -> list[_Key]:
    """The keys of the next people from `start` on: one more than a page."""
    rows = session.execute(people_query(wedding_id, wish, start, newer=newer)).all()
    return [(at, int(i)) for at, i in rows]


def people_query(
    wedding_id: int, wish: Wish, start: _Key | None, *, newer: bool
) -> sa.Select[Any]:
    """Return the query of `page_of`: the chats that stand for a person, in order."""
    c = _CHATS.alias("c").c
    keys = (c.last_inbound_at, c.id)
    statement = sa.select(*keys).where(
        *_wanted(c, wedding_id, wish), _listed(c, wedding_id, wish)
    )
    if start is not None:
        edge = sa.tuple_(sa.literal(start[0], c.last_inbound_at.type), start[1])
        place = sa.tuple_(*keys)
        statement = statement.where(place > edge if newer else place < edge)
    order = [key if newer else key.desc() for key in keys]
    return statement.order_by(*order).limit(PAGE_SIZE + 1)


def _listed(c: Any, wedding_id: int, wish: Wish) -> sa.ColumnElement[bool]:
    """A chat stands for its person where they wrote nowhere later. Each name by which
    chats are one person's is asked apart: each has an index."""
    later = _CHATS.alias("later").c
    # as an expression, lest SQLite walk the newer chats of all instead of those indexes
    at = sa.func.coalesce(later.last_inbound_at, later.last_inbound_at)
    newer = sa.and_(
        _counted(later, wedding_id, wish),
        sa.tuple_(at, later.id) > sa.tuple_(c.last_inbound_at, c.id),
    )
    here = later.wedding_id == wedding_id
    elsewhere = (
        sa.exists().where(here, later.chat_id == c.chat_id, newer),
        sa.exists().where(here, later.phone == c.phone, newer),
        sa.exists().where(later.guest_id == c.guest_id, newer),  # is of one wedding
    )
    return sa.and_(
        _in_scope(c, wedding_id, wish),
        c.last_inbound_at.is_not(None),
        *[~one for one in elsewhere],
    )


def _in_scope(c: Any, wedding_id: int, wish: Wish) -> sa.ColumnElement[bool]:
    return sa.and_(c.wedding_id == wedding_id, _counted(c, wedding_id, wish))


def _counted(c: Any, wedding_id: int, wish: Wish) -> sa.ColumnElement[bool]:
    """The condition that the chat is none put aside, or only those, and of the account
    that is looked at."""
    aside = c.ignored_at.is_not(None)
    parts = [aside if wish.view == IGNORED else ~aside]
    if wish.account:
        key = sa.select(col(Account.id)).where(
            col(Account.wedding_id) == wedding_id, col(Account.key) == wish.account
        )
        parts.append(c.account_id == key.scalar_subquery())
    return sa.and_(*parts)


def _wanted(c: Any, wedding_id: int, wish: Wish) -> list[sa.ColumnElement[bool]]:
    """What a person must be, besides listed: by the chats that make them so, which are
    found first, and once."""
    found: list[sa.ColumnElement[bool]] = []
    if wish.view == UNKNOWN:
        found.append(c.household_id.is_(None))
    if wish.view == UNREAD:
        chat = _CHATS.alias("unread").c
        unread = sa.and_(_in_scope(chat, wedding_id, wish), chat.unread > NONE)
        found.append(_of_people(c, chat, unread))
    if wish.view == QUESTIONS:
        chat = _CHATS.alias("asked").c
        asked = sa.select(_QUESTIONS.c.account_id, _QUESTIONS.c.chat_id).where(
            _QUESTIONS.c.wedding_id == wedding_id, _QUESTIONS.c.answered_at.is_(None)
        )
        here = sa.tuple_(chat.account_id, chat.chat_id).in_(asked)
        found.append(_of_people(c, chat, sa.and_(chat.wedding_id == wedding_id, here)))
    if wish.search:
        chat = _CHATS.alias("hit").c
        found.append(_of_people(c, chat, _hits(chat, wedding_id, wish.search)))
    return found


def _of_people(
    c: Any, chat: Any, wanted: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """The condition that one of the person's chats is among the `wanted`. Without a
    look back at `c`, so that the database finds those chats once, not for each row."""
    return sa.or_(
        c.chat_id.in_(sa.select(chat.chat_id).where(wanted)),
        c.phone.in_(sa.select(chat.phone).where(wanted, chat.phone.is_not(None))),
        c.guest_id.in_(
            sa.select(chat.guest_id).where(wanted, chat.guest_id.is_not(None))
        ),
    )


def _hits(chat: Any, wedding_id: int, search: str) -> sa.ColumnElement[bool]:
    """The condition that a chat's names, number or newest words hold what is sought."""
    folded = fold(search)
    guests = sa.select(_GUESTS.c.id).where(
        _GUESTS.c.wedding_id == wedding_id,
        _GUESTS.c.folded.contains(folded, autoescape=True),
    )
    households = sa.select(_HOUSEHOLDS.c.id).where(
        _HOUSEHOLDS.c.wedding_id == wedding_id,
        _HOUSEHOLDS.c.folded.contains(folded, autoescape=True),
    )
    ways = [
        chat.push_name.icontains(search, autoescape=True),
        chat.guest_id.in_(guests),
        chat.household_id.in_(households),
        sa.tuple_(chat.account_id, chat.chat_id).in_(_said(wedding_id, search)),
    ]
    digits = re.sub(r"\D", "", search)
    if len(digits) >= 3 and not re.search(r"[^\W\d]", search):
        ways.append(chat.phone.contains(digits))
    return sa.and_(chat.wedding_id == wedding_id, sa.or_(*ways))


def _said(wedding_id: int, search: str) -> sa.Select[Any]:
    """The chats in which one of the newest messages holds these words."""
    newest = sa.select(sa.func.max(_INBOUND.c.id)).scalar_subquery()
    return sa.select(_INBOUND.c.account_id, _INBOUND.c.chat_id).where(
        _INBOUND.c.id > newest - SEARCH_REACH,
        _INBOUND.c.wedding_id == wedding_id,
        _INBOUND.c.body.icontains(search, autoescape=True),
    )
