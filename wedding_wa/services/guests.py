"""services: guests, one by one: added and changed. Several: guest_bulk, guest_merge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import (
    clean_language,
    clean_name,
    clean_notes,
    clean_side,
    fold,
)
from wedding_wa.domain.phone import parse_phone
from wedding_wa.models import Guest, Household, Wedding
from wedding_wa.services import guest_chats
from wedding_wa.services.audit import By
from wedding_wa.services.chats import rematch
from wedding_wa.services.guest_bulk import delete_guests
from wedding_wa.services.guest_merge import leave, merge
from wedding_wa.services.guest_rows import (
    GUESTS,
    TAGS,
    by_phone,
    everyone_of,
    guest_of,
    tags_of,
    tell,
    write_tags,
)
from wedding_wa.services.households import (
    HOUSEHOLDS,
    create_household,
    household_of,
    rename,
)
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed

__all__ = [
    "GuestForm",
    "PhoneTaken",
    "add_guest",
    "by_phone",
    "delete_guests",
    "edit_guest",
    "everyone_of",
    "guest_of",
    "merge",
    "tags_of",
    "tell",
]


@dataclass(frozen=True, slots=True)
class GuestForm:
    """A guest as written down. Everything but the name may be left empty.

    `household_id` None: a new household called `household`; if that is empty too, one
    like the guest, or when editing the one they are in. `contact_id` is the guest
    whose phone this one shares; then `phone` is not looked at. `language` "" is the
    household's.
    """

    name: str
    phone: str = ""
    side: str = "groom"
    language: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    household_id: int | None = None
    household: str = ""
    contact_id: int | None = None


class PhoneTaken(BadInput):
    """Another guest has this phone. `guest_id` is who; they may share it."""

    def __init__(self, guest_id: int, household_id: int, name: str) -> None:
        super().__init__("guests.wrong.phone_taken", "phone", name=name)
        self.guest_id = guest_id
        self.household_id = household_id


def add_guest(
    session: Session,
    wedding_id: int,
    form: GuestForm,
    *,
    by: By,
    now: datetime,
) -> int:
    """Write a guest and return the id. Raises BadInput (PhoneTaken), NotFound.

    Whoever has written from their number already is known from now on.
    """
    values = _checked(session, wedding_id, form)
    _refuse_taken(session, wedding_id, values["phone"], but=None)
    values["household_id"] = _home(session, wedding_id, form, now)
    guest_id = insert_once(
        session,
        GUESTS,
        wedding_id=wedding_id,
        created_at=now,
        updated_at=now,
        **values,
    )
    if guest_id is None:  # somebody wrote the same number down a moment ago
        _refuse_taken(session, wedding_id, values["phone"], but=None)
        raise BadInput("guests.wrong.again", "phone")
    write_tags(session, wedding_id, guest_id, form.tags)
    _rematch(session, wedding_id, {values["phone"]}, now)
    tell(session, "guest_added", wedding_id, [guest_id], by=by, now=now)
    return guest_id


def edit_guest(
    session: Session,
    wedding_id: int,
    guest_id: int,
    form: GuestForm,
    *,
    by: By,
    now: datetime,
) -> None:
    """Make a guest what `form` says. Raises BadInput (PhoneTaken), NotFound.

    Another number: chats are matched anew by both. Another household: their chats
    go along, and a household that nobody is left in becomes part of the new one.
    """
    guest = guest_of(session, wedding_id, guest_id)
    old = (guest.household_id, guest.phone, guest.name, guest.side)
    values = _checked(session, wedding_id, form, guest_id=guest_id)
    _refuse_taken(session, wedding_id, values["phone"], but=guest_id)
    home = old[0]
    if form.household_id is not None or form.household.strip():
        home = _home(session, wedding_id, form, now)
    if values["phone"] is None and old[1] is not None:
        _refuse_shared(session, guest_id)
    _update(session, wedding_id, guest_id, {**values, "household_id": home}, now)
    changed(session, sa.delete(TAGS).where(TAGS.c.guest_id == guest_id))
    write_tags(session, wedding_id, guest_id, form.tags)
    guest_chats.move(
        session, wedding_id, guest_id, household_id=home, to=guest_id, now=now
    )
    if home == old[0]:
        _carry_along(session, home, old[2:], values, now)
    leave(session, wedding_id, old[0], home, now)
    if values["phone"] != old[1]:
        _rematch(session, wedding_id, {old[1], values["phone"]}, now)
    tell(session, "guest_changed", wedding_id, [guest_id], by=by, now=now)


def _update(
    session: Session,
    wedding_id: int,
    guest_id: int,
    values: dict[str, object],
    now: datetime,
) -> None:
    try:
        with session.begin_nested():
            changed(
                session,
                sa.update(GUESTS)
                .where(GUESTS.c.id == guest_id)
                .values(updated_at=now, **values),
            )
    except sa.exc.IntegrityError:  # somebody gave the number away a moment ago
        _refuse_taken(session, wedding_id, values["phone"], but=guest_id)
        raise
    session.expire_all()


def _carry_along(
    session: Session,
    home: int,
    old: tuple[str, str],
    values: dict[str, object],
    now: datetime,
) -> None:
    """A household of one is called and sided like its guest, if it was before."""
    if len(everyone_of(session, home)) != 1:
        return
    row = session.get_one(Household, home)
    if row.name == old[0]:
        rename(session, home, str(values["name"]), now=now)
    if row.side == old[1]:
        changed(
            session,
            sa.update(HOUSEHOLDS)
            .where(HOUSEHOLDS.c.id == home)
            .values(side=values["side"]),
        )
    session.expire_all()


def _checked(
    session: Session,
    wedding_id: int,
    form: GuestForm,
    *,
    guest_id: int | None = None,
) -> dict[str, object]:
    name = clean_name(form.name)
    contact = _contact(session, wedding_id, form.contact_id, guest_id)
    typed = form.phone.strip() if contact is None else ""
    country = session.get_one(Wedding, wedding_id).default_country
    return {
        "name": name,
        "folded": fold(name),
        "side": clean_side(form.side).value,
        "phone": parse_phone(typed, country) if typed else None,
        "contact_id": contact,
        "language": clean_language(form.language),
        "notes": clean_notes(form.notes),
    }


def _contact(
    session: Session, wedding_id: int, contact_id: int | None, guest_id: int | None
) -> int | None:
    """The guest whose phone is shared: one who has it, not who shares it too."""
    if contact_id is None:
        return None
    contact = guest_of(session, wedding_id, contact_id)
    if contact.contact_id is not None:
        return _contact(session, wedding_id, contact.contact_id, guest_id)
    if contact_id == guest_id or contact.phone is None:
        raise BadInput("guests.wrong.contact", "phone", name=contact.name)
    return contact_id


def _refuse_taken(
    session: Session, wedding_id: int, phone: object, *, but: int | None
) -> None:
    owner = by_phone(session, wedding_id, phone) if isinstance(phone, str) else None
    if owner is not None and owner.id is not None and owner.id != but:
        raise PhoneTaken(owner.id, owner.household_id, owner.name)


def _refuse_shared(session: Session, guest_id: int) -> None:
    """A number that others are reached by cannot simply be emptied."""
    shares = session.scalar(
        sa.select(GUESTS.c.name).where(GUESTS.c.contact_id == guest_id).limit(1)
    )
    if shares is not None:
        raise BadInput("guests.wrong.shared", "phone", name=shares)


def _rematch(
    session: Session, wedding_id: int, phones: set[object], now: datetime
) -> None:
    numbers = sorted(phone for phone in phones if isinstance(phone, str))
    if numbers:
        rematch(session, wedding_id, numbers, now=now)


def _home(session: Session, wedding_id: int, form: GuestForm, now: datetime) -> int:
    """The household of the form, made where it is a new one."""
    home: Household
    if form.household_id is not None:
        home = household_of(session, wedding_id, form.household_id)
    elif form.contact_id is not None and not form.household.strip():
        contact: Guest = guest_of(session, wedding_id, form.contact_id)
        home = household_of(session, wedding_id, contact.household_id)
    else:
        name = form.household if form.household.strip() else form.name
        home = create_household(
            session,
            wedding_id,
            name=name,
            side=form.side,
            language=form.language,
            now=now,
        )
    assert home.id is not None
    return home.id
