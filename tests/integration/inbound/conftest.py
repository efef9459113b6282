"""The webhook door in front of a database, without a WAHA behind it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON, FakeClock
from wedding_wa import runtime
from wedding_wa.api import errors, webhooks
from wedding_wa.api.headers import TrailingSlash
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.runtime import Runtime
from wedding_wa.services.accounts import WahaPlace, sync_from_settings
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings

BRIDES_KEY = "the bride's own secret"


@dataclass
class Door:
    """Posts to the webhook route as WAHA would."""

    app: Runtime
    couple: Couple
    http: httpx.AsyncClient = field(repr=False)
    applier: webhooks.Applier = field(repr=False)

    async def post(
        self,
        raw: bytes,
        *,
        account: str = "groom",
        key: str | None = see.SAMPLES_KEY,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, once what it set going has come to rest."""
        signed = {"X-Webhook-Hmac": see.signature(raw, key)} if key else {}
        answer = await self.http.post(
            f"/api/webhooks/waha/{account}",
            content=raw,
            headers={**signed, **(headers or {})},
        )
        await self.applier.idle()
        return answer


def make_runtime(database: Database, clock: FakeClock) -> Runtime:
    """A runtime around the test's own database and clock."""
    return Runtime(
        settings=Settings(),
        db=database,
        clock=clock,
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )


def configure(app: Runtime, *, session: str) -> None:
    """Both accounts have a WAHA that nobody answers for, and a webhook secret."""
    app.db.write_now(
        sync_from_settings,
        {
            "groom": WahaPlace("http://127.0.0.1:9", session, "key", see.SAMPLES_KEY),
            "bride": WahaPlace("http://127.0.0.1:9", session, "key", BRIDES_KEY),
        },
        app.sealer,
        NOON,
        webhook_base="http://127.0.0.1:8150",
    )


@pytest.fixture
def app(database: Database, clock: FakeClock) -> Iterator[Runtime]:
    made = make_runtime(database, clock)
    runtime.install(made)
    yield made
    runtime.install(None)


@pytest.fixture
async def door(app: Runtime) -> AsyncIterator[Door]:
    """Accounts that wait for their first login; session names as in the samples."""
    couple = make_couple(app.db, status="UNKNOWN")
    for account_id in (couple.groom, couple.bride):
        see.update(app.db, account_id, phone=None, own_chat_id=None)
    configure(app, session="default")
    for account_id in (couple.groom, couple.bride):
        # the samples were recorded at another time than the tests' noon
        see.update(app.db, account_id, status_at=None, status_seen_at=None)
    api = FastAPI()
    errors.install(api)
    applier = webhooks.Applier()
    api.include_router(webhooks.router(applier))
    transport = httpx.ASGITransport(app=TrailingSlash(api))
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as http:
        yield Door(app, couple, http, applier)
    await app.clients.aclose()


def groom_of(door: Door) -> Account:
    return see.account(door.app.db, door.couple.groom)
