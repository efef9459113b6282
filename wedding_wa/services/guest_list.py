"""services: the guest list: pages by key, who matches, how many are how far.

In the order of households, and within one as its people were added. A page costs the
same wherever it stands; what a search matches is counted, for the buttons that speak
of everybody who does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.guest_search import GuestQuery, parse_search
from wedding_wa.domain.guests import Side, Stage
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Wedding
from wedding_wa.services.guest_match import (
    GUESTS,
    HOUSEHOLDS,
    LISTED,
    TAGS,
    language_of_guest,
    matching,
)

__all__ = ["GuestQuery", "parse_search"]  # callers need one door

PAGE_SIZE = 50
Key = tuple[str, int, int]

# Taking a number apart costs more than reading the row.
_nice = lru_cache(maxsize=8192)(nice_phone)
_ORDER = (HOUSEHOLDS.c.folded, HOUSEHOLDS.c.id, GUESTS.c.id)


@dataclass(frozen=True, slots=True)
class GuestRow:
    """One guest in the list. `shares` is whose phone they are on, "" for nobody's.

    `phone` is written nicely, "" for none; `language` is the one that counts for
    them, `own_language` whether it is theirs alone. `first` begins a household.
    """

    id: int
    name: str
    side: str
    phone: str
    shares: str
    language: str
    own_language: bool
    tags: tuple[str, ...]
    has_notes: bool
    household_id: int
    household: str
    stage: str
    first: bool


@dataclass(frozen=True, slots=True)
class GuestPage:
    """A page. `previous` and `following` are cursors, "" at the ends; `total` is how
    many match; `fresh` how many rows stand ready behind a list that was kept."""

    rows: tuple[GuestRow, ...]
    previous: str
    following: str
    total: int
    fresh: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """How many guests the wedding has: all, by side, and by how far they are."""

    guests: int
    households: int
    sides: Mapping[str, int]
    stages: Mapping[str, int]
    tags: tuple[tuple[str, int], ...]


def guest_page(
    session: Session,
    wedding_id: int,
    query: GuestQuery,
    *,
    after: str = "",
    before: str = "",
    keep: Sequence[int] = (),
) -> GuestPage:
    """Read the page behind the cursor; nonsense counts as none.

    With `keep` the rows are exactly those guests in that order, as far as they still
    are: a list that somebody points at must not move.
    """
    ids, previous, following = _page_ids(session, wedding_id, query, after, before)
    return GuestPage(
        rows=rows_of(session, wedding_id, keep or ids),
        previous=previous,
        following=following,
        total=count(session, wedding_id, query),
        fresh=len(set(ids) - set(keep)) if keep else 0,
    )


def select_ids(session: Session, wedding_id: int, query: GuestQuery) -> list[int]:
    """Return the ids of everybody who matches, in the order of the list."""
    found = session.execute(_wanted([GUESTS.c.id], wedding_id, query).order_by(*_ORDER))
    return [int(guest_id) for (guest_id,) in found]


def count(session: Session, wedding_id: int, query: GuestQuery) -> int:
    """Return how many match."""
    found = session.scalar(_wanted([sa.func.count()], wedding_id, query))
    return int(found or 0)


def counts(session: Session, wedding_id: int) -> Counts:
    """Return the list's figures, whatever is searched for."""
    sides = dict.fromkeys(Side, 0)
    stages = dict.fromkeys(Stage, 0)
    rows = session.execute(
        sa.select(GUESTS.c.side, HOUSEHOLDS.c.stage, sa.func.count())
        .select_from(LISTED)
        .where(HOUSEHOLDS.c.wedding_id == wedding_id)
        .group_by(GUESTS.c.side, HOUSEHOLDS.c.stage)
    )
    for side, stage, n in rows:
        sides[Side(side)] += n
        stages[Stage(stage)] += n
    homes = session.scalar(
        sa.select(sa.func.count()).where(HOUSEHOLDS.c.wedding_id == wedding_id)
    )
    return Counts(
        guests=sum(sides.values()),
        households=int(homes or 0),
        sides={side.value: n for side, n in sides.items()},
        stages={stage.value: n for stage, n in stages.items()},
        tags=tags(session, wedding_id),
    )


def tags(session: Session, wedding_id: int) -> tuple[tuple[str, int], ...]:
    """Return the wedding's tags with how many guests have each, the commonest first."""
    rows = session.execute(
        sa.select(TAGS.c.tag, sa.func.count())
        .where(TAGS.c.wedding_id == wedding_id)
        .group_by(TAGS.c.tag)
        .order_by(sa.func.count().desc(), TAGS.c.tag)
    )
    return tuple((tag, int(n)) for tag, n in rows)


