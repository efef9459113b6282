"""services: guests and households as records, for programs: by id, as the tables are.

A program reads the whole list page by page; people's lists (guest_list) are ordered
for reading and counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guest_search import GuestQuery, parse_search
from wedding_wa.models import Guest, Household
from wedding_wa.services import guest_chats, guests
from wedding_wa.services.audit import By
from wedding_wa.services.guest_bulk import ALIASES, Order, Selection, delete_guests
from wedding_wa.services.guest_match import LISTED, matching
from wedding_wa.services.guest_rows import (
    GUESTS,
    everyone_of,
    guest_of,
    tags_of,
    tell,
)
from wedding_wa.services.households import (
    HOUSEHOLDS,
    create_household,
    edit_household,
    household_of,
)
from wedding_wa.services.sql import changed

PAGE_SIZE = 100
_CURSOR = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class GuestRecord:
    """A guest's row with their tags."""

    row: Guest
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HouseholdRecord:
    """A household's row with its people."""

    row: Household
    guests: tuple[GuestRecord, ...]


def understood(text: str) -> GuestQuery:
    """Parse a search as the Guests page does. Raises BadInput for what means nothing:
    a program is better told than given nobody."""
    query = parse_search(text)
    if query.hints:
        typed = ", ".join(
            f"{hint.about}:{hint.typed}".lstrip(":") for hint in query.hints
        )
        raise BadInput("error.invalid", "q", fields=f"q ({typed})")
    return query


def cursor(after: str) -> int:
    """The id after which a page begins; 0 for none. Raises BadInput."""
    if after and not _CURSOR.fullmatch(after):
        raise BadInput("error.invalid", "after", fields="after")
    return int(after or 0)


# --- guests ---------------------------------------------------------------------------


def guest_records(
    session: Session, wedding_id: int, query: GuestQuery, after: int
) -> tuple[list[GuestRecord], str]:
    """A page of those who match, by id, and the cursor to the next, "" at the end."""
    ids = session.scalars(
        sa.select(GUESTS.c.id)
        .select_from(LISTED)
        .where(*matching(wedding_id, query), GUESTS.c.id > after)
        .order_by(GUESTS.c.id)
        .limit(PAGE_SIZE + 1)
    ).all()
    return _guests(session, ids[:PAGE_SIZE]), _next(ids)


def guest_record(session: Session, wedding_id: int, guest_id: int) -> GuestRecord:
    """One guest. Raises NotFound."""
    guest_of(session, wedding_id, guest_id)
    return _guests(session, [guest_id])[0]


def write_guest(
    session: Session,
    wedding_id: int,
    form: guests.GuestForm,
    *,
    by: By,
    now: datetime,
) -> GuestRecord:
    """`guests.add_guest`, and the record that it made."""
    guest_id = guests.add_guest(session, wedding_id, form, by=by, now=now)
    return guest_record(session, wedding_id, guest_id)


def change_guest(
    session: Session,
    wedding_id: int,
    guest_id: int,
    changes: Mapping[str, Any],
    *,
    by: By,
    now: datetime,
) -> GuestRecord:
    """Change what `changes` names (fields of GuestForm) and leave the rest.

    Raises as `guests.edit_guest`. A number of their own ends sharing another's.
    """
    guest = guest_of(session, wedding_id, guest_id)
    if changes.get("phone") and "contact_id" not in changes:
        changes = {**changes, "contact_id": None}
    form = guests.GuestForm(
        name=guest.name,
        phone=guest.phone or "",
        side=guest.side,
        language=guest.language or "",
        tags=tuple(tags_of(session, [guest_id])[guest_id]),
        notes=guest.notes,
        contact_id=guest.contact_id,
    )
    form = replace(form, **changes)
    guests.edit_guest(session, wedding_id, guest_id, form, by=by, now=now)
    return guest_record(session, wedding_id, guest_id)


