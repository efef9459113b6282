"""services: can this process serve, and is everything behind it well?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from wedding_wa.db import Database
from wedding_wa.domain.account import AccountStatus, is_ready
from wedding_wa.models import Account

# A database that takes longer than this, in seconds, does not serve.
PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Health:
    """`serves` False is an outage; `parts` says what is how, without secrets."""

    serves: bool
    status: str
    parts: dict[str, object]


async def look(db: Database, *, now: datetime, patience: float = PATIENCE) -> Health:
    """Ask the database, in at most `patience` seconds, and judge what it says."""
    try:
        accounts = await asyncio.wait_for(db.read(_accounts), patience)
    except (SQLAlchemyError, OSError, TimeoutError):
        return Health(False, "down", _parts("down", {}, {}))
    return _judged(accounts, now)


def _accounts(session: Session) -> list[Account]:
    return list(session.scalars(sa.select(Account).order_by(col(Account.id))))


def _judged(accounts: list[Account], now: datetime) -> Health:
    # An account that no WAHA is configured for is nobody's fault.
    used = [account for account in accounts if account.waha_url]
    worker = _worker(used, now)
    ready = all(is_ready(account.status) for account in used)
    well = ready and worker["status"] != "silent"
    parts = _parts("ok", worker, {a.key: _account(a) for a in accounts})
    return Health(True, "ok" if well else "degraded", parts)


def _worker(accounts: list[Account], now: datetime) -> dict[str, object]:
    """The worker's heartbeat is the leases it renews: one an account."""
    held = {a.key: bool(a.lease_until and a.lease_until > now) for a in accounts}
    if not held:
        return {"status": "idle", "heartbeat": {}}
    beats = {a.key: _iso(a.lease_until) for a in accounts}
    return {"status": "ok" if all(held.values()) else "silent", "heartbeat": beats}


def _account(account: Account) -> dict[str, object]:
    return {
        "status": account.status if account.waha_url else AccountStatus.NOT_CONFIGURED,
        "since": _iso(account.status_at),
        "last_heard": _iso(account.last_heard_at),
        "paused": account.paused_at is not None,
    }


def _parts(
    database: str, worker: dict[str, object], accounts: dict[str, object]
) -> dict[str, object]:
    return {
        "process": {"status": "ok"},
        "database": {"status": database},
        "worker": worker or {"status": "unknown"},
        "accounts": accounts,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
