"""services: consents: who may be written to, because they wrote first.

A row is written here and nowhere else, together with the inbound message that proves
it, or for the number that is logged in. Only revocation ever changes one.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.chat import phone_of_chat
from wedding_wa.models import Account, Consent, Evidence
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

NUMBER_CHANGED = "number_changed"

_CONSENTS = table(Consent)


def give(
    session: Session,
    account: Account,
    *,
    chat_id: str,
    phone: str | None,
    inbound_id: int,
    source: Evidence,
    at: datetime,
    now: datetime,
) -> bool:
    """Note that the writer of an inbound message may be written to.

    `at` is when they wrote. False where a valid consent is there already, or one was
    revoked after they wrote this: old words do not undo a newer wish.
    """
    if _revoked_since(session, account.id, chat_id, at):
        return False
    return _insert(
        session,
        account,
        chat_id=chat_id,
        phone=phone,
        inbound_id=inbound_id,
        source=source,
        at=at,
        now=now,
    )


def give_own_number(session: Session, account: Account, *, now: datetime) -> bool:
    """The couple may always write to the number that is logged in itself.

    Only for `account.own_chat_id` as it stands in the database: a trigger checks.
    """
    assert account.own_chat_id is not None
    return _insert(
        session,
        account,
        chat_id=account.own_chat_id,
        phone=phone_of_chat(account.own_chat_id),
        inbound_id=None,
        source=Evidence.OWN_NUMBER,
        at=now,
        now=now,
    )


def revoke_own_number(session: Session, account_id: int, *, now: datetime) -> int:
    """Another number logged in: the old one is a stranger now."""
    return changed(
        session,
        sa.update(_CONSENTS)
        .where(
            _CONSENTS.c.account_id == account_id,
            _CONSENTS.c.source == Evidence.OWN_NUMBER.value,
            _CONSENTS.c.revoked_at.is_(None),
        )
        .values(revoked_at=now, revoked_reason=NUMBER_CHANGED),
    )


def revoke(session: Session, consent_id: int, *, reason: str, now: datetime) -> bool:
    """Take a consent back, for good. False where it was taken back before."""
    return bool(
        changed(
            session,
            sa.update(_CONSENTS)
            .where(_CONSENTS.c.id == consent_id, _CONSENTS.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason),
        )
    )


def learn_phone(session: Session, account_id: int, chat_id: str, phone: str) -> None:
    """Add the number to the consents of a LID that came without one."""
    changed(
        session,
        sa.update(_CONSENTS)
        .where(
            _CONSENTS.c.account_id == account_id,
            _CONSENTS.c.chat_id == chat_id,
            _CONSENTS.c.phone.is_(None),
            _CONSENTS.c.revoked_at.is_(None),
        )
        .values(phone=phone),
    )


def known_phone(session: Session, account_id: int, chat_id: str) -> str | None:
    """The number behind a chat that has consented, where we learnt it."""
    return session.exec(
        select(Consent.phone).where(
            Consent.account_id == account_id,
            Consent.chat_id == chat_id,
            col(Consent.phone).is_not(None),
        )
    ).first()


def _revoked_since(
    session: Session, account_id: int | None, chat_id: str, at: datetime
) -> bool:
    found = session.exec(
        select(Consent.id).where(
            Consent.account_id == account_id,
            Consent.chat_id == chat_id,
            col(Consent.revoked_at) >= at,
        )
    ).first()
    return found is not None


def _insert(
    session: Session,
    account: Account,
    *,
    chat_id: str,
    phone: str | None,
    inbound_id: int | None,
    source: Evidence,
    at: datetime,
    now: datetime,
) -> bool:
    added = insert_once(
        session,
        _CONSENTS,
        wedding_id=account.wedding_id,
        account_id=account.id,
        chat_id=chat_id,
        phone=phone,
        source=source.value,
        inbound_id=inbound_id,
        evidence_at=at,
        created_at=now,
    )
    return added is not None