def rows_of(
    session: Session, wedding_id: int, ids: Sequence[int]
) -> tuple[GuestRow, ...]:
    """Return the rows of these guests in this order; who is gone is left out."""
    owner = GUESTS.alias("owner")
    found = session.execute(
        sa.select(
            GUESTS,
            HOUSEHOLDS.c.name.label("home"),
            HOUSEHOLDS.c.stage.label("stage"),
            language_of_guest().label("spoken"),
            owner.c.name.label("shares"),
            owner.c.phone.label("shared"),
        )
        .select_from(LISTED.outerjoin(owner, owner.c.id == GUESTS.c.contact_id))
        .where(GUESTS.c.wedding_id == wedding_id, GUESTS.c.id.in_(ids))
    ).all()
    by_id = {row.id: row for row in found}
    tagged = _tags_of(session, by_id)
    seen: set[int] = set()
    rows = []
    for row in (by_id[i] for i in ids if i in by_id):
        rows.append(_row(row, tagged.get(row.id, ()), row.household_id not in seen))
        seen.add(row.household_id)
    return tuple(rows)


def default_language(session: Session, wedding_id: int) -> str:
    """Return the language of guests for whom nothing else is said."""
    return session.get_one(Wedding, wedding_id).guest_language


def _row(row: Any, tagged: Collection[str], first: bool) -> GuestRow:
    phone = row.phone or row.shared
    return GuestRow(
        id=row.id,
        name=row.name,
        side=row.side,
        phone=_nice(phone) if phone else "",
        shares=row.shares or "",
        language=row.spoken,
        own_language=row.language is not None,
        tags=tuple(tagged),
        has_notes=row.notes != "",
        household_id=row.household_id,
        household=row.home,
        stage=row.stage,
        first=first,
    )


def _tags_of(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for guest_id, tag in session.execute(
        sa.select(TAGS.c.guest_id, TAGS.c.tag)
        .where(TAGS.c.guest_id.in_(list(ids)))
        .order_by(TAGS.c.tag)
    ):
        found.setdefault(guest_id, []).append(tag)
    return found


def _wanted(
    columns: Sequence[Any], wedding_id: int, query: GuestQuery
) -> sa.Select[Any]:
    return sa.select(*columns).select_from(LISTED).where(*matching(wedding_id, query))


def _page_ids(
    session: Session, wedding_id: int, query: GuestQuery, after: str, before: str
) -> tuple[list[int], str, str]:
    """The ids of one page and the cursors to its neighbours."""
    start = _parse(before)
    if start is not None:
        found = _fetch(session, wedding_id, query, start, backward=True)
        if len(found) > PAGE_SIZE:
            page = found[:PAGE_SIZE][::-1]
            return _ids(page), _write(page[0]), _write(page[-1])
    # Fewer than a page lie before: show the first page whole.
    start = None if start is not None else _parse(after)
    found = _fetch(session, wedding_id, query, start, backward=False)
    page = found[:PAGE_SIZE]
    if start is not None and not page:  # what stood behind the cursor is gone
        return _page_ids(session, wedding_id, query, "", after)
    previous = _write(page[0]) if page and start is not None else ""
    following = _write(page[-1]) if len(found) > PAGE_SIZE else ""
    return _ids(page), previous, following


def _fetch(
    session: Session,
    wedding_id: int,
    query: GuestQuery,
    start: Key | None,
    *,
    backward: bool,
) -> list[Key]:
    """The keys of the next rows from `start` on: one more than a page."""
    statement = _page_statement(wedding_id, query, start, backward=backward)
    found = session.execute(statement)
    return [(str(folded), int(home), int(guest)) for folded, home, guest in found]


def _page_statement(
    wedding_id: int, query: GuestQuery, start: Key | None, *, backward: bool
) -> sa.Select[Any]:
    statement = _wanted(_ORDER, wedding_id, query)
    if start is not None:
        whole = sa.tuple_(*_ORDER), sa.tuple_(*map(sa.literal, start))
        # The same once more on the household alone: this one an index can follow.
        home = sa.tuple_(*_ORDER[:2]), sa.tuple_(*map(sa.literal, start[:2]))
        statement = (
            statement.where(whole[0] < whole[1], home[0] <= home[1])
            if backward
            else statement.where(whole[0] > whole[1], home[0] >= home[1])
        )
    order = [column.desc() for column in _ORDER] if backward else _ORDER
    return statement.order_by(*order).limit(PAGE_SIZE + 1)


def _ids(keys: Sequence[Key]) -> list[int]:
    return [key[2] for key in keys]


def _write(key: Key) -> str:
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse(cursor: str) -> Key | None:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, RecursionError):
        return None
    match found:
        case [str(folded), int(home), int(guest)]:
            sane = folded.isprintable() and 0 <= home < 2**31 and 0 <= guest < 2**31
            return (folded, home, guest) if sane else None
    return None
