"""services: stopping and going on: all sending, one account, and by itself."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Account, AuditEntry, Consent, Evidence, Wedding
from wedding_wa.services.history import policy_of
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed

BY_PERSON = "person"
BY_FAILURES = "failures"
BY_SILENCE = "silence"
#: Another number logged in, and what waits is for who wrote to the one before.
BY_NUMBER = "number"


def pause_all(
    session: Session, wedding_id: int, *, now: datetime, user_id: int | None = None
) -> bool:
    """Stop all sending; what is in hand goes back before its mark. False: it was."""
    paused = changed(
        session,
        sa.update(Wedding)
        .where(col(Wedding.id) == wedding_id, col(Wedding.paused_at).is_(None))
        .values(paused_at=now),
    )
    if paused:
        _tell(session, wedding_id, "sending_paused", now, user_id)
    return bool(paused)


def resume_all(
    session: Session, wedding_id: int, *, now: datetime, user_id: int | None = None
) -> bool:
    """Go on with all sending, also of accounts that paused by themselves."""
    resumed = changed(
        session,
        sa.update(Wedding)
        .where(col(Wedding.id) == wedding_id, col(Wedding.paused_at).is_not(None))
        .values(paused_at=None),
    )
    resumed += changed(
        session,
        sa.update(Account)
        .where(
            col(Account.wedding_id) == wedding_id, col(Account.paused_at).is_not(None)
        )
        .values(paused_at=None, pause_reason=None, failures_in_row=0),
    )
    if resumed:
        _tell(session, wedding_id, "sending_resumed", now, user_id)
    return bool(resumed)


def pause_account(
    session: Session,
    account: Account,
    reason: str,
    *,
    now: datetime,
    user_id: int | None = None,
) -> None:
    """Stop one account, with the reason for the owner's eyes."""
    changed(
        session,
        sa.update(Account)
        .where(col(Account.id) == account.id, col(Account.paused_at).is_(None))
        .values(paused_at=now, pause_reason=reason),
    )
    _tell(session, account.wedding_id, f"account_paused_by_{reason}", now, user_id)


def set_account_paused(
    session: Session,
    account_id: int,
    paused: bool,
    *,
    now: datetime,
    user_id: int | None = None,
) -> None:
    """Stop one account, or go on with it whatever paused it; twice changes nothing."""
    account = session.get_one(Account, account_id)
    if (account.paused_at is not None) == paused:
        return
    if paused:
        pause_account(session, account, BY_PERSON, now=now, user_id=user_id)
        return
    account.paused_at = account.pause_reason = None
    account.failures_in_row = 0
    _tell(session, account.wedding_id, "account_resumed", now, user_id)


def pause_if_failing(session: Session, account_id: int, *, now: datetime) -> None:
    """Pause an account whose last N tries all failed (policy)."""
    limit = policy_of(session, account_id).pause_after_failures
    account = session.get_one(Account, account_id, populate_existing=True)
    if limit and account.failures_in_row >= limit and account.paused_at is None:
        pause_account(session, account, BY_FAILURES, now=now)


def is_number_back(session: Session, account: Account) -> bool:
    """Whether the account paused because its number changed, and that one is back."""
    if account.paused_at is None or account.pause_reason != BY_NUMBER:
        return False
    found = session.exec(
        select(Consent.id).where(
            Consent.account_id == account.id,
            Consent.chat_id == account.own_chat_id,
            Consent.source == Evidence.OWN_NUMBER,
            Consent.revoked_at == account.paused_at,
        )
    ).first()
    return found is not None


def _tell(
    session: Session, wedding_id: int, action: str, now: datetime, user_id: int | None
) -> None:
    session.add(
        AuditEntry(wedding_id=wedding_id, user_id=user_id, action=action, at=now)
    )
    note(session, Change("wedding", wedding_id))
