"""services: two entries of one person become one, and two households one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import NOTES_LONGEST, Stage
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Guest, Household, HouseholdAlias
from wedding_wa.services import guest_chats
from wedding_wa.services.audit import By
from wedding_wa.services.chats import rematch
from wedding_wa.services.guest_rows import GUESTS, TAGS, guest_of, tags_of, tell
from wedding_wa.services.households import HOUSEHOLDS, household_of, refresh_stages
from wedding_wa.services.sql import changed, table

ALIASES = table(HouseholdAlias)
_FAR = {stage.value: how_far for how_far, stage in enumerate(Stage)}


def who_stays(session: Session, wedding_id: int, guest_ids: Collection[int]) -> int:
    """Return which of several entries of one person is kept when they are merged:
    the one with a number, of several the one whose household is farthest, the oldest.
    """
    guests = [guest_of(session, wedding_id, one) for one in sorted(set(guest_ids))]
    if len(guests) < 2:
        raise BadInput("guests.wrong.merge_one", "guests")

    def rank(guest: Guest) -> tuple[bool, int, int]:
        home = household_of(session, wedding_id, guest.household_id)
        return guest.phone is None, -_FAR.get(home.stage or "", 0), guest.id or 0

    best = min(guests, key=rank)
    assert best.id is not None
    return best.id


def merge(
    session: Session,
    wedding_id: int,
    guest_ids: Collection[int],
    *,
    by: By,
    now: datetime,
) -> int:
    """Make one guest of several entries and return who stayed (`who_stays`).

    They keep what they have and get what only the others had: number, tags, notes,
    language, chats. A second number goes to the notes. Raises NotFound, BadInput.
    """
    kept = who_stays(session, wedding_id, guest_ids)
    others = sorted(set(guest_ids) - {kept})
    homes = {guest_of(session, wedding_id, one).household_id for one in (kept, *others)}
    for other in others:
        _merge_into(session, wedding_id, kept, other, now)
    phone = guest_of(session, wedding_id, kept).phone
    if phone:
        rematch(session, wedding_id, [phone], now=now)
    refresh_stages(session, homes, now=now)
    tell(session, "guests_merged", wedding_id, [kept], by=by, now=now, gone=others)
    return kept


def which_stays(
    session: Session, wedding_id: int, household_ids: Collection[int]
) -> Household:
    """Return which of several households is kept when they are joined."""
    homes = [household_of(session, wedding_id, one) for one in set(household_ids)]
    if len(homes) < 2:
        raise BadInput("guests.wrong.join_one", "households")
    return min(homes, key=lambda home: (-_FAR.get(home.stage or "", 0), home.id or 0))


def join_households(
    session: Session,
    wedding_id: int,
    household_ids: Collection[int],
    *,
    by: By,
    now: datetime,
) -> int:
    """Make one household of several and return which stayed: the one that is
    farthest, of several the oldest (`which_stays`). The links and codes of all go on
    working.
    """
    kept = which_stays(session, wedding_id, household_ids).id or 0
    others = sorted(set(household_ids) - {kept})
    for other in others:
        take_in(session, wedding_id, kept, other, now=now)
    refresh_stages(session, [kept], now=now)
    tell(session, "households_joined", wedding_id, [kept], by=by, now=now, gone=others)
    return kept


def take_in(
    session: Session, wedding_id: int, kept: int, gone: int, *, now: datetime
) -> None:
    """Put people, chats, link, code and what happened of `gone` into `kept`."""
    home, other = (household_of(session, wedding_id, one) for one in (kept, gone))
    values = {
        "language": home.language or other.language,
        "notes": _joined(home.notes, other.notes),
        "invited_at": _first(home.invited_at, other.invited_at),
        "opened_at": _first(home.opened_at, other.opened_at),
        "last_opened_at": _last(home.last_opened_at, other.last_opened_at),
        "opens": home.opens + other.opens,
        "updated_at": now,
    }
    alias = {"token": other.token, "code": other.code}
    _point(session, GUESTS, gone, kept)
    _point(session, ALIASES, gone, kept)
    guest_chats.move_household(session, wedding_id, gone, to=kept)
    changed(session, sa.delete(HOUSEHOLDS).where(HOUSEHOLDS.c.id == gone))
    session.execute(
        sa.insert(ALIASES).values(wedding_id=wedding_id, household_id=kept, **alias)
    )
    changed(
        session, sa.update(HOUSEHOLDS).where(HOUSEHOLDS.c.id == kept).values(**values)
    )
    session.expire_all()


def leave(session: Session, wedding_id: int, old: int, new: int, now: datetime) -> None:
    """Somebody moved from `old` to `new`: an empty household goes along."""
    if old != new and not _somebody_in(session, old):
        take_in(session, wedding_id, new, old, now=now)
    refresh_stages(session, [old, new], now=now)


def _merge_into(
    session: Session, wedding_id: int, kept: int, gone: int, now: datetime
) -> None:
    guest, other = (guest_of(session, wedding_id, one) for one in (kept, gone))
    tags = sorted(
        set(tags_of(session, [gone])[gone]) - set(tags_of(session, [kept])[kept])
    )
    values = _kept_values(guest, other)
    old_home, home = other.household_id, guest.household_id
    guest_chats.move(session, wedding_id, gone, household_id=home, to=kept, now=now)
    changed(
        session,
        sa.update(GUESTS).where(GUESTS.c.contact_id == gone).values(contact_id=kept),
    )
    changed(session, sa.delete(TAGS).where(TAGS.c.guest_id == gone))
    changed(session, sa.delete(GUESTS).where(GUESTS.c.id == gone))
    for tag in tags:
        session.execute(
            sa.insert(TAGS).values(guest_id=kept, tag=tag, wedding_id=wedding_id)
        )
    changed(
        session,
        sa.update(GUESTS).where(GUESTS.c.id == kept).values(updated_at=now, **values),
    )
    session.expire_all()
    leave(session, wedding_id, old_home, home, now)


def _kept_values(guest: Guest, other: Guest) -> dict[str, object]:
    """What the kept guest is afterwards; a second number goes to the notes."""
    notes = _joined(guest.notes, other.notes)
    if guest.phone and other.phone:
        notes = _joined(notes, nice_phone(other.phone))
    phone = guest.phone or other.phone
    contact = guest.contact_id or other.contact_id
    shares = None if phone or contact in (guest.id, other.id) else contact
    return {
        "notes": notes,
        "phone": phone,
        "contact_id": shares,
        "language": guest.language or other.language,
    }


def _point(session: Session, rows: sa.Table, gone: int, kept: int) -> None:
    changed(
        session,
        sa.update(rows).where(rows.c.household_id == gone).values(household_id=kept),
    )


def _somebody_in(session: Session, household_id: int) -> bool:
    found = session.exec(
        select(Guest.id).where(col(Guest.household_id) == household_id).limit(1)
    ).first()
    return found is not None


def _joined(one: str, other: str) -> str:
    lines = dict.fromkeys(part for part in (one, other) if part)
    return "\n".join(lines)[:NOTES_LONGEST]


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _last(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def households_of(
    session: Session, wedding_id: int, guest_ids: Sequence[int]
) -> list[int]:
    """Return the households of these guests, each once."""
    rows = session.scalars(
        sa.select(GUESTS.c.household_id)
        .where(GUESTS.c.wedding_id == wedding_id, GUESTS.c.id.in_(guest_ids))
        .distinct()
        .order_by(GUESTS.c.household_id)
    )
    return [int(one) for one in rows]
