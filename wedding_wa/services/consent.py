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
    revoked after they wrote this: old words do not undo a newer wish. Nor do words
    count that were heard before another number logged in: they were for the one of
    then. What is read from the phone's own history, was written to this number.
    """
    read_back = source is Evidence.HISTORY
    if _revoked_since(session, account.id, chat_id, at, but_number=read_back):
        return False
    if not read_back and _number_changed_since(session, account.id, at):
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


def change_number(session: Session, account: Account, *, now: datetime) -> None:
    """Another number has logged in: who wrote to the old one did not write to this.

    What this number was given before, it has again, on the same proof: a wrong phone
    that scanned the code must not cost the couple their guests' word.
    """
    number = account.phone or ""
    revoked = _CONSENTS.c.revoked_at.is_(None) & (
        _CONSENTS.c.given_to.is_(None)
        | (_CONSENTS.c.given_to != number)
        | (_CONSENTS.c.source == Evidence.OWN_NUMBER.value)
    )
    changed(
        session,
        sa.update(_CONSENTS)
        .where(_CONSENTS.c.account_id == account.id, revoked)
        .values(revoked_at=now, revoked_reason=NUMBER_CHANGED),
    )
    for old in session.exec(
        select(Consent)
        .where(
            Consent.account_id == account.id,
            Consent.given_to == number,
            Consent.revoked_reason == NUMBER_CHANGED,
            col(Consent.inbound_id).is_not(None),
        )
        .order_by(col(Consent.evidence_at), col(Consent.id))
    ).all():
        if not _taken_back(session, old):
            _insert(
                session,
                account,
                chat_id=old.chat_id,
                phone=old.phone,
                inbound_id=old.inbound_id,
                source=Evidence(old.source),
                at=old.evidence_at,
                now=now,
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
    session: Session,
    account_id: int | None,
    chat_id: str,
    at: datetime,
    *,
    but_number: bool,
) -> bool:
    """`but_number`: a change of our own number is not counted."""
    found = session.exec(
        select(Consent.id).where(
            Consent.account_id == account_id,
            Consent.chat_id == chat_id,
            col(Consent.revoked_at) >= at,
            Consent.revoked_reason != NUMBER_CHANGED if but_number else sa.true(),
        )
    ).first()
    return found is not None


def _number_changed_since(
    session: Session, account_id: int | None, at: datetime
) -> bool:
    found = session.exec(
        select(Consent.id).where(
            Consent.account_id == account_id,
            Consent.source == Evidence.OWN_NUMBER,
            Consent.revoked_reason == NUMBER_CHANGED,
            col(Consent.revoked_at) >= at,
        )
    ).first()
    return found is not None


def _taken_back(session: Session, old: Consent) -> bool:
    """Whether the chat's consent was revoked for another reason since."""
    found = session.exec(
        select(Consent.id).where(
            Consent.account_id == old.account_id,
            Consent.chat_id == old.chat_id,
            Consent.revoked_reason != NUMBER_CHANGED,
            col(Consent.revoked_at) >= old.evidence_at,
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
        given_to=account.phone,
        evidence_at=at,
        created_at=now,
    )
    return added is not None
