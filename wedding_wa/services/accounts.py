"""services: how each account reaches its WAHA: the settings kept in its row, and the
one client that is made of them."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from wedding_wa.db import Database
from wedding_wa.domain.account import AccountStatus
from wedding_wa.domain.errors import AccountDown, BadInput, NotFound
from wedding_wa.models import Account
from wedding_wa.services.account_status import apply_status
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Change, note
from wedding_wa.services.secrets import SealBroken, Sealer
from wedding_wa.services.waha import WahaClient, WahaConfig
from wedding_wa.services.waha_config import WEBHOOK_PATH


class NotConfigured(AccountDown):
    """The account has no WAHA, or settings with which none can be asked."""

    code = "account.error.not_configured"


@dataclass(frozen=True, slots=True)
class WahaPlace:
    """How an account reaches its WAHA, as the settings say. Secrets stay in it."""

    url: str
    session: str
    api_key: str = field(repr=False)
    webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Reach:
    """What a client is made of. A change of any of it makes a new client."""

    url: str
    session: str
    api_key_sealed: str = field(repr=False)


class Clients:
    """One pooled WAHA client an account, made when it is first asked for."""

    def __init__(self, db: Database, sealer: Sealer, clock: Clock) -> None:
        self._db = db
        self._sealer = sealer
        self._clock = clock
        #: What a service keeps of an account for as long as this process lives.
        self.kept: dict[tuple[int, str], Any] = {}
        self._made: dict[int, tuple[_Reach, WahaClient]] = {}
        self._replaced: list[WahaClient] = []
        self._turns: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(
            asyncio.Lock
        )

    async def get(self, account_id: int) -> WahaClient:
        """Return the account's client. Raises NotConfigured, NotFound."""
        reach = await self._db.read(_reach, account_id)
        made = self._made.get(account_id)
        if made and made[0] == reach:
            return made[1]
        client = self._make(reach)
        if made:
            # A send may still wait for its answer there: closed with all the others.
            self._replaced.append(made[1])
        self._made[account_id] = (reach, client)
        return client

    async def webhook_secret(self, account_id: int) -> str:
        """Return what the account's events are signed with; empty where unset."""
        return self.opened(await self._db.read(_webhook_secret, account_id))

    def opened(self, sealed: str) -> str:
        """Return a sealed secret; empty where the app's secret key is another now."""
        try:
            return self._sealer.open(sealed)
        except SealBroken:
            return ""

    def turn(self, account_id: int, what: str) -> asyncio.Lock:
        """The lock by which one account's work of a kind goes one at a time."""
        return self._turns[account_id, what]

    async def aclose(self) -> None:
        """Close all connections. Calls under way fail as a lost answer does."""
        clients = [client for _, client in self._made.values()]
        self._made.clear()
        for client in [*clients, *self._replaced]:
            await client.aclose()
        self._replaced.clear()

    def _make(self, reach: _Reach) -> WahaClient:
        if not reach.url:
            raise NotConfigured("no WAHA configured")
        try:
            key = self._sealer.open(reach.api_key_sealed)
            config = WahaConfig(reach.url, key, reach.session)
        except (BadInput, SealBroken) as error:
            raise NotConfigured(str(error), reason=error.code) from error
        return WahaClient(config, clock=self._clock)


def _reach(session: Session, account_id: int) -> _Reach:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(account_id=account_id)
    return _Reach(account.waha_url, account.session, account.api_key_sealed)


def _webhook_secret(session: Session, account_id: int) -> str:
    return session.get_one(Account, account_id).webhook_secret_sealed


def sync_from_settings(
    session: Session,
    wanted: Mapping[str, WahaPlace | None],
    sealer: Sealer,
    now: datetime,
    *,
    webhook_base: str,
) -> None:
    """Put what the settings say into the rows of every account, at each start.

    Without a webhook secret in the settings one is generated once and kept.
    `webhook_base` is the address at which WAHA reaches this app.
    """
    for account in session.exec(select(Account)).all():
        place = wanted.get(account.key)
        before = _settings_of(account)
        moved = _set_place(account, place, sealer)
        secret = place.webhook_secret if place else None
        account.webhook_secret_sealed = _resealed(
            sealer, account.webhook_secret_sealed, secret
        ) or sealer.seal(secrets.token_urlsafe(32))
        account.webhook_url = f"{webhook_base}{WEBHOOK_PATH}{account.key}"
        if _settings_of(account) == before:
            continue
        session.flush()
        assert account.id is not None
        note(session, Change("account", account.wedding_id, account.id))
        if place is None or moved:
            status = AccountStatus.UNKNOWN if place else AccountStatus.NOT_CONFIGURED
            apply_status(session, account.id, status, at=now, now=now)


def _settings_of(account: Account) -> tuple[str, ...]:
    return (
        account.waha_url,
        account.session,
        account.api_key_sealed,
        account.webhook_secret_sealed,
        account.webhook_url,
    )


def _set_place(account: Account, place: WahaPlace | None, sealer: Sealer) -> bool:
    """Point the account to its WAHA. True where it is another WAHA or session."""
    was = (account.waha_url, account.session)
    account.waha_url = place.url if place else ""
    account.session = place.session if place else ""
    account.api_key_sealed = (
        _resealed(sealer, account.api_key_sealed, place.api_key) if place else ""
    )
    moved = (account.waha_url, account.session) != was
    if moved:
        account.engine = account.waha_version = ""
    return moved


def _resealed(sealer: Sealer, sealed: str, wanted: str | None) -> str:
    """Return the seal of `wanted` (None: of what was there), a new one only where it
    must be: sealing twice never gives the same text."""
    try:
        present = sealer.open(sealed)
    except SealBroken:
        present = sealed = ""
    if wanted is None or present == wanted:
        return sealed
    return sealer.seal(wanted)
