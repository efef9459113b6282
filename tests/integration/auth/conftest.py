"""The HTTP door as it is served: guard, slashes, headers, and pages behind it."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.fakes import NOON, FakeClock
from wedding_wa import runtime
from wedding_wa.api.app import create_api
from wedding_wa.api.cors import Cors
from wedding_wa.api.guard import guarding
from wedding_wa.api.headers import SecurityHeaders, TrailingSlash
from wedding_wa.db import Database
from wedding_wa.runtime import Runtime
from wedding_wa.services import passwords, weddings
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.weddings import NewWedding
from wedding_wa.settings import Settings

EMAIL, PASSWORD = "anna@example.org", "rose and thyme"
ORIGIN = "http://localhost:8000"
COUPLE = NewWedding(
    groom_name="Marco",
    bride_name="Anna",
    day=date(2027, 6, 19),
    time_zone="Europe/Rome",
    default_country="IT",
)


@dataclass
class House:
    """A served app: what a browser and a test need to reach it."""

    runtime: Runtime
    api: FastAPI
    app: ASGIApp
    clock: FakeClock

    @property
    def db(self) -> Database:
        return self.runtime.db

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A client with cookies of its own that sends its origin, as browsers do."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=ORIGIN,
            headers={"Origin": ORIGIN, "Accept-Language": "en", **headers},
        )

    def owner(self) -> int:
        """The wedding and its first owner, made as the setup page makes them."""
        return self.db.write_now(
            weddings.set_up,
            COUPLE,
            email=EMAIL,
            password=PASSWORD,
            language="en",
            now=self.clock.now(),
        )


def settings(**values: object) -> Settings:
    """Settings of which nothing comes from the machine; programs may ask without end,
    as time stands still."""
    endless = {"api_rate_per_minute": 0, "api_rate_per_minute_wedding": 0}
    return Settings(
        _env_file=None,
        secret_key=SecretStr("s" * 32),
        **endless | values,  # type: ignore[arg-type]
    )


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands where Reflex is: answers everything that reaches it."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await PlainTextResponse(f"page {scope['path']}")(scope, receive, send)


def served(tmp_path: Path) -> tuple[FastAPI, ASGIApp]:
    """The parts in the order in which the app has them."""
    csp = tmp_path / "csp.json"
    csp.write_text(json.dumps(["'sha256-x'"]))
    api = create_api()
    api.mount("", pages)
    guarded = guarding(api)(api)
    behind = SecurityHeaders(TrailingSlash(guarded), csp_file=csp)
    return api, Cors(as_reflex_does(behind))


def as_reflex_does(app: ASGIApp) -> ASGIApp:
    """What it puts around all: an answer to other websites that allows credentials."""
    return CORSMiddleware(
        app,
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["*"],
        allow_origins=[ORIGIN],
    )


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 all the same, with less to do: tests/unit has the real parameters."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def house(database: Database, clock: FakeClock, tmp_path: Path) -> Iterator[House]:
    """The app on an empty database, before setup."""
    made = Runtime(
        settings=settings(),
        db=database,
        clock=clock,
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )
    runtime.install(made)
    api, app = served(tmp_path)
    yield House(made, api, app, clock)
    runtime.install(None)


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody has logged in with."""
    async with house.browser() as client:
        yield client


@pytest.fixture
async def anna(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The owner's browser, logged in."""
    house.owner()
    async with house.browser() as client:
        await log_in(client)
        yield client


async def log_in(
    client: httpx.AsyncClient, password: str = PASSWORD, email: str = EMAIL
) -> httpx.Response:
    """Post the login form."""
    return await client.post("/login", data={"email": email, "password": password})


def set_up(db: Database) -> int:
    """The owner's id, after a setup without a page (in Italian)."""
    return db.write_now(
        weddings.set_up,
        COUPLE,
        email=EMAIL,
        password=PASSWORD,
        language="it",
        now=NOON,
    )


def rows(session: Session, table: type) -> int:
    """How many rows a table has."""
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
