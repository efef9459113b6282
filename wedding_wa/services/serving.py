"""services: which living process sends for an account, as far as can be known."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.models import Account
from wedding_wa.services.processes import ProcessIdentity, is_dead, this_process


def who_serves(
    session: Session, account_id: int, *, now: datetime
) -> ProcessIdentity | None:
    """The process that has the account's lease and is not known to be gone.

    None where the lease is free, has lapsed, or its process is proven dead: then it
    may be taken. This very process counts as long as it has not given the lease back.
    """
    owner, until = session.exec(
        select(Account.lease_owner, Account.lease_until).where(Account.id == account_id)
    ).one()
    if owner is None:
        return None
    process = ProcessIdentity.parse(owner)
    if process == this_process():
        return process
    lapsed = until is None or until <= now
    return None if lapsed or is_dead(process) else process


def accounts_by_key(session: Session) -> dict[int, str]:
    """Every account's id and key, the groom's first."""
    rows = session.exec(
        select(Account.id, Account.key).order_by(
            col(Account.wedding_id), col(Account.key).desc()
        )
    ).all()
    return {i: key for i, key in rows if i is not None}
