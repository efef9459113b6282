"""services: households: their secret link and code, and how far they have come."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.guests import (
    clean_language,
    clean_name,
    clean_notes,
    clean_side,
    fold,
)
from wedding_wa.domain.invitation import new_code
from wedding_wa.models import Chat, Consent, Household, HouseholdAlias, OptOut
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

HOUSEHOLDS = table(Household)
CHATS = table(Chat)


def create_household(
    session: Session,
    wedding_id: int,
    *,
    name: str,
    side: str,
    language: str | None = None,
    notes: str = "",
    field: str = "household",
    now: datetime,
) -> Household:
    """Write a household with a new token and code. Raises BadInput, on `field` where
    the name is wrong."""
    kept = clean_name(name, field=field)
    values = {
        "wedding_id": wedding_id,
        "name": kept,
        "folded": fold(kept),
        "side": clean_side(side).value,
        "language": clean_language(language),
        "notes": clean_notes(notes),
        "opens": 0,
        "created_at": now,
        "updated_at": now,
    }
    made = None
    while made is None:  # a code that is taken: draw again
        token, code = secrets.token_urlsafe(16), _new_code(session, wedding_id)
        made = insert_once(session, HOUSEHOLDS, token=token, code=code, **values)
    note(session, Change("guest", wedding_id, made))
    return session.get_one(Household, made)


def edit_household(
    session: Session,
    wedding_id: int,
    household_id: int,
    *,
    name: str,
    side: str,
    language: str | None = None,
    notes: str = "",
    field: str = "household",
    by: By,
    now: datetime,
) -> None:
    """Change what the couple wrote down about a household. Raises BadInput, on `field`
    where the name is wrong."""
    household_of(session, wedding_id, household_id)
    kept = clean_name(name, field=field)
    changed(
        session,
        sa.update(HOUSEHOLDS)
        .where(HOUSEHOLDS.c.id == household_id)
        .values(
            name=kept,
            folded=fold(kept),
            side=clean_side(side).value,
            language=clean_language(language),
            notes=clean_notes(notes),
            updated_at=now,
        ),
    )
    session.expire_all()
    audit.record(
        session,
        "household_changed",
        wedding_id=wedding_id,
        by=by,
        now=now,
        household=household_id,
    )
    note(session, Change("guest", wedding_id, household_id))


def rename(session: Session, household_id: int, name: str, *, now: datetime) -> None:
    """Give a household another name."""
    kept = clean_name(name, field="household")
    changed(
        session,
        sa.update(HOUSEHOLDS)
        .where(HOUSEHOLDS.c.id == household_id)
        .values(name=kept, folded=fold(kept), updated_at=now),
    )


def household_of(session: Session, wedding_id: int, household_id: int) -> Household:
    """Return one household of the wedding. Raises NotFound."""
    found = session.get(Household, household_id)
    if found is None or found.wedding_id != wedding_id:
        raise NotFound("guests.wrong.no_household")
    return found


def by_token(session: Session, token: str) -> Household | None:
    """Return the household of a link's secret, also of one that was merged into it."""
    found = session.exec(select(Household).where(Household.token == token)).first()
    if found is not None:
        return found
    return session.exec(
        select(Household)
        .join(HouseholdAlias, col(HouseholdAlias.household_id) == col(Household.id))
        .where(HouseholdAlias.token == token)
    ).first()


def by_code(session: Session, wedding_id: int, code: str) -> Household | None:
    """Return the household of a code, any case, also of one that was merged."""
    typed = code.strip().upper()
    found = session.exec(
        select(Household).where(
            Household.wedding_id == wedding_id, Household.code == typed
        )
    ).first()
    if found is not None:
        return found
    return session.exec(
        select(Household)
        .join(HouseholdAlias, col(HouseholdAlias.household_id) == col(Household.id))
        .where(
            HouseholdAlias.wedding_id == wedding_id,
            HouseholdAlias.code == typed,
        )
    ).first()


def refresh_stage(session: Session, household_id: int, *, now: datetime) -> None:
    """Set when the household became active and opted out, as its chats tell."""
    refresh_stages(session, [household_id], now=now)


def refresh_stages(
    session: Session, household_ids: Collection[int], *, now: datetime
) -> None:
    """`refresh_stage` for many.

    Active since the first consent of a chat that is linked to it. Opted out once
    every linked chat is; a chat is, where its person is: by the chat itself, by its
    number, or by its guest.
    """
    for household_id in sorted(set(household_ids)):
        # Two of its people at the same moment: who comes second sees what the first did
        home = session.get(
            Household,
            household_id,
            populate_existing=True,
            with_for_update={"key_share": True},
        )
        if home is None:
            continue
        active = session.scalar(_first_consent(household_id))
        wanted_none = _opted_out(session, household_id)
        opted_out = (home.opted_out_at or now) if wanted_none else None
        if (active, opted_out) == (home.activated_at, home.opted_out_at):
            continue
        changed(
            session,
            sa.update(HOUSEHOLDS)
            .where(HOUSEHOLDS.c.id == household_id)
            .values(activated_at=active, opted_out_at=opted_out, updated_at=now),
        )
        session.expire(home)
        note(session, Change("guest", home.wedding_id, household_id))


def _first_consent(household_id: int) -> sa.Select[Any]:
    return (
        sa.select(sa.func.min(col(Consent.evidence_at)))
        .join(
            CHATS,
            sa.and_(
                CHATS.c.account_id == col(Consent.account_id),
                CHATS.c.chat_id == col(Consent.chat_id),
            ),
        )
        .where(CHATS.c.household_id == household_id, col(Consent.revoked_at).is_(None))
    )


def _opted_out(session: Session, household_id: int) -> bool:
    """True where there are linked chats and none of them wants messages."""
    out = sa.exists().where(*wants_none_here())
    linked, silent = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((out, 1), else_=0)), 0),
        ).where(CHATS.c.household_id == household_id)
    ).one()
    return bool(linked) and linked == silent


def wants_none_here() -> tuple[sa.ColumnElement[bool], ...]:
    """An active opt-out of the person of a row of `chat`."""
    same: Any = sa.or_(
        col(OptOut.chat_id) == CHATS.c.chat_id,
        col(OptOut.phone) == CHATS.c.phone,
        col(OptOut.guest_id) == CHATS.c.guest_id,
    )
    return (
        col(OptOut.wedding_id) == CHATS.c.wedding_id,
        col(OptOut.undone_at).is_(None),
        same,
    )


def _new_code(session: Session, wedding_id: int) -> str:
    """A code that no household of the wedding has, nor had before it was merged."""
    while True:
        code = new_code(secrets.choice)
        if by_code(session, wedding_id, code) is None:
            return code