def delete_guest(
    session: Session, wedding_id: int, guest_id: int, *, by: By, now: datetime
) -> None:
    """Take one guest off the list. Raises NotFound; the rest as `delete_guests`."""
    guest_of(session, wedding_id, guest_id)
    delete_guests(session, Order(wedding_id, by, now), Selection(ids=(guest_id,)))


def merge_guests(
    session: Session,
    wedding_id: int,
    guest_ids: Sequence[int],
    *,
    by: By,
    now: datetime,
) -> GuestRecord:
    """`guests.merge`, and the record of who stayed."""
    kept = guests.merge(session, wedding_id, guest_ids, by=by, now=now)
    return guest_record(session, wedding_id, kept)


# --- households -----------------------------------------------------------------------


def household_records(
    session: Session, wedding_id: int, query: GuestQuery, after: int
) -> tuple[list[Household], str]:
    """A page of households by id, without their people; with a search, those in which
    somebody matches."""
    statement = select(Household).where(
        Household.wedding_id == wedding_id, col(Household.id) > after
    )
    if query.terms:
        matches = sa.select(GUESTS.c.household_id).select_from(LISTED)
        wanted = matches.where(*matching(wedding_id, query))
        statement = statement.where(col(Household.id).in_(wanted))
    rows = session.exec(
        statement.order_by(col(Household.id)).limit(PAGE_SIZE + 1)
    ).all()
    return list(rows[:PAGE_SIZE]), _next([row.id or 0 for row in rows])


def household_record(
    session: Session, wedding_id: int, household_id: int
) -> HouseholdRecord:
    """One household with its people. Raises NotFound."""
    row = household_of(session, wedding_id, household_id)
    ids = [guest.id or 0 for guest in everyone_of(session, household_id)]
    return HouseholdRecord(row, tuple(_guests(session, ids)))


def write_household(
    session: Session, wedding_id: int, values: Mapping[str, Any], *, now: datetime
) -> HouseholdRecord:
    """`create_household`, and the record that it made."""
    row = create_household(session, wedding_id, **values, field="name", now=now)
    return household_record(session, wedding_id, row.id or 0)


def change_household(
    session: Session,
    wedding_id: int,
    household_id: int,
    changes: Mapping[str, Any],
    *,
    by: By,
    now: datetime,
) -> HouseholdRecord:
    """Change what `changes` names and leave the rest. Raises BadInput, NotFound."""
    row = household_of(session, wedding_id, household_id)
    kept = {name: getattr(row, name) for name in ("name", "side", "language", "notes")}
    values = {**kept, **changes, "field": "name"}
    edit_household(session, wedding_id, household_id, **values, by=by, now=now)
    return household_record(session, wedding_id, household_id)


def delete_household(
    session: Session,
    wedding_id: int,
    household_id: int,
    *,
    by: By,
    now: datetime,
) -> None:
    """Take a household and its people off the list, as `delete_guests`. NotFound."""
    household_of(session, wedding_id, household_id)
    ids = tuple(guest.id or 0 for guest in everyone_of(session, household_id))
    if ids:
        delete_guests(session, Order(wedding_id, by, now), Selection(ids=ids))
        return
    guest_chats.let_go(
        session,
        wedding_id,
        guest_ids=(),
        household_ids=[household_id],
        phones=(),
        now=now,
    )
    changed(session, sa.delete(ALIASES).where(ALIASES.c.household_id == household_id))
    changed(session, sa.delete(HOUSEHOLDS).where(HOUSEHOLDS.c.id == household_id))
    session.expire_all()
    tell(session, "household_deleted", wedding_id, [household_id], by=by, now=now)


def _guests(session: Session, ids: Sequence[int]) -> list[GuestRecord]:
    rows = session.exec(select(Guest).where(col(Guest.id).in_(ids))).all()
    by_id = {row.id: row for row in rows}
    tags = tags_of(session, ids)
    return [GuestRecord(by_id[one], tuple(tags[one])) for one in ids if one in by_id]


def _next(ids: Sequence[int]) -> str:
    return str(ids[PAGE_SIZE - 1]) if len(ids) > PAGE_SIZE else ""
