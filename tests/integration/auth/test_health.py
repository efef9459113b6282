"""GET /api/health: what a monitor may know."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from tests.fakes import NOON
from tests.integration.auth.conftest import House
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services.health import look


def _accounts(house: House, **values: object) -> None:
    """Make both accounts look like this; all is well by default."""
    well = {
        "waha_url": "http://waha:3000",
        "api_key_sealed": "sealed-key",
        "status": "WORKING",
        "status_at": house.clock.now(),
        "phone": "+393331234567",
        "lease_owner": "host:1:2",
        "lease_until": house.clock.now() + timedelta(seconds=30),
    }
    statement = sa.update(Account).values(**well | values)
    house.db.write_now(lambda session: session.execute(statement).close())


async def test_all_is_well(house: House, browser: httpx.AsyncClient) -> None:
    """200, ok, the parts; neither phone numbers nor secrets nor addresses."""
    house.owner()
    _accounts(house)
    answer = await browser.get("/api/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert set(body["parts"]) == {"process", "database", "worker", "accounts"}
    assert body["parts"]["worker"]["status"] == "ok"
    assert body["parts"]["accounts"]["groom"]["status"] == "WORKING"
    for secret in ("393331234567", "sealed-key", "waha:3000", "host:1"):
        assert secret not in answer.text
    assert (await browser.head("/api/health")).status_code == 200


async def test_before_setup_it_is_well_too(browser: httpx.AsyncClient) -> None:
    """Nothing to do is no fault."""
    answer = await browser.get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["parts"]["worker"]["status"] == "idle"


async def test_a_waha_that_is_down_degrades(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Still 200: the app serves, and says which account is not well."""
    house.owner()
    for status in ("UNREACHABLE", "SCAN_QR_CODE", "FAILED", "UNKNOWN"):
        _accounts(house, status=status)
        answer = await browser.get("/api/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["parts"]["accounts"]["bride"]["status"] == status


async def test_a_silent_worker_degrades(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Its heartbeat are the leases it renews: 30 s without one, and it is silent."""
    house.owner()
    _accounts(house)
    house.clock.advance(29)
    assert (await browser.get("/api/health")).json()["status"] == "ok"
    house.clock.advance(1)
    body = (await browser.get("/api/health")).json()
    assert body["status"] == "degraded"
    assert body["parts"]["worker"]["status"] == "silent"


async def test_an_account_without_a_waha_is_nobodys_fault(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Where only one number is configured the other does not degrade."""
    house.owner()
    _accounts(house)
    off = sa.update(Account).where(Account.key == "bride")  # type: ignore[arg-type]
    values = {"waha_url": "", "lease_until": None, "status": "UNKNOWN"}
    house.db.write_now(lambda s: s.execute(off.values(**values)).close())
    body = (await browser.get("/api/health")).json()
    assert body["status"] == "ok"
    assert body["parts"]["accounts"]["bride"]["status"] == "NOT_CONFIGURED"


async def test_a_database_that_fails_is_an_outage(
    house: House, browser: httpx.AsyncClient
) -> None:
    """503, in the same shape, without the reason's details."""
    house.owner()
    house.db.write_now(
        lambda s: s.execute(sa.text("ALTER TABLE account RENAME TO gone")).close()
    )
    answer = await browser.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"
    assert answer.json()["parts"]["database"]["status"] == "down"
    assert "sqlite" not in answer.text.lower()


async def test_a_database_that_hangs_is_an_outage(
    database: Database, tmp_path: Path
) -> None:
    """The answer comes within the patience, though the database does not."""
    del tmp_path
    seen = await look(_Slow(database), now=NOON, patience=0.05)
    assert not seen.serves


class _Slow(Database):
    """A database whose answers take half a second."""

    def __init__(self, real: Database) -> None:
        super().__init__(real.url)

    def read_now(self, fn, *args, **kwargs):  # type: ignore[no-untyped-def, override]
        def slowly(session: Session) -> object:
            time.sleep(0.5)
            return fn(session, *args, **kwargs)

        return super().read_now(slowly)
