"""services: one order for many guests: those chosen, or everybody who matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.guest_search import GuestQuery
from wedding_wa.domain.guests import clean_language, clean_side, clean_tag
from wedding_wa.models import HouseholdAlias
from wedding_wa.services import guest_chats
from wedding_wa.services.audit import By
from wedding_wa.services.chats import rematch
from wedding_wa.services.guest_list import select_ids
from wedding_wa.services.guest_rows import GUESTS, TAGS, tell
from wedding_wa.services.households import HOUSEHOLDS, refresh_stages
from wedding_wa.services.sql import changed, table

ALIASES = table(HouseholdAlias)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom an order is for: `ids`, or with `query` everybody who matches.

    `expected` is how many the person who gave the order was told of.
    """

    ids: tuple[int, ...] = ()
    query: GuestQuery | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Who gives an order, in which wedding, when."""

    wedding_id: int
    by: By
    now: datetime


def add_tag(session: Session, order: Order, selection: Selection, tag: str) -> int:
    """Give a tag to all who do not have it; return how many. Raises BadInput."""
    kept = clean_tag(tag)
    on_postgres = session.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if on_postgres else sqlite.insert)(TAGS)
    done = 0
    for ids in _batches(chosen(session, order.wedding_id, selection)):
        rows = sa.select(GUESTS.c.id, sa.literal(kept), GUESTS.c.wedding_id).where(
            GUESTS.c.id.in_(ids)
        )
        statement = insert.from_select(["guest_id", "tag", "wedding_id"], rows)
        made = session.execute(
            statement.on_conflict_do_nothing().returning(TAGS.c.guest_id)
        ).all()
        _touch(session, [guest_id for (guest_id,) in made], order.now)
        done += len(made)
    return _done(session, order, "guests_tagged", done, tag=kept)


def remove_tag(session: Session, order: Order, selection: Selection, tag: str) -> int:
    """Take a tag from all who have it; return how many. Raises BadInput."""
    kept, done = clean_tag(tag), 0
    for ids in _batches(chosen(session, order.wedding_id, selection)):
        gone = session.execute(
            sa.delete(TAGS)
            .where(TAGS.c.guest_id.in_(ids), TAGS.c.tag == kept)
            .returning(TAGS.c.guest_id)
        ).all()
        _touch(session, [guest_id for (guest_id,) in gone], order.now)
        done += len(gone)
    return _done(session, order, "guests_untagged", done, tag=kept)


def set_side(session: Session, order: Order, selection: Selection, side: str) -> int:
    """Put guests on a side; return of how many it changed.

    A household all of whose guests are on it goes along: its link offers that number.
    """
    return _set(session, order, selection, "side", clean_side(side).value)


def set_language(
    session: Session, order: Order, selection: Selection, language: str
) -> int:
    """Set guests' language, "" for their household's; return of how many it changed.

    A household all of whose guests have it goes along: its invitation speaks it.
    """
    return _set(session, order, selection, "language", clean_language(language))


def delete_guests(session: Session, order: Order, selection: Selection) -> int:
    """Take guests off the list, and households that nobody is left in; return how
    many guests.

    Their chats become nobody's and what waits for them is cancelled; what they wrote,
    their consents and opt-outs stay as evidence. A number that others share goes on
    to the first of them.
    """
    ids, cancelled = chosen(session, order.wedding_id, selection), 0
    names = [name for part in _batches(ids) for name in _names(session, part)]
    for part in _batches(ids):
        cancelled += _delete(session, order, part)
    return _done(
        session, order, "guests_deleted", len(ids), names=names, cancelled=cancelled
    )


def chosen(session: Session, wedding_id: int, selection: Selection) -> list[int]:
    """Return the guests an order is for. Raises Conflict where everybody who matches
    are not as many as the person was told."""
    if selection.query is not None:
        found = select_ids(session, wedding_id, selection.query)
        if selection.expected is not None and len(found) != selection.expected:
            raise Conflict("other guests match now")
        return found
    mine: list[int] = []
    for ids in _batches(sorted(set(selection.ids))):
        mine += session.scalars(
            sa.select(GUESTS.c.id).where(
                GUESTS.c.wedding_id == wedding_id, GUESTS.c.id.in_(ids)
            )
        )
    return mine


def homes_of(session: Session, ids: Sequence[int]) -> list[int]:
    """Return the households of these guests, each once."""
    return sorted({home for part in _batches(ids) for home in _homes(session, part)})


def _set(
    session: Session,
    order: Order,
    selection: Selection,
    field: str,
    value: str | None,
) -> int:
    column, done = GUESTS.c[field], 0
    for ids in _batches(chosen(session, order.wedding_id, selection)):
        done += changed(
            session,
            sa.update(GUESTS)
            .where(GUESTS.c.id.in_(ids), column.is_distinct_from(value))
            .values({field: value, "updated_at": order.now}),
        )
        homes = _homes(session, ids)
        another = sa.exists().where(
            GUESTS.c.household_id == HOUSEHOLDS.c.id, column.is_distinct_from(value)
        )
        if value is not None:
            changed(
                session,
                sa.update(HOUSEHOLDS)
                .where(HOUSEHOLDS.c.id.in_(homes), ~another)
                .values({field: value, "updated_at": order.now}),
            )
    session.expire_all()
    return _done(session, order, f"guests_{field}", done, value=value)


def _delete(session: Session, order: Order, ids: Sequence[int]) -> int:
    homes = _homes(session, ids)
    stays = sa.select(GUESTS.c.household_id).where(
        GUESTS.c.household_id.in_(homes), GUESTS.c.id.not_in(ids)
    )
    empty = sorted(set(homes) - set(session.scalars(stays)))
    phones = _phones(session, ids)
    heirs = _heirs(session, ids)
    cancelled = guest_chats.let_go(
        session,
        order.wedding_id,
        guest_ids=ids,
        household_ids=empty,
        phones=list(phones.values()),
        now=order.now,
    )
    shared = GUESTS.c.contact_id.in_(ids)
    changed(session, sa.update(GUESTS).where(shared).values(contact_id=None))
    changed(session, sa.delete(TAGS).where(TAGS.c.guest_id.in_(ids)))
    changed(session, sa.delete(GUESTS).where(GUESTS.c.id.in_(ids)))
    changed(session, sa.delete(ALIASES).where(ALIASES.c.household_id.in_(empty)))
    changed(session, sa.delete(HOUSEHOLDS).where(HOUSEHOLDS.c.id.in_(empty)))
    session.expire_all()
    for gone, (heir, *others) in heirs.items():
        _hand_on(session, order, phones[gone], heir, others)
    refresh_stages(session, set(homes) - set(empty), now=order.now)
    return cancelled


def _heirs(session: Session, ids: Sequence[int]) -> dict[int, list[int]]:
    """Who shares the phone of somebody of `ids` and is not one of them."""
    found: dict[int, list[int]] = {}
    for owner, guest_id in session.execute(
        sa.select(GUESTS.c.contact_id, GUESTS.c.id)
        .where(GUESTS.c.contact_id.in_(ids), GUESTS.c.id.not_in(ids))
        .order_by(GUESTS.c.id)
    ):
        found.setdefault(owner, []).append(guest_id)
    return found


def _hand_on(
    session: Session, order: Order, phone: str, heir: int, others: Sequence[int]
) -> None:
    changed(session, sa.update(GUESTS).where(GUESTS.c.id == heir).values(phone=phone))
    changed(
        session,
        sa.update(GUESTS).where(GUESTS.c.id.in_(others)).values(contact_id=heir),
    )
    session.expire_all()
    rematch(session, order.wedding_id, [phone], now=order.now)


def _phones(session: Session, ids: Sequence[int]) -> dict[int, str]:
    rows = session.execute(
        sa.select(GUESTS.c.id, GUESTS.c.phone).where(
            GUESTS.c.id.in_(ids), GUESTS.c.phone.is_not(None)
        )
    )
    return {guest_id: str(phone) for guest_id, phone in rows}


def _names(session: Session, ids: Sequence[int]) -> list[str]:
    return list(session.scalars(sa.select(GUESTS.c.name).where(GUESTS.c.id.in_(ids))))


def _homes(session: Session, ids: Sequence[int]) -> list[int]:
    return list(
        session.scalars(
            sa.select(GUESTS.c.household_id).where(GUESTS.c.id.in_(ids)).distinct()
        )
    )


def _touch(session: Session, ids: Sequence[int], now: datetime) -> None:
    changed(
        session, sa.update(GUESTS).where(GUESTS.c.id.in_(ids)).values(updated_at=now)
    )


def _done(session: Session, order: Order, action: str, n: int, **params: object) -> int:
    if n:
        tell(
            session,
            action,
            order.wedding_id,
            [],
            by=order.by,
            now=order.now,
            n=n,
            **params,
        )
    return n


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """SQLite takes only so many values in one statement."""
    return (ids[at : at + _BATCH] for at in range(0, len(ids), _BATCH))
