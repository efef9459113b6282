"""services: how far each household has come: invited, opened, wrote, or wants none.

The stage is a column that the database derives; here it is counted, listed with the
moment since when it holds, and moved by hand where only a person knows: a link that was
sent by other means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.guest_search import By, parse_search
from wedding_wa.domain.guests import Side, Stage
from wedding_wa.models import Guest, GuestTag, Household
from wedding_wa.services import audit
from wedding_wa.services.cursors import Cursors, Part
from wedding_wa.services.guest_match import GUESTS, LISTED, matching
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, table

PAGE_SIZE = 25
TAGS_OFFERED = 40
#: The stages of those who have not written, in the order in which they pass them.
NOT_WRITTEN = (Stage.NOT_INVITED, Stage.LINK_SENT, Stage.OPENED)

_HOUSEHOLDS = table(Household)
_GUESTS = table(Guest)
_TAGS = table(GuestTag)
_H = _HOUSEHOLDS.c

# In a stage since when; the list is sorted by it, the longest first.
_SINCE: dict[Stage, sa.ColumnElement[datetime]] = {
    Stage.NOT_INVITED: _H.created_at,
    Stage.LINK_SENT: _H.invited_at,
    Stage.OPENED: _H.opened_at,
    Stage.ACTIVE: _H.activated_at,
    Stage.OPTED_OUT: _H.opted_out_at,
}
_RANK = sa.case(
    {stage.value: place for place, stage in enumerate(Stage)},
    value=_H.stage,
    else_=0,
)
_MOMENT = sa.case(
    {stage.value: column for stage, column in _SINCE.items()},
    value=_H.stage,
    else_=_H.created_at,
)
_CURSORS = Cursors(Part.RANK, Part.MOMENT, Part.ID)

_Key = tuple[int, datetime, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which households. "" means all; cursors are opaque, nonsense counts as none."""

    stage: str = ""
    side: str = ""
    tag: str = ""
    search: str = ""
    after: str = ""
    before: str = ""


def wish_of(asked: Mapping[str, str]) -> Wish:
    """Read an address's query; what it cannot mean is left out."""
    stage, side = asked.get("stage", ""), asked.get("side", "")
    return Wish(
        stage=stage if stage in tuple(Stage) else "",
        side=side if side in tuple(Side) else "",
        tag=asked.get("tag", "").strip(),
        search=asked.get("q", "").strip(),
        after=asked.get("after", ""),
        before=asked.get("before", ""),
    )


@dataclass(frozen=True, slots=True)
class Count:
    """Households, and the guests in them."""

    households: int = 0
    guests: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One household: where it stands, since when, and who belongs to it."""

    id: int
    name: str
    side: str
    stage: Stage
    since: datetime
    language: str | None
    token: str
    code: str
    opens: int
    guests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows and cursors to its neighbours, "" at the ends."""

    rows: tuple[Row, ...]
    newer: str
    older: str


def counts(session: Session, wedding_id: int, wish: Wish) -> Mapping[Stage, Count]:
    """Count every stage, under all of the wish but its stage. All five are there."""
    which = _which(wedding_id, wish, any_stage=True)
    households = sa.select(_H.stage, sa.func.count()).where(*which).group_by(_H.stage)
    guests = (
        sa.select(_H.stage, sa.func.count())
        .join(_GUESTS, _GUESTS.c.household_id == _H.id)
        .where(*which)
        .group_by(_H.stage)
    )
    of_households = {row[0]: int(row[1]) for row in session.execute(households)}
    of_guests = {row[0]: int(row[1]) for row in session.execute(guests)}
    return {
        stage: Count(of_households.get(stage.value, 0), of_guests.get(stage.value, 0))
        for stage in Stage
    }


def not_written(session: Session, wedding_id: int) -> Count:
    """Count who has not written yet: of them nobody can be written to."""
    found = counts(session, wedding_id, Wish())
    return Count(
        sum(found[stage].households for stage in NOT_WRITTEN),
        sum(found[stage].guests for stage in NOT_WRITTEN),
    )


def activation_page(session: Session, wedding_id: int, wish: Wish) -> Page:
    """Return the page that `wish` names: by stage, then who stands there longest."""
    which = _which(wedding_id, wish)
    before, after = _CURSORS.parse(wish.before), _CURSORS.parse(wish.after)
    if before is not None:
        keys = _keys(session, which, before, backward=True)
        if len(keys) > PAGE_SIZE:
            return _page(session, keys[:PAGE_SIZE][::-1], newer=True, older=True)
        after = None  # fewer than a page: show the first one whole
    keys = _keys(session, which, after, backward=False)
    if after is not None and not keys:  # what stood behind the cursor is gone
        after, keys = None, _keys(session, which, None, backward=False)
    shown, more = keys[:PAGE_SIZE], len(keys) > PAGE_SIZE
    return _page(session, shown, newer=after is not None, older=more)


def one_household(session: Session, wedding_id: int, household_id: int) -> Row | None:
    """Return one household's row."""
    found = _rows(session, [household_id], wedding_id=wedding_id)
    return found[0] if found else None


def ids_of(session: Session, wedding_id: int, wish: Wish) -> list[int]:
    """Return all households that match, by name: for what is done to all of them."""
    query = sa.select(_H.id).where(*_which(wedding_id, wish))
    return [int(row[0]) for row in session.execute(query.order_by(_H.folded, _H.id))]


def rows_of(session: Session, wedding_id: int, ids: Sequence[int]) -> list[Row]:
    """Return the households' rows in the order of `ids`."""
    found = {row.id: row for row in _rows(session, ids, wedding_id=wedding_id)}
    return [found[one] for one in ids if one in found]


