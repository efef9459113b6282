"""services: many households at once, as `create_household` makes one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.guests import clean_language, clean_name, clean_side, fold
from wedding_wa.domain.invitation import new_code
from wedding_wa.models import HouseholdAlias
from wedding_wa.services.households import HOUSEHOLDS


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """What the couple say of it; language None is the wedding's."""

    name: str
    side: str
    language: str | None = None


def create_households(
    session: Session, wedding_id: int, new: Sequence[NewHousehold], *, now: datetime
) -> list[int]:
    """Write households with new tokens and codes; return their ids in order.

    Raises BadInput. Tells nobody: the caller does, once for all.
    """
    if not new:
        return []
    taken = _codes(session, wedding_id)
    rows = [
        {
            "wedding_id": wedding_id,
            "name": (name := clean_name(one.name, field="household")),
            "folded": fold(name),
            "side": clean_side(one.side).value,
            "language": clean_language(one.language),
            "notes": "",
            "token": secrets.token_urlsafe(16),
            "code": _free_code(taken),
            "opens": 0,
            "created_at": now,
            "updated_at": now,
        }
        for one in new
    ]
    insert = sa.insert(HOUSEHOLDS).returning(
        HOUSEHOLDS.c.id, sort_by_parameter_order=True
    )
    return list(session.scalars(insert, rows))


def _codes(session: Session, wedding_id: int) -> set[str]:
    """All that households of the wedding have, or had before they were merged."""
    own = sa.select(HOUSEHOLDS.c.code).where(HOUSEHOLDS.c.wedding_id == wedding_id)
    merged = sa.select(col(HouseholdAlias.code)).where(
        col(HouseholdAlias.wedding_id) == wedding_id
    )
    return set(session.scalars(sa.union_all(own, merged)))


def _free_code(taken: set[str]) -> str:
    while True:
        code = new_code(secrets.choice)
        if code not in taken:
            taken.add(code)
            return code
