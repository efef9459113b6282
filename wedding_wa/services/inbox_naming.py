"""services: what a person decides about a writer nobody knew."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from wedding_wa.services import chats
from wedding_wa.services.audit import By
from wedding_wa.services.guests import GuestForm, add_guest, guest_of
from wedding_wa.services.inbox_people import chat_row, group_of


def link_to(
    session: Session,
    wedding_id: int,
    chat_row_id: int,
    *,
    household_id: int,
    guest_id: int | None,
    by: By,
    now: datetime,
) -> None:
    """A person says whose chat this is: a guest's, or a household's as a whole.

    Raises NotFound, also for what belongs to another wedding.
    """
    group = group_of(session, wedding_id, chat_row_id)
    chats.link(
        session,
        chat_row(group.wrote_last),
        household_id=household_id,
        guest_id=guest_id,
        how=chats.How.HAND,
        by=by,
        now=now,
    )


def add_as_guest(
    session: Session,
    wedding_id: int,
    chat_row_id: int,
    *,
    name: str,
    side: str,
    by: By,
    now: datetime,
) -> int:
    """Add the writer as a guest in a household of their own; return the guest's id.

    Raises BadInput for a name that makes no sense, or a phone that a guest has.
    """
    group = group_of(session, wedding_id, chat_row_id)
    phone = next((chat.phone for chat in group.chats if chat.phone), "")
    form = GuestForm(name=name, phone=phone or "", side=side)
    guest_id = add_guest(session, wedding_id, form, by=by, now=now)
    household_id = guest_of(session, wedding_id, guest_id).household_id
    link_to(
        session,
        wedding_id,
        chat_row_id,
        household_id=household_id,
        guest_id=guest_id,
        by=by,
        now=now,
    )
    return guest_id


def ignore(
    session: Session,
    wedding_id: int,
    chat_row_id: int,
    *,
    by: By,
    now: datetime,
    ignored: bool = True,
) -> None:
    """This is no guest; with `ignored` False it may be one. Raises NotFound."""
    for chat in group_of(session, wedding_id, chat_row_id).chats:
        chats.ignore(session, chat_row(chat), ignored=ignored, by=by, now=now)
