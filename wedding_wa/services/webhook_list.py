"""services: which raw events, or refusals, a page shows: by key, newest first.

Every list is a few indexed branches of at most a page each, so that none grows with
the history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.models import WebhookLog, WebhookRefusal
from wedding_wa.services.sql import table

PAGE_SIZE = 25
#: Names of events offered as filters.
NAMES = 30
ONLY = ("open", "refused")

LOG = table(WebhookLog)
REFUSALS = table(WebhookRefusal)
_CURSOR = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader wants to see; nonsense counts as nothing.

    `account` is a key, `event` WAHA's name. `only` "open": what is not applied, for
    whatever reason; "refused": the deliveries turned away.
    """

    account: str = ""
    event: str = ""
    only: str = ""
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class PageOfIds:
    """The ids of one page, newest first, and cursors, "" at the ends."""

    ids: tuple[int, ...]
    newer: str
    older: str


def page_of(
    session: Session,
    wedding_id: int,
    accounts: Mapping[int, str],
    wish: Wish,
    *,
    size: int = PAGE_SIZE,
) -> PageOfIds:
    """Return the page that `wish` names. `accounts`: the wedding's, key by id."""
    branches = _branches(wedding_id, accounts, wish)
    before, after = _cursor(wish.before), _cursor(wish.after)
    if before is not None:
        found = _fetch(session, branches, before, size, upward=True)
        if len(found) > size:
            return _page(found[:size][::-1], newer=True, older=True)
        after = None  # fewer than a page: show the first one whole
    found = _fetch(session, branches, after, size, upward=False)
    return _page(found[:size], newer=after is not None, older=len(found) > size)


def event_names(session: Session, account_ids: Sequence[int]) -> tuple[str, ...]:
    """The names of the events there are, at most 30: by steps through the index."""
    names: set[str] = set()
    for account_id in account_ids:
        last = ""
        for _ in range(NAMES):
            next_name = session.execute(
                sa.select(sa.func.min(LOG.c.event)).where(
                    LOG.c.account_id == account_id, LOG.c.event > last
                )
            ).scalar()
            if next_name is None:
                break
            last = str(next_name)
            names.add(last)
    return tuple(sorted(names)[:NAMES])


def open_conditions() -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """What is not applied: what waits, and what could not be; an index each."""
    waits = sa.and_(LOG.c.applied_at.is_(None), LOG.c.error.is_(None))
    return waits, LOG.c.error.is_not(None)


def _branches(
    wedding_id: int, accounts: Mapping[int, str], wish: Wish
) -> list[sa.Select[Any]]:
    """Each selects `id`; together they are the list, without doubles."""
    if wish.only == "refused" and not wish.account:
        return [sa.select(REFUSALS.c.id).where(REFUSALS.c.wedding_id == wedding_id)]
    rows = REFUSALS if wish.only == "refused" else LOG
    wanted = [i for i, key in accounts.items() if wish.account in ("", key)]
    branches = [sa.select(rows.c.id).where(rows.c.account_id == one) for one in wanted]
    if wish.only == "refused":
        return branches
    if wish.event:
        branches = [one.where(LOG.c.event == wish.event) for one in branches]
    if wish.only == "open":
        return [one.where(part) for one in branches for part in open_conditions()]
    return branches


def _fetch(
    session: Session,
    branches: Sequence[sa.Select[Any]],
    start: int | None,
    size: int,
    *,
    upward: bool,
) -> list[int]:
    """The ids from `start` on: one more than a page."""
    if not branches:
        return []
    parts = [sa.select(_part(one, start, size, upward=upward)) for one in branches]
    found = (sa.union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    order = found.c.id.asc() if upward else found.c.id.desc()
    statement = sa.select(found.c.id).order_by(order).limit(size + 1)
    return [int(one) for one in session.execute(statement).scalars()]


def _part(
    branch: sa.Select[Any], start: int | None, size: int, *, upward: bool
) -> sa.Subquery:
    column = branch.selected_columns.id
    if start is not None:
        branch = branch.where(column > start if upward else column < start)
    order = column.asc() if upward else column.desc()
    return branch.order_by(order).limit(size + 1).subquery()


def _page(ids: Sequence[int], *, newer: bool, older: bool) -> PageOfIds:
    return PageOfIds(
        ids=tuple(ids),
        newer=str(ids[0]) if ids and newer else "",
        older=str(ids[-1]) if ids and older else "",
    )


def _cursor(text: str) -> int | None:
    return int(text) if _CURSOR.fullmatch(text) and text.isascii() else None
