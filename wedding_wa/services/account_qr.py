"""services: the QR code that a page shows: one call to WAHA, however many look."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.account import CODES, NEXT_CODE, AccountStatus, next_code_at
from wedding_wa.domain.errors import SessionNotReady
from wedding_wa.models import Account
from wedding_wa.services.account_status import renew_code
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha import Qr

# A code that lives longer than most is looked at again: perhaps no event told us.
_EVENT_TAKES = timedelta(seconds=1.5)
_LOOK_AGAIN = NEXT_CODE + _EVENT_TAKES


@dataclass(frozen=True, slots=True)
class QrView:
    """A code to scan: the `count`th `of` a round; `image` is a PNG data URI, `value`
    what the code says, where the engine tells."""

    image: str = field(repr=False)
    at: datetime
    count: int
    of: int
    next_in_seconds: float
    value: str | None = field(default=None, repr=False)

    @property
    def png(self) -> bytes:
        """The picture itself."""
        return base64.b64decode(self.image.partition(",")[2])


@dataclass(frozen=True, slots=True)
class _Shown:
    qr: Qr
    qr_at: datetime
    looked_at: datetime


async def qr_code(
    db: Database, clients: Clients, account_id: int, clock: Clock
) -> QrView | None:
    """Return the account's code; None unless it waits for a scan. Raises WahaError."""
    async with clients.turn(account_id, "qr"):
        code = await db.read(_code, account_id)
        if code is None:
            return None
        try:
            shown = await _shown(db, clients, account_id, code, clock)
        except SessionNotReady:
            return None  # scanned at this very moment
    count = await db.read(_code, account_id) or code
    return _view(shown, count[1], now=clock.now())


async def _shown(
    db: Database,
    clients: Clients,
    account_id: int,
    code: tuple[datetime, int],
    clock: Clock,
) -> _Shown:
    """The code as it was fetched for this `qr_at`, or fetched now."""
    kept: _Shown | None = clients.kept.get((account_id, "qr"))
    same = kept is not None and kept.qr_at == code[0]
    now = clock.now()
    if kept is not None and same and now - kept.looked_at < _LOOK_AGAIN:
        return kept
    client = await clients.get(account_id)
    fetched, qr_at = await client.qr(), code[0]
    if kept is not None and same:
        is_another = _says(fetched) != _says(kept.qr)
    else:  # the app was away: the code it knew may have run out meanwhile
        is_another = now >= next_code_at(*code) + _EVENT_TAKES
    if is_another:
        renewed = await db.write(renew_code, account_id, seen=qr_at, at=now)
        qr_at = renewed or qr_at
    shown = _Shown(fetched, qr_at, now)
    clients.kept[account_id, "qr"] = shown
    return shown


def _says(qr: Qr) -> str | bytes:
    return qr.value or qr.png


def _view(shown: _Shown, count: int, *, now: datetime) -> QrView:
    left = next_code_at(shown.qr_at, count) - now
    return QrView(
        image="data:image/png;base64," + base64.b64encode(shown.qr.png).decode(),
        at=shown.qr_at,
        count=min(count, CODES),
        of=CODES,
        next_in_seconds=max(0.0, left.total_seconds()),
        value=shown.qr.value,
    )


def _code(session: Session, account_id: int) -> tuple[datetime, int] | None:
    account = session.get_one(Account, account_id)
    if account.status != AccountStatus.SCAN or account.qr_at is None:
        return None
    return account.qr_at, account.qr_count
