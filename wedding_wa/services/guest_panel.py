"""services: one guest, or one household, as the side panel shows them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import fold
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Account, Chat, Guest, Household
from wedding_wa.services.guest_rows import everyone_of, tags_of
from wedding_wa.services.households import by_code
from wedding_wa.services.sql import table

OFFERED = 8
HOUSEHOLDS = table(Household)
_NAMED_CODE = re.compile(r".*\(([A-Z0-9]{5})\)\s*")


@dataclass(frozen=True, slots=True)
class Person:
    """One guest as written down. `shares` is whose phone they are on."""

    id: int
    name: str
    phone: str
    side: str
    language: str
    notes: str
    tags: tuple[str, ...]
    contact_id: int | None
    shares: str
    household_id: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """A chat of a household: with which account, whose, the last line of either."""

    id: int
    account: str
    guest_id: int | None
    who: str
    last_text: str
    last_at: datetime | None
    unread: int


@dataclass(frozen=True, slots=True)
class Home:
    """A household with its people, its link's secret, and what happened to it."""

    id: int
    name: str
    side: str
    language: str
    notes: str
    token: str
    code: str
    stage: str
    invited_at: datetime | None
    opened_at: datetime | None
    opens: int
    activated_at: datetime | None
    opted_out_at: datetime | None
    people: tuple[Person, ...]
    threads: tuple[Thread, ...]


def home_of(session: Session, wedding_id: int, household_id: int) -> Home | None:
    """Return a household, None where there is none."""
    row = session.get(Household, household_id)
    if row is None or row.wedding_id != wedding_id:
        return None
    return Home(
        id=household_id,
        name=row.name,
        side=row.side,
        language=row.language or "",
        notes=row.notes,
        token=row.token,
        code=row.code,
        stage=row.stage or "",
        invited_at=row.invited_at,
        opened_at=row.opened_at,
        opens=row.opens,
        activated_at=row.activated_at,
        opted_out_at=row.opted_out_at,
        people=_people(session, household_id),
        threads=_threads(session, household_id),
    )


def home_of_guest(session: Session, wedding_id: int, guest_id: int) -> Home | None:
    """Return the household of a guest, None where there is no such guest."""
    guest = session.get(Guest, guest_id)
    if guest is None or guest.wedding_id != wedding_id:
        return None
    return home_of(session, wedding_id, guest.household_id)


def named(
    session: Session, wedding_id: int, text: str, *, current: int | None = None
) -> int | None:
    """Return the household that a name means, None for a new one.

    A code in brackets tells two of one name apart, and `current` is meant before
    others. Raises BadInput where it is not clear which.
    """
    typed = _NAMED_CODE.fullmatch(text)
    home = by_code(session, wedding_id, typed[1]) if typed else None
    if home is not None:
        return home.id
    found = list(
        session.exec(
            select(Household.id).where(
                Household.wedding_id == wedding_id, Household.folded == fold(text)
            )
        )
    )
    if current in found:
        return current
    if len(found) > 1:
        raise BadInput("guests.wrong.which_household", "household", name=text.strip())
    return found[0] if found else None


def suggested(session: Session, wedding_id: int, text: str) -> list[str]:
    """Return names of households that hold these words, as `named` understands them."""
    words = fold(text).split()
    rows = session.exec(
        select(Household)
        .where(
            Household.wedding_id == wedding_id,
            *(col(Household.folded).contains(word, autoescape=True) for word in words),
        )
        .order_by(col(Household.folded), col(Household.id))
        .limit(OFFERED)
    ).all()
    several = _several(session, wedding_id, {row.folded for row in rows})
    return [
        f"{row.name} ({row.code})" if row.folded in several else row.name
        for row in rows
    ]


def _several(session: Session, wedding_id: int, names: Collection[str]) -> set[str]:
    """Those of the names that more than one household has."""
    return set(
        session.scalars(
            sa.select(HOUSEHOLDS.c.folded)
            .where(
                HOUSEHOLDS.c.wedding_id == wedding_id, HOUSEHOLDS.c.folded.in_(names)
            )
            .group_by(HOUSEHOLDS.c.folded)
            .having(sa.func.count() > 1)
        )
    )


def _people(session: Session, household_id: int) -> tuple[Person, ...]:
    guests = everyone_of(session, household_id)
    ids = [guest.id for guest in guests if guest.id is not None]
    tags = tags_of(session, ids)
    owners = {guest.contact_id for guest in guests if guest.contact_id is not None}
    found = session.exec(select(Guest).where(col(Guest.id).in_(owners)))
    names = {owner.id: owner.name for owner in found}
    return tuple(
        Person(
            id=guest.id or 0,
            name=guest.name,
            phone=nice_phone(guest.phone) if guest.phone else "",
            side=guest.side,
            language=guest.language or "",
            notes=guest.notes,
            tags=tuple(tags[guest.id or 0]),
            contact_id=guest.contact_id,
            shares=names.get(guest.contact_id, ""),
            household_id=household_id,
            updated_at=guest.updated_at,
        )
        for guest in guests
    )


def _threads(session: Session, household_id: int) -> tuple[Thread, ...]:
    rows = session.exec(
        select(Chat, Account.key, Guest.name)
        .join(Account, col(Account.id) == col(Chat.account_id))
        .outerjoin(Guest, col(Guest.id) == col(Chat.guest_id))
        .where(Chat.household_id == household_id)
        .order_by(col(Chat.last_at).desc(), col(Chat.id))
    ).all()
    return tuple(
        Thread(
            id=chat.id or 0,
            account=key,
            guest_id=chat.guest_id,
            who=name
            or chat.push_name
            or (nice_phone(chat.phone) if chat.phone else ""),
            last_text=chat.last_text,
            last_at=chat.last_at,
            unread=chat.unread,
        )
        for chat, key, name in rows
    )
