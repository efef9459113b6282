"""services: stopping and going on: all sending, one account, and by itself.

Whatever stops tells the owner why, with figures, on every page (`services.notices`),
and there is one way to go on; both are in the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Outcome
from wedding_wa.models import (
    Account,
    Consent,
    Evidence,
    MessageAttempt,
    Wedding,
)
from wedding_wa.services import audit, notices
from wedding_wa.services.audit import By
from wedding_wa.services.history import policy_of
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed
from wedding_wa.services.trouble import waiting

BY_PERSON = "person"
BY_FAILURES = "failures"
BY_SILENCE = "silence"
#: Another number logged in, and what waits is for who wrote to the one before.
BY_NUMBER = "number"

# How tries end that count as failures.
_COUNTED = (Outcome.NOT_SENT, Outcome.REFUSED)


def pause_all(
    session: Session, wedding_id: int, *, now: datetime, by: By = None
) -> bool:
    """Stop all sending; what is in hand goes back before its mark. False: it was."""
    paused = changed(
        session,
        sa.update(Wedding)
        .where(col(Wedding.id) == wedding_id, col(Wedding.paused_at).is_(None))
        .values(paused_at=now),
    )
    if paused:
        notices.open_notice(
            session,
            wedding_id,
            notices.PAUSED_ALL,
            now=now,
            account_id=None,
            **_person(session, by, now),
        )
        _tell(session, wedding_id, "sending_paused", now, by)
    return bool(paused)


def resume_all(
    session: Session, wedding_id: int, *, now: datetime, by: By = None
) -> bool:
    """Go on with all sending, also of accounts that paused by themselves."""
    resumed = changed(
        session,
        sa.update(Wedding)
        .where(col(Wedding.id) == wedding_id, col(Wedding.paused_at).is_not(None))
        .values(paused_at=None),
    )
    notices.close_notice(session, wedding_id, notices.PAUSED_ALL, now=now)
    accounts = session.exec(
        select(Account).where(
            Account.wedding_id == wedding_id, col(Account.paused_at).is_not(None)
        )
    ).all()
    for account in accounts:
        _go_on(session, account, now=now)
    if resumed or accounts:
        _tell(session, wedding_id, "sending_resumed", now, by)
    return bool(resumed or accounts)


def pause_account(
    session: Session,
    account: Account,
    reason: str,
    *,
    now: datetime,
    by: By = None,
    figures: Mapping[str, object] | None = None,
) -> None:
    """Stop one account and tell the owner why. `figures` are JSON values for the
    sentence; twice changes nothing."""
    paused = changed(
        session,
        sa.update(Account)
        .where(col(Account.id) == account.id, col(Account.paused_at).is_(None))
        .values(paused_at=now, pause_reason=reason),
    )
    if not paused:
        return
    session.expire(account, ["paused_at", "pause_reason"])
    told = {**_person(session, by, now, reason), **(figures or {})}
    keep_told(session, account, now=now, figures=told)
    action = f"account_paused_by_{reason}"
    _tell(session, account.wedding_id, action, now, by, account=account.key)


def keep_told(
    session: Session,
    account: Account,
    *,
    now: datetime,
    figures: Mapping[str, object] | None = None,
) -> None:
    """See to it that a pause is told, and an end of it. What stands is not changed."""
    kind, wedding_id = notices.PAUSED, account.wedding_id
    told = notices.told(session, wedding_id, kind, account_id=account.id)
    if account.paused_at is None and told is not None:
        notices.close_notice(
            session,
            wedding_id,
            kind,
            now=now,
            account_id=account.id,
            waited=waiting(session, account.id or 0),
        )
    if account.paused_at is not None and told is None:
        notices.open_notice(
            session,
            wedding_id,
            kind,
            now=now,
            account_id=account.id,
            **{
                "by": account.pause_reason or BY_PERSON,
                "since": account.paused_at.isoformat(),
                **(figures or {}),
            },
        )


def keep_all_told(session: Session, *, now: datetime) -> None:
    """`keep_told` for every wedding and account: what was paused before there were
    notices, or by a hand in the database."""
    for wedding in session.exec(select(Wedding)).all():
        assert wedding.id is not None
        told = notices.told(session, wedding.id, notices.PAUSED_ALL)
        if wedding.paused_at is not None and told is None:
            since = wedding.paused_at.isoformat()
            notices.open_notice(
                session, wedding.id, notices.PAUSED_ALL, now=now, since=since
            )
        if wedding.paused_at is None and told is not None:
            notices.close_notice(session, wedding.id, notices.PAUSED_ALL, now=now)
    for account in session.exec(select(Account)).all():
        keep_told(session, account, now=now)


def set_account_paused(
    session: Session,
    account_id: int,
    paused: bool,
    *,
    now: datetime,
    by: By = None,
) -> None:
    """Stop one account, or go on with it whatever paused it; twice changes nothing.

    Going on begins to count failures in a row anew.
    """
    account = session.get_one(Account, account_id, populate_existing=True)
    if (account.paused_at is not None) == paused:
        return
    if paused:
        pause_account(session, account, BY_PERSON, now=now, by=by)
        return
    _go_on(session, account, now=now)
    wedding_id = account.wedding_id
    _tell(session, wedding_id, "account_resumed", now, by, account=account.key)


def pause_if_failing(session: Session, account_id: int, *, now: datetime) -> None:
    """Pause an account whose last N tries all failed (policy)."""
    limit = policy_of(session, account_id).pause_after_failures
    account = session.get_one(Account, account_id, populate_existing=True)
    if account.paused_at is None and is_too_many(account.failures_in_row, limit):
        figures = _failures(session, account)
        pause_account(session, account, BY_FAILURES, now=now, figures=figures)


def is_too_many(failures_in_row: int, limit: int) -> bool:
    """Whether so many failures in a row stop what failed; a limit of 0 never does."""
    return bool(limit) and failures_in_row >= limit


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


def _go_on(session: Session, account: Account, *, now: datetime) -> None:
    account.paused_at = account.pause_reason = None
    account.failures_in_row = 0
    session.flush()
    keep_told(session, account, now=now)


def _failures(session: Session, account: Account) -> dict[str, object]:
    """How many failed in a row, since when, and what the last one said."""
    n = account.failures_in_row
    tries = session.exec(
        select(MessageAttempt)
        .where(
            MessageAttempt.account_id == account.id,
            col(MessageAttempt.error_code).is_not(None),
            col(MessageAttempt.outcome).in_(_COUNTED),
        )
        .order_by(col(MessageAttempt.id).desc())
        .limit(n)
    ).all()
    if not tries:
        return {"n": n}
    first = tries[-1].finished_at or tries[-1].started_at
    return {"n": n, "first": first.isoformat(), "error": tries[0].error_code}


def _person(
    session: Session, by: By, now: datetime, reason: str = BY_PERSON
) -> dict[str, object]:
    """Who paused, as the sentence names them; nobody where it paused by itself."""
    if reason != BY_PERSON:
        return {}
    return {
        "by": BY_PERSON,
        "since": now.isoformat(),
        "user_id": audit.person(by),
        **audit.named(session, by),
    }


def _tell(
    session: Session,
    wedding_id: int,
    action: str,
    now: datetime,
    by: By,
    **params: object,
) -> None:
    audit.record(session, action, wedding_id=wedding_id, by=by, now=now, **params)
    note(session, Change("wedding", wedding_id))
