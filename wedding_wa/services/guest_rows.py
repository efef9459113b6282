"""services: rows of guests and their tags, and telling that they changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.guests import clean_tag
from wedding_wa.models import Guest, GuestTag
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import table

GUESTS = table(Guest)
TAGS = table(GuestTag)


def guest_of(session: Session, wedding_id: int, guest_id: int) -> Guest:
    """Return one guest of the wedding. Raises NotFound."""
    found = session.get(Guest, guest_id)
    if found is None or found.wedding_id != wedding_id:
        raise NotFound("guests.wrong.no_guest")
    return found


def by_phone(session: Session, wedding_id: int, phone: str) -> Guest | None:
    """Return the guest who has this E.164 number."""
    return session.exec(
        select(Guest).where(Guest.wedding_id == wedding_id, Guest.phone == phone)
    ).first()


def everyone_of(session: Session, household_id: int) -> list[Guest]:
    """Return a household's people, in the order in which they were added."""
    return list(
        session.exec(
            select(Guest)
            .where(Guest.household_id == household_id)
            .order_by(col(Guest.id))
        )
    )


def tags_of(session: Session, guest_ids: Collection[int]) -> dict[int, list[str]]:
    """Return each guest's tags in alphabetical order."""
    found: dict[int, list[str]] = {guest_id: [] for guest_id in guest_ids}
    rows = session.execute(
        sa.select(TAGS.c.guest_id, TAGS.c.tag)
        .where(TAGS.c.guest_id.in_(list(guest_ids)))
        .order_by(TAGS.c.tag)
    )
    for guest_id, tag in rows:
        found[guest_id].append(tag)
    return found


def write_tags(
    session: Session, wedding_id: int, guest_id: int, tags: Iterable[str]
) -> None:
    """Write tags of a guest who has none of them yet. Raises BadInput."""
    for tag in dict.fromkeys(clean_tag(tag) for tag in tags):
        session.execute(
            sa.insert(TAGS).values(guest_id=guest_id, tag=tag, wedding_id=wedding_id)
        )


def tell(
    session: Session,
    action: str,
    wedding_id: int,
    ids: Collection[int],
    *,
    by: By,
    now: datetime,
    **params: object,
) -> None:
    """Write down who did it and wake the open pages."""
    audit.record(
        session,
        action,
        wedding_id=wedding_id,
        by=by,
        now=now,
        ids=sorted(ids),
        **params,
    )
    only = next(iter(ids)) if len(ids) == 1 else None
    note(session, Change("guest", wedding_id, only))
