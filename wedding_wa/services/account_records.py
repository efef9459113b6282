"""services: the accounts as records, for programs: their rows and their cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.account import AccountStatus, is_ready
from wedding_wa.domain.errors import NotFound
from wedding_wa.models import Account, Wedding
from wedding_wa.services.account_cards import AccountCard, account_cards


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account's row, and its card."""

    row: Account
    card: AccountCard


@dataclass(frozen=True, slots=True)
class SessionHealth:
    """Whether one number can send just now. `worker`: somebody sends for it."""

    key: str
    status: str
    ready: bool
    since: datetime | None
    last_heard_at: datetime | None
    paused: bool
    worker: bool
    used: bool


def account_records(
    session: Session, wedding_id: int, *, now: datetime
) -> list[AccountRecord]:
    """The wedding's accounts, groom first."""
    cards = account_cards(session, wedding_id, now=now)
    return [AccountRecord(session.get_one(Account, one.id), one) for one in cards]


def account_record(
    session: Session, wedding_id: int, key: str, *, now: datetime
) -> AccountRecord:
    """The one with this key. Raises NotFound."""
    for one in account_records(session, wedding_id, now=now):
        if one.row.key == key:
            return one
    raise NotFound("error.account_not_found", account=key)


def session_health(
    session: Session, wedding_id: int, *, now: datetime
) -> list[SessionHealth]:
    """The wedding's numbers, groom first, as a monitor asks for them. Who has no WAHA
    is not `used`."""
    accounts = session.exec(
        select(Account)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.key).desc())
    ).all()
    return [_health(account, now) for account in accounts]


def paused_since(session: Session, wedding_id: int) -> datetime | None:
    """Since when all sending is paused; None: it is not."""
    return session.get_one(Wedding, wedding_id).paused_at


def _health(account: Account, now: datetime) -> SessionHealth:
    used, until = bool(account.waha_url), account.lease_until
    return SessionHealth(
        key=account.key,
        status=account.status if used else AccountStatus.NOT_CONFIGURED,
        ready=used and is_ready(account.status),
        since=account.status_at,
        last_heard_at=account.last_heard_at,
        paused=account.paused_at is not None,
        worker=until is not None and until > now,
        used=used,
    )
