"""services: one sender per account, by a lease in the database.

The lease is renewed every 10 s and lost after 30 s without renewal. A dead process's
lease on the same host is taken at once. `token` grows with every change of hands
and fences off a sender that slept past its lease: nothing it writes matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Account
from wedding_wa.services.processes import ProcessIdentity, is_dead

RENEW_SECONDS = 10.0
LASTS = timedelta(seconds=30)
_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send for one account, until somebody else has a newer token."""

    account_id: int
    owner: str
    token: int


def acquire(
    session: Session, account_id: int, *, owner: ProcessIdentity, now: datetime
) -> Lease | None:
    """Take the free, lapsed or orphaned lease; None while another process has it."""
    row = session.exec(
        select(Account.lease_owner, Account.lease_until, Account.lease_token).where(
            Account.id == account_id
        )
    ).one()
    if not _free(row[0], row[1], owner, now):
        _bring_back(session, account_id, row[1], now)
        return None
    token = row[2] + 1
    taken = session.execute(
        sa.update(Account)
        .where(col(Account.id) == account_id, col(Account.lease_token) == row[2])
        .values(lease_owner=str(owner), lease_until=now + LASTS, lease_token=token)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return Lease(account_id, str(owner), token)


def _bring_back(
    session: Session, account_id: int, until: datetime | None, now: datetime
) -> None:
    """A lease that ends later than any can was written by another clock, or before ours
    went back. From now on it lasts as any other: who lives renews it in time."""
    if until is not None and until > now + LASTS + _CLOCKS_DIFFER:
        session.execute(
            sa.update(Account)
            .where(col(Account.id) == account_id, col(Account.lease_until) == until)
            .values(lease_until=now + LASTS)
        )


def renew(session: Session, lease: Lease, *, now: datetime) -> bool:
    """Prolong the lease. False: it was lost; stop at once and touch nothing."""
    renewed = session.execute(
        sa.update(Account).where(*mine(lease)).values(lease_until=now + LASTS)
    )
    return bool(renewed.rowcount)  # type: ignore[attr-defined]


def release(session: Session, lease: Lease) -> bool:
    """Give the lease back: the next process need not wait. False: it was lost."""
    released = session.execute(
        sa.update(Account)
        .where(*mine(lease))
        .values(lease_owner=None, lease_until=None)
    )
    return bool(released.rowcount)  # type: ignore[attr-defined]


def confirm(session: Session, lease: Lease) -> bool:
    """Whether the lease is still this one; until the commit nobody can take it."""
    found = session.exec(
        # as strong as the changes of the account that may follow in this transaction
        select(Account.id).where(*mine(lease)).with_for_update(key_share=True)
    )
    return found.first() is not None


def mine(lease: Lease) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition, on `Account`, that the lease is still this one."""
    return (
        col(Account.id) == lease.account_id,
        col(Account.lease_token) == lease.token,
        col(Account.lease_owner) == lease.owner,
    )


def _free(
    holder: str | None, until: datetime | None, owner: ProcessIdentity, now: datetime
) -> bool:
    if holder is None or until is None or until <= now or holder == str(owner):
        return True
    return is_dead(ProcessIdentity.parse(holder))