def tags(session: Session, wedding_id: int) -> list[str]:
    """Return the tags to choose from, the most used first."""
    query = (
        sa.select(_TAGS.c.tag)
        .where(_TAGS.c.wedding_id == wedding_id)
        .group_by(_TAGS.c.tag)
        .order_by(sa.func.count().desc(), _TAGS.c.tag)
        .limit(TAGS_OFFERED)
    )
    return [str(row[0]) for row in session.execute(query)]


def mark_invited(
    session: Session,
    household_ids: Sequence[int],
    *,
    wedding_id: int,
    by: audit.By,
    now: datetime,
) -> int:
    """Note that these households were sent their link. Returns of how many it is news.

    Who was marked before keeps the earlier moment: they have waited since then.
    """
    return _set_invited(
        session, household_ids, now, wedding_id=wedding_id, by=by, now=now
    )


def unmark_invited(
    session: Session,
    household_ids: Sequence[int],
    *,
    wedding_id: int,
    by: audit.By,
    now: datetime,
) -> int:
    """Take the mark back: the link was not sent after all. Returns how many had it."""
    return _set_invited(
        session, household_ids, None, wedding_id=wedding_id, by=by, now=now
    )


def _set_invited(
    session: Session,
    household_ids: Sequence[int],
    moment: datetime | None,
    *,
    wedding_id: int,
    by: audit.By,
    now: datetime,
) -> int:
    was = _H.invited_at.is_(None) if moment else _H.invited_at.is_not(None)
    which = (_H.wedding_id == wedding_id, _H.id.in_(household_ids), was)
    ids = list(session.scalars(sa.select(_H.id).where(*which).order_by(_H.id)))
    done = changed(
        session,
        sa.update(_HOUSEHOLDS).where(*which).values(invited_at=moment, updated_at=now),
    )
    if not done:
        return 0
    action = "households_invited" if moment else "households_not_invited"
    audit.record(session, action, wedding_id=wedding_id, by=by, now=now, households=ids)
    note(session, Change("guest", wedding_id, ids[0] if len(ids) == 1 else None))
    return done


def _which(
    wedding_id: int, wish: Wish, *, any_stage: bool = False
) -> list[sa.ColumnElement[bool]]:
    which: list[sa.ColumnElement[bool]] = [_H.wedding_id == wedding_id]
    if wish.stage and not any_stage:
        which.append(_H.stage == wish.stage)
    if wish.side:
        which.append(_H.side == wish.side)
    if wish.tag:
        tagged = (
            sa.select(_GUESTS.c.household_id)
            .join(_TAGS, _TAGS.c.guest_id == _GUESTS.c.id)
            .where(_TAGS.c.wedding_id == wedding_id, _TAGS.c.tag == wish.tag)
        )
        which.append(_H.id.in_(tagged))
    if wish.search:
        which.append(_found(wedding_id, wish.search))
    return which


def _found(wedding_id: int, text: str) -> sa.ColumnElement[bool]:
    """Somebody of the household matches, as in the guest list; or its name does, which
    also finds one that has nobody in it yet."""
    query = parse_search(text)
    guests = (
        sa.select(GUESTS.c.household_id)
        .select_from(LISTED)
        .where(GUESTS.c.wedding_id == wedding_id, *matching(wedding_id, query))
    )
    named = [
        _H.folded.contains(term.value, autoescape=True)
        for term in query.terms
        if term.by is By.WORD and not term.negated
    ]
    if query.hints or len(named) < len(query.terms):
        return _H.id.in_(guests)
    return sa.or_(_H.id.in_(guests), sa.and_(sa.true(), *named))


def _keys(
    session: Session,
    which: Sequence[sa.ColumnElement[bool]],
    start: _Key | None,
    *,
    backward: bool,
) -> list[_Key]:
    """The sort keys of the next rows beyond `start`: one more than a page."""
    order: list[Any] = [_RANK, _MOMENT, _H.id]
    query = sa.select(*order).where(*which)
    if start is not None:
        typed = [
            sa.literal(value, type_=key.type)
            for value, key in zip(start, order, strict=True)
        ]
        here, there = sa.tuple_(*order), sa.tuple_(*typed)
        query = query.where(here < there if backward else here > there)
    by = [key.desc() for key in order] if backward else order
    found = session.execute(query.order_by(*by).limit(PAGE_SIZE + 1))
    return [(row[0], row[1], row[2]) for row in found]


def _page(session: Session, keys: list[_Key], *, newer: bool, older: bool) -> Page:
    ids = [key[2] for key in keys]
    found = {row.id: row for row in _rows(session, ids)}
    return Page(
        rows=tuple(found[one] for one in ids),
        newer=_CURSORS.write(keys[0]) if keys and newer else "",
        older=_CURSORS.write(keys[-1]) if keys and older else "",
    )


def _rows(
    session: Session, ids: Sequence[int], *, wedding_id: int | None = None
) -> list[Row]:
    query = sa.select(_HOUSEHOLDS, _MOMENT.label("since")).where(_H.id.in_(ids))
    if wedding_id is not None:
        query = query.where(_H.wedding_id == wedding_id)
    names: dict[int, list[str]] = {}
    people = sa.select(_GUESTS.c.household_id, _GUESTS.c.name)
    people = people.where(_GUESTS.c.household_id.in_(ids)).order_by(_GUESTS.c.id)
    for household_id, name in session.execute(people):
        names.setdefault(household_id, []).append(name)
    return [
        Row(
            id=row.id,
            name=row.name,
            side=row.side,
            stage=Stage(row.stage),
            since=row.since,
            language=row.language,
            token=row.token,
            code=row.code,
            opens=row.opens,
            guests=tuple(names.get(row.id, ())),
        )
        for row in session.execute(query)
    ]
