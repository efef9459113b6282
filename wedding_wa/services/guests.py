"""services: guests, one by one: added, changed, merged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.domain.guests import (
    clean_language,
    clean_name,
    clean_notes,
    clean_side,
    clean_tag,
    fold,
)
from wedding_wa.domain.phone import parse_phone
from wedding_wa.models import Guest, GuestTag, Household, Wedding
from wedding_wa.services import audit
from wedding_wa.services.households import create_household, household_of
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

GUESTS = table(Guest)
TAGS = table(GuestTag)


@dataclass(frozen=True, slots=True)
class GuestForm:
    """A guest as written down. Everything but the name may be left empty.

    `household_id` None: a new household called `household`, or like the guest.
    `contact_id` is the guest whose phone this one shares; then `phone` is not looked
    at. `language` "" is the household's.
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


def guest_of(session: Session, wedding_id: int, guest_id: int) -> Guest:
    """Return one guest of the wedding. Raises NotFound."""
    found = session.get(Guest, guest_id)
    if found is None or found.wedding_id != wedding_id:
        raise NotFound("guests.wrong.no_guest")
    return found


def add_guest(
    session: Session,
    wedding_id: int,
    form: GuestForm,
    *,
    by: int | None,
    now: datetime,
) -> int:
    """Write a guest and return the id. Raises BadInput (PhoneTaken), NotFound."""
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
    _write_tags(session, wedding_id, guest_id, form.tags)
    tell(session, "guest_added", wedding_id, [guest_id], by=by, now=now)
    return guest_id


def edit_guest(
    session: Session,
    wedding_id: int,
    guest_id: int,
    form: GuestForm,
    *,
    by: int | None,
    now: datetime,
) -> None:
    """Make a guest what `form` says. Raises BadInput (PhoneTaken), NotFound."""
    guest = guest_of(session, wedding_id, guest_id)
    values = _checked(session, wedding_id, form, guest_id=guest_id)
    _refuse_taken(session, wedding_id, values["phone"], but=guest_id)
    if form.household_id is None and not form.household.strip():
        values["household_id"] = guest.household_id
    else:
        values["household_id"] = _home(session, wedding_id, form, now)
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
    session.expire(guest)
    changed(session, sa.delete(TAGS).where(TAGS.c.guest_id == guest_id))
    _write_tags(session, wedding_id, guest_id, form.tags)
    tell(session, "guest_changed", wedding_id, [guest_id], by=by, now=now)


def tell(
    session: Session,
    action: str,
    wedding_id: int,
    ids: Collection[int],
    *,
    by: int | None,
    now: datetime,
    **params: object,
) -> None:
    """Write down who did it and wake the open pages."""
    audit.record(
        session,
        action,
        wedding_id=wedding_id,
        user_id=by,
        now=now,
        ids=sorted(ids),
        **params,
    )
    only = next(iter(ids)) if len(ids) == 1 else None
    note(session, Change("guest", wedding_id, only))


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


def by_phone(session: Session, wedding_id: int, phone: str) -> Guest | None:
    """Return the guest who has this E.164 number."""
    return session.exec(
        select(Guest).where(Guest.wedding_id == wedding_id, Guest.phone == phone)
    ).first()


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


def _home(session: Session, wedding_id: int, form: GuestForm, now: datetime) -> int:
    """The household of the form, made where it is a new one."""
    home: Household
    if form.household_id is not None:
        home = household_of(session, wedding_id, form.household_id)
    elif form.contact_id is not None and not form.household.strip():
        contact = guest_of(session, wedding_id, form.contact_id)
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


def _write_tags(
    session: Session, wedding_id: int, guest_id: int, tags: Iterable[str]
) -> None:
    for tag in dict.fromkeys(clean_tag(tag) for tag in tags):
        session.execute(
            sa.insert(TAGS).values(guest_id=guest_id, tag=tag, wedding_id=wedding_id)
        )


def everyone_of(session: Session, household_id: int) -> list[Guest]:
    """Return a household's people, in the order in which they were added."""
    return list(
        session.exec(
            select(Guest)
            .where(Guest.household_id == household_id)
            .order_by(col(Guest.id))
        )
    )
