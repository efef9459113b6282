"""services: an account's troubles, told to the owner once each, since when.

`tend` compares the account's row with what was told: it opens, renews and ends the
notices. It is asked in the transaction of every word about the account, and by the
watch chore for what only time brings, so nothing is told twice and nothing stays.

What a person must mend (failed, logged out, a wrong key, no such session) is told at
once. What mostly mends itself (no answer, starting, stopped, a status that is new to
us) is told once it has lasted a minute: a server that restarts is no news. An account
that is back for less than two minutes and gone again has the same trouble still.
Nothing is told of an account that was never linked, or that a person stopped or
logged out themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.account import AccountStatus, is_ready
from wedding_wa.models import Account, AccountStatusChange, AuditEntry, QueueCounter
from wedding_wa.services import notices

#: So long may an account be away before the owner is told of it.
PATIENCE = timedelta(seconds=60)
#: Away again so soon after it was back: the trouble was not over.
NOT_OVER = timedelta(minutes=2)

# Only a person can mend these.
_AT_ONCE = frozenset(
    {
        AccountStatus.FAILED,
        AccountStatus.SCAN,
        AccountStatus.BAD_KEY,
        AccountStatus.MISSING,
        AccountStatus.NOT_CONFIGURED,
    }
)
_LOGGED_OUT = "account_logout"
_WAITING = ("waiting", "held")


def tend(session: Session, account_id: int, *, now: datetime) -> None:
    """Bring the notices of the account's troubles in line with its row."""
    account = session.get_one(Account, account_id)
    _tend_down(session, account, now=now)
    _tend_restricted(session, account, now=now)


def waiting(session: Session, account_id: int) -> int:
    """How many messages wait for the account, held or not."""
    found = session.exec(
        select(sa.func.sum(QueueCounter.n)).where(
            col(QueueCounter.account_id) == account_id,
            col(QueueCounter.bucket).in_(_WAITING),
        )
    ).one()
    return int(found or 0)


def _tend_down(session: Session, account: Account, *, now: datetime) -> None:
    assert account.id is not None
    kind = notices.ACCOUNT_DOWN
    told = notices.told(session, account.wedding_id, kind, account_id=account.id)
    if not _is_trouble(session, account):
        if told is not None:
            _over(session, account, now=now)
        return
    since = _away_since(session, account)
    if told is None and not _is_due(session, account, since, now=now):
        return
    notices.open_notice(
        session,
        account.wedding_id,
        kind,
        now=now,
        account_id=account.id,
        status=account.status,
        error=account.status_error,
        since=(since or now).isoformat(),
    )


def _over(session: Session, account: Account, *, now: datetime) -> None:
    assert account.id is not None
    notices.close_notice(
        session,
        account.wedding_id,
        notices.ACCOUNT_DOWN,
        now=now,
        account_id=account.id,
        back=is_ready(account.status),
        waited=waiting(session, account.id),
    )


def _is_trouble(session: Session, account: Account) -> bool:
    """Not connected, though it was linked once and nobody wanted it away."""
    if is_ready(account.status) or account.own_chat_id is None:
        return False
    if account.stopped_at is not None:
        return False
    return account.phone is not None or not _logged_out_by_hand(session, account)


def _is_due(
    session: Session, account: Account, since: datetime | None, *, now: datetime
) -> bool:
    """Whether the owner is to know now: at once, in time, or still from before."""
    assert account.id is not None
    return (
        notices.open_again(
            session,
            account.wedding_id,
            notices.ACCOUNT_DOWN,
            account_id=account.id,
            ended_after=(since or now) - NOT_OVER,
        )
        or account.status in _AT_ONCE
        or (since is not None and now - since >= PATIENCE)
    )


def _last_connected(session: Session, account: Account) -> AccountStatusChange | None:
    return session.exec(
        select(AccountStatusChange)
        .where(
            AccountStatusChange.account_id == account.id,
            AccountStatusChange.status == AccountStatus.WORKING,
        )
        .order_by(col(AccountStatusChange.id).desc())
        .limit(1)
    ).first()


def _away_since(session: Session, account: Account) -> datetime | None:
    """When it was connected last: statuses may have followed each other since."""
    last = _last_connected(session, account)
    first = session.exec(
        select(AccountStatusChange.at)
        .where(
            AccountStatusChange.account_id == account.id,
            col(AccountStatusChange.id) > (last.id or 0 if last else 0),
        )
        .order_by(col(AccountStatusChange.id))
        .limit(1)
    ).first()
    return first or account.status_at


def _logged_out_by_hand(session: Session, account: Account) -> bool:
    """A person gave the login up in this app, and nobody has logged in since."""
    last = _last_connected(session, account)
    given_up = select(AuditEntry).where(
        AuditEntry.wedding_id == account.wedding_id, AuditEntry.action == _LOGGED_OUT
    )
    if last is not None:
        given_up = given_up.where(AuditEntry.at >= last.at)
    entries = session.exec(given_up).all()
    return any(entry.params.get("account") == account.key for entry in entries)


def _tend_restricted(session: Session, account: Account, *, now: datetime) -> None:
    until = account.restricted_until
    if until is None or until <= now:
        notices.close_notice(
            session,
            account.wedding_id,
            notices.RESTRICTED,
            now=now,
            account_id=account.id,
        )
        return
    notices.open_notice(
        session,
        account.wedding_id,
        notices.RESTRICTED,
        now=now,
        account_id=account.id,
        until=until.isoformat(),
    )
