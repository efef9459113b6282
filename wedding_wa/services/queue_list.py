"""services: which messages a page of the queue shows, by key, never by offset.

A search looks at the newest SEARCH_REACH messages of each state, so that it too costs
the same however long the history is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.messages import Status
from wedding_wa.models import BUCKETS
from wedding_wa.services.cursors import Cursors, Part
from wedding_wa.services.queue.rows import MESSAGES

PAGE_SIZE = 25
SEARCH_REACH = 2000
STATES = BUCKETS
# These lists stand in the order in which they will go; all others newest first.
LINE_STATES = ("waiting", "held")
# What sets a message aside until a person says so.
RULES = ("by_hand", "missed", "quarantine")

# What sorting and searching look at; whole rows are read for one page only.
_NEEDED = [
    MESSAGES.c[name]
    for name in ("id", "priority", "queue_at", "name", "text", "phone", "chat_id")
]
_BY_LINE = Cursors(Part.RANK, Part.MOMENT, Part.ID)
_BY_ID = Cursors(Part.ID)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader wants to see. Cursors are opaque; nonsense counts as none."""

    state: str = ""
    search: str = ""
    after: str = ""
    before: str = ""
    # Of what is held, only what this rule set aside; "" for all.
    rule: str = ""


@dataclass(frozen=True, slots=True)
class PageOfIds:
    """The ids of one page in order, and cursors to its neighbours, "" at the ends."""

    ids: tuple[int, ...]
    newer: str
    older: str


_Columns = Any  # the `.c` of a table or of a subquery
_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _List:
    """One kind of list: its indexed branches, its order, its cursors."""

    branches: tuple[sa.Select[Any], ...]
    key: Callable[[_Columns], list[sa.ColumnElement[Any]]]
    descending: bool
    cursors: Cursors


def page_of(
    session: Session, wedding_id: int, account_ids: Sequence[int], wish: Wish
) -> PageOfIds:
    """Return the page that `wish` names; an unknown state means all."""
    listed = _list(wedding_id, account_ids, wish)
    before, after = listed.cursors.parse(wish.before), listed.cursors.parse(wish.after)
    if before is not None:
        found = _fetch(session, listed, wish.search, before, backward=True)
        if len(found) > PAGE_SIZE:
            return _page(listed, found[:PAGE_SIZE][::-1], newer=True, older=True)
        after = None  # fewer than a page: show the first one whole
    found = _fetch(session, listed, wish.search, after, backward=False)
    return _page(
        listed,
        found[:PAGE_SIZE],
        newer=after is not None,
        older=len(found) > PAGE_SIZE,
    )


def matching(
    wedding_id: int, account_ids: Sequence[int], wish: Wish
) -> list[sa.ColumnElement[bool]]:
    """The conditions of all that `wish` lists, on every page of it."""
    conditions = [MESSAGES.c.wedding_id == wedding_id]
    if not wish.search:
        if wish.state in BUCKETS:
            conditions.append(MESSAGES.c.bucket == wish.state)
        return conditions + _set_aside(wish)
    listed = _list(wedding_id, account_ids, wish)
    found = _reached(listed, SEARCH_REACH)
    ids = sa.select(found.c.id).where(*saying(found.c, wish.search))
    return [*conditions, MESSAGES.c.id.in_(ids)]


def _page(listed: _List, keys: list[_Key], *, newer: bool, older: bool) -> PageOfIds:
    return PageOfIds(
        ids=tuple(int(key[-1]) for key in keys),
        newer=listed.cursors.write(keys[0]) if keys and newer else "",
        older=listed.cursors.write(keys[-1]) if keys and older else "",
    )


def _list(wedding_id: int, account_ids: Sequence[int], wish: Wish) -> _List:
    state = wish.state
    if state in LINE_STATES:
        branches = [
            sa.select(*_NEEDED).where(
                MESSAGES.c.account_id == account_id,
                MESSAGES.c.status == Status.PENDING,
                MESSAGES.c.bucket == state,
                *_set_aside(wish),
            )
            for account_id in account_ids
        ]
        return _List(tuple(branches), _line_key, False, _BY_LINE)
    # One indexed branch a state: a single query over all of them would sort them all.
    branches = [
        sa.select(*_NEEDED).where(
            MESSAGES.c.wedding_id == wedding_id, MESSAGES.c.bucket == bucket
        )
        for bucket in ([state] if state in BUCKETS else BUCKETS)
    ]
    return _List(tuple(branches), _id_key, True, _BY_ID)


def _set_aside(wish: Wish) -> list[sa.ColumnElement[bool]]:
    if wish.state != "held" or wish.rule not in RULES:
        return []
    return [MESSAGES.c.held_at.is_not(None), MESSAGES.c.hold_rule == wish.rule]


def _fetch(
    session: Session,
    listed: _List,
    search: str,
    start: _Key | None,
    *,
    backward: bool,
) -> list[_Key]:
    """The sort keys of the next rows from `start` on: one more than a page."""
    falling = listed.descending is not backward
    beyond = _beyond(listed.key(MESSAGES.c), start, falling)
    limit = SEARCH_REACH if search else PAGE_SIZE + 1
    found = _reached(listed, limit, *beyond, falling=falling)
    statement = (
        sa.select(*listed.key(found.c))
        .where(*saying(found.c, search))
        .order_by(*_order(listed, found.c, falling=falling))
        .limit(PAGE_SIZE + 1)
    )
    return [tuple(row) for row in session.execute(statement).all()]


def _reached(
    listed: _List,
    limit: int,
    *conditions: sa.ColumnElement[bool],
    falling: bool | None = None,
) -> sa.Subquery:
    """The first `limit` of each branch, in the list's order or the `falling` one."""
    if falling is None:
        falling = listed.descending
    order = _order(listed, MESSAGES.c, falling=falling)
    parts = [
        sa.select(branch.where(*conditions).order_by(*order).limit(limit).subquery())
        for branch in listed.branches
    ]
    return (sa.union_all(*parts) if len(parts) > 1 else parts[0]).subquery()


def _order(
    listed: _List, columns: _Columns, *, falling: bool
) -> list[sa.ColumnElement[Any]]:
    keys = listed.key(columns)
    return [key.desc() for key in keys] if falling else keys


def _beyond(
    keys: list[sa.ColumnElement[Any]], start: _Key | None, falling: bool
) -> list[sa.ColumnElement[bool]]:
    if start is None:
        return []
    typed = [
        sa.literal(value, type_=key.type)
        for key, value in zip(keys, start, strict=True)
    ]
    left, right = sa.tuple_(*keys), sa.tuple_(*typed)
    return [left < right if falling else left > right]


def saying(columns: _Columns, search: str) -> list[sa.ColumnElement[bool]]:
    """The conditions that name or text hold the words, or the number these digits."""
    if not search:
        return []
    digits = re.sub(r"\D", "", search)
    ways = [
        columns.name.icontains(search, autoescape=True),
        columns.text.icontains(search, autoescape=True),
    ]
    if len(digits) >= 3 and not re.search(r"[^\W\d]", search):
        ways += [columns.phone.contains(digits), columns.chat_id.contains(digits)]
    return [sa.or_(*ways)]


def _id_key(columns: _Columns) -> list[sa.ColumnElement[Any]]:
    return [columns.id]


def _line_key(columns: _Columns) -> list[sa.ColumnElement[Any]]:
    return [columns.priority, columns.queue_at, columns.id]
