"""services: groom and bride are one voice: from which number a guest is written to.

It is the number to which the guest, or anybody of the household, wrote last. Where
that number cannot send, the message waits: the other one never takes over silently.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.chat import chat_of_phone
from wedding_wa.domain.errors import NotFound, OptedOut
from wedding_wa.domain.phone import parse_phone
from wedding_wa.models import Account, Chat, Consent, Wedding
from wedding_wa.services.households import by_code
from wedding_wa.services.same_person import chats_of_person
from wedding_wa.services.wishes import wants_none

HOUSEHOLD = "household:"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a door means. `chat_id` is the chat it named, if it named one."""

    chat_ids: frozenset[str]
    chat_id: str | None = None
    phone: str | None = None


def recipient_of(session: Session, wedding_id: int, to: str) -> Recipient:
    """Return who is meant by a phone as people type it, a chat id, or
    `household:<code>`. Raises BadInput, NotFound.
    """
    typed = to.strip()
    if typed.startswith(HOUSEHOLD):
        code = typed.removeprefix(HOUSEHOLD)
        return Recipient(_chats_of_household(session, wedding_id, code))
    if typed.endswith("@lid"):
        return Recipient(chats_of_person(session, wedding_id, typed), typed)
    if "@" in typed:
        typed = f"+{typed.partition('@')[0]}"
    country = session.exec(
        select(Wedding.default_country).where(Wedding.id == wedding_id)
    ).one()
    phone = parse_phone(typed, country)
    chat_id = chat_of_phone(phone)
    return Recipient(chats_of_person(session, wedding_id, chat_id), chat_id, phone)


def consent_to(
    session: Session,
    wedding_id: int,
    recipient: Recipient,
    *,
    account: Account | None = None,
) -> Consent | None:
    """Return the consent on which `recipient` may be written to; None: there is none.

    Without `account` that of the number they wrote to last. With one only that
    number's. The chat that was named comes before their others. Raises OptedOut
    where they want no more messages.
    """
    theirs: sa.ColumnElement[bool] = col(Consent.chat_id).in_(recipient.chat_ids)
    if recipient.phone is not None:
        theirs = sa.or_(theirs, col(Consent.phone) == recipient.phone)
    mine = col(Consent.account_id) == account.id if account else sa.true()
    named = sa.case((col(Consent.chat_id) == recipient.chat_id, 0), else_=1)
    first: tuple[sa.ColumnElement[Any], ...] = (named,) if account else ()
    found = session.exec(
        select(Consent)
        .join(
            Chat,
            sa.and_(
                col(Chat.account_id) == col(Consent.account_id),
                col(Chat.chat_id) == col(Consent.chat_id),
            ),
            isouter=True,
        )
        .where(
            Consent.wedding_id == wedding_id,
            col(Consent.revoked_at).is_(None),
            theirs,
            mine,
        )
        .order_by(
            *first,
            col(Chat.last_inbound_at).is_(None),
            col(Chat.last_inbound_at).desc(),
            col(Consent.id),
        )
    ).all()
    return _wanted(session, wedding_id, recipient.chat_ids, found)


def _wanted(
    session: Session,
    wedding_id: int,
    chat_ids: Collection[str],
    consents: Collection[Consent],
) -> Consent | None:
    """The first whose person still wants messages."""
    asked = {*chat_ids, *(consent.chat_id for consent in consents)}
    unwanted = wants_none(session, wedding_id, asked)
    for consent in consents:
        if consent.chat_id not in unwanted:
            return consent
    if unwanted:
        raise OptedOut()
    return None


def _chats_of_household(session: Session, wedding_id: int, code: str) -> frozenset[str]:
    household = by_code(session, wedding_id, code)
    if household is None:
        raise NotFound("guests.wrong.no_household")
    chats = session.exec(select(Chat.chat_id).where(Chat.household_id == household.id))
    return frozenset(chats.all())
