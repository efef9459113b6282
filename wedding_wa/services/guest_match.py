"""services: a parsed search as conditions on guests and their households."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlmodel import col

from wedding_wa.domain.guest_search import By, GuestQuery, Term, digits, is_number
from wedding_wa.models import Chat, Guest, GuestTag, Household, Wedding
from wedding_wa.services.sql import table

GUESTS = table(Guest)
HOUSEHOLDS = table(Household)
TAGS = table(GuestTag)
# Guests with their households: what a search looks at.
LISTED = GUESTS.join(HOUSEHOLDS, HOUSEHOLDS.c.id == GUESTS.c.household_id)

Condition = sa.ColumnElement[bool]


def matching(wedding_id: int, query: GuestQuery) -> list[Condition]:
    """Return the conditions; with a hint in the query nobody matches.

    Each part is false rather than NULL where a value is missing, so that its
    opposite matches.
    """
    if query.hints:
        return [sa.false()]
    # By the households alone: their index is the list's order, so that a page is
    # read along it and nothing is sorted.
    return [HOUSEHOLDS.c.wedding_id == wedding_id, *map(_condition, query.terms)]


def language_of_guest() -> sa.ColumnElement[str]:
    """The language in which a guest is written to: own, household's, wedding's."""
    of_wedding = sa.select(col(Wedding.guest_language)).where(
        col(Wedding.id) == GUESTS.c.wedding_id
    )
    return sa.func.coalesce(
        GUESTS.c.language, HOUSEHOLDS.c.language, of_wedding.scalar_subquery()
    )


def _condition(term: Term) -> Condition:
    found = _CONDITIONS[term.by](term.value)
    return sa.not_(found) if term.negated else found


def _word(value: str) -> Condition:
    ways = [
        GUESTS.c.folded.contains(value, autoescape=True),
        HOUSEHOLDS.c.folded.contains(value, autoescape=True),
        GUESTS.c.notes.icontains(value, autoescape=True),
        HOUSEHOLDS.c.notes.icontains(value, autoescape=True),
    ]
    if is_number(value):
        ways.append(_phone(digits(value)))
    return sa.or_(*ways)


def _phone(value: str) -> Condition:
    """Their number, or the one that they share."""
    owner = GUESTS.alias("owner")
    shared = sa.exists().where(
        owner.c.id == GUESTS.c.contact_id, owner.c.phone.contains(value)
    )
    own = sa.func.coalesce(GUESTS.c.phone, "").contains(value)
    return sa.or_(own, shared)


def _tagged(value: str) -> Condition:
    return sa.exists().where(TAGS.c.guest_id == GUESTS.c.id, TAGS.c.tag == value)


def _has(value: str) -> Condition:
    return {
        "phone": sa.or_(GUESTS.c.phone.is_not(None), GUESTS.c.contact_id.is_not(None)),
        "tag": sa.exists().where(TAGS.c.guest_id == GUESTS.c.id),
        "notes": GUESTS.c.notes != "",
        "language": sa.or_(
            GUESTS.c.language.is_not(None), HOUSEHOLDS.c.language.is_not(None)
        ),
        "chat": sa.exists().where(
            sa.or_(
                col(Chat.guest_id) == GUESTS.c.id,
                sa.and_(
                    col(Chat.household_id) == GUESTS.c.household_id,
                    col(Chat.guest_id).is_(None),
                ),
            )
        ),
    }[value]


def _moment(column: sa.Column[object], value: str) -> Condition:
    return column.is_not(None) if value == "yes" else column.is_(None)


_CONDITIONS: Mapping[By, Callable[[str], Condition]] = {
    By.WORD: _word,
    By.SIDE: lambda value: GUESTS.c.side == value,
    By.TAG: _tagged,
    By.STAGE: lambda value: HOUSEHOLDS.c.stage == value,
    By.ACTIVATED: lambda value: _moment(HOUSEHOLDS.c.activated_at, value),
    By.OPTED_OUT: lambda value: _moment(HOUSEHOLDS.c.opted_out_at, value),
    By.LANG: lambda value: language_of_guest() == value,
    By.HOUSEHOLD: lambda value: HOUSEHOLDS.c.folded.contains(value, autoescape=True),
    By.HAS: _has,
    By.PHONE: _phone,
}
