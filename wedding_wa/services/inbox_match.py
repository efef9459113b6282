"""services: finding the guest behind a writer nobody knows, for a person to decide.

What a likeness of names suggests is only ever shown; a person links.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.guests import fold
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Chat, Guest, Household
from wedding_wa.services.sql import table

MOST = 8
SUGGESTED = 3
# Words shorter than this are like too many names.
_SHORTEST = 3
_CANDIDATES = 200

_CHATS = table(Chat)
_GUESTS = table(Guest)
_HOUSEHOLDS = table(Household)


@dataclass(frozen=True, slots=True)
class Match:
    """A guest, or with `guest_id` None a household as a whole. `wrote` says that a
    chat is linked to them already."""

    household_id: int
    guest_id: int | None
    name: str
    household: str
    phone: str
    side: str
    wrote: bool


def find(session: Session, wedding_id: int, text: str) -> list[Match]:
    """Guests and households whose name holds every word, or whose number the digits;
    at most MOST, guests first. Nothing for an empty text.

    A household that is called like a guest of it that was found is left out.
    """
    words = fold(text).split()
    if not words:
        return []
    named = [_GUESTS.c.folded.contains(word, autoescape=True) for word in words]
    ways = [sa.and_(*named)]
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 3 and not re.search(r"[^\W\d]", text):
        ways.append(_GUESTS.c.phone.contains(digits))
    guests = _guests(session, wedding_id, sa.or_(*ways), limit=MOST)
    families = _households(session, wedding_id, words, limit=MOST - len(guests))
    alone = {(guest.household_id, guest.name) for guest in guests}
    return [*guests, *(f for f in families if (f.household_id, f.name) not in alone)]


def suggested(session: Session, wedding_id: int, push_name: str) -> list[Match]:
    """Guests who share whole words with what the writer calls themselves, the
    likeliest first; at most SUGGESTED."""
    words = {word for word in fold(push_name).split() if len(word) >= _SHORTEST}
    if not words:
        return []
    like = [_GUESTS.c.folded.contains(word, autoescape=True) for word in words]
    found = _guests(session, wedding_id, sa.or_(*like), limit=_CANDIDATES)
    ranked = [(len(words & set(fold(one.name).split())), one) for one in found]
    ranked.sort(key=lambda pair: (-pair[0], pair[1].wrote, pair[1].name))
    return [one for shared, one in ranked if shared][:SUGGESTED]


def _guests(
    session: Session, wedding_id: int, wanted: sa.ColumnElement[bool], *, limit: int
) -> list[Match]:
    linked = sa.exists().where(_CHATS.c.guest_id == _GUESTS.c.id)
    rows = session.execute(
        sa.select(
            _GUESTS.c.id,
            _GUESTS.c.household_id,
            _GUESTS.c.name,
            _HOUSEHOLDS.c.name.label("family"),
            _GUESTS.c.phone,
            _GUESTS.c.side,
            linked.label("wrote"),
        )
        .join(_HOUSEHOLDS, _HOUSEHOLDS.c.id == _GUESTS.c.household_id)
        .where(_GUESTS.c.wedding_id == wedding_id, wanted)
        .order_by(_GUESTS.c.folded, _GUESTS.c.id)
        .limit(limit)
    ).all()
    return [_guest(row) for row in rows]


def _guest(row: Any) -> Match:
    return Match(
        household_id=row.household_id,
        guest_id=row.id,
        name=row.name,
        household=row.family,
        phone=nice_phone(row.phone) if row.phone else "",
        side=row.side,
        wrote=bool(row.wrote),
    )


def _households(
    session: Session, wedding_id: int, words: Sequence[str], *, limit: int
) -> list[Match]:
    if limit <= 0:
        return []
    named = [_HOUSEHOLDS.c.folded.contains(word, autoescape=True) for word in words]
    linked = sa.exists().where(_CHATS.c.household_id == _HOUSEHOLDS.c.id)
    rows = session.execute(
        sa.select(
            _HOUSEHOLDS.c.id,
            _HOUSEHOLDS.c.name,
            _HOUSEHOLDS.c.side,
            linked.label("wrote"),
        )
        .where(_HOUSEHOLDS.c.wedding_id == wedding_id, *named)
        .order_by(_HOUSEHOLDS.c.folded, _HOUSEHOLDS.c.id)
        .limit(limit)
    ).all()
    return [
        Match(row.id, None, row.name, row.name, "", row.side, bool(row.wrote))
        for row in rows
    ]
