"""services: how each account reaches its WAHA: the settings kept in its row, and the
one client that is made of them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.errors import AccountDown, BadInput, NotFound
from wedding_wa.models import Account
from wedding_wa.services.clock import Clock
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.waha import WahaClient, WahaConfig


class NotConfigured(AccountDown):
    """The account has no WAHA, or settings with which none can be asked."""

    code = "account.error.not_configured"


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
        self._made: dict[int, tuple[_Reach, WahaClient]] = {}
        self._replaced: list[WahaClient] = []
        self._turns: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(
            asyncio.Lock
        )

    async def get(self, account_id: int) -> WahaClient:
        """Return the account's client. Raises NotConfigured, NotFound, SealBroken."""
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
        key = self._sealer.open(reach.api_key_sealed)
        try:
            config = WahaConfig(reach.url, key, reach.session)
        except BadInput as error:
            raise NotConfigured(str(error), reason=error.code) from error
        return WahaClient(config, clock=self._clock)


def _reach(session: Session, account_id: int) -> _Reach:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(account_id=account_id)
    return _Reach(account.waha_url, account.session, account.api_key_sealed)
