"""Two weddings with guests who wrote, and programs with a key to one of them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON
from tests.integration.api_v1.audited import watched
from tests.integration.api_v1.token_door import Door
from tests.integration.auth.conftest import (  # noqa: F401
    House,
    _quick_hashes,
    house,
)
from tests.integration.inbox.conftest import Post
from wedding_wa.db import Database, opened
from wedding_wa.models import Guest, OptOut
from wedding_wa.services import apikeys, guests, webhook_log, weddings
from wedding_wa.services.guests import GuestForm
from wedding_wa.services.webhook_log import receivers
from wedding_wa.services.webhook_refusals import Delivery, Reason, refuse

CARLA, UGO, PIA = "+393331112222", "+393334445555", "+393335556666"


@dataclass(frozen=True)
class Made:
    """The ids of a wedding's rows, one of each noun."""

    couple: Couple
    guest: int
    household: int
    other_guest: int
    chat: int
    opt_out: int
    event: int


def make_wedding(database: Database) -> Made:
    """Carla wrote to the groom; Ugo, too, and then STOP; one event failed."""
    couple = make_couple(database)
    post = Post(database, couple)
    ids = [
        database.write_now(guests.add_guest, couple.wedding, form, by=None, now=NOON)
        for form in (
            GuestForm(name="Zia Carla", phone=CARLA, tags=("family",)),
            GuestForm(name="Ugo", phone=UGO, side="bride", household="Rossi"),
        )
    ]
    chat = post.writes(CARLA, "Ciao Luca!")
    post.writes(UGO, "Ciao!", account="bride")
    post.writes(UGO, "STOP", account="bride", minutes=5)
    raw = see.event("message.any", {"id": "?"}, at=NOON, session="other")
    database.write_now(
        webhook_log.store,
        wedding_id=couple.wedding,
        account_id=couple.groom,
        raw=raw,
        now=NOON,
    )
    event = database.read_now(webhook_log.open_events, couple.groom, limit=1)[0].id
    database.write_now(webhook_log.set_error, event, "error.waha.bad_event", done=NOON)
    home = database.read_now(lambda s: s.get_one(Guest, ids[0]).household_id)
    opt_out = database.read_now(
        lambda s: s.exec(
            select(OptOut.id).where(OptOut.wedding_id == couple.wedding)
        ).one()
    )
    assert opt_out is not None
    return Made(couple, ids[0], home, ids[1], chat, opt_out, event)


def knock(database: Database) -> None:
    """A forged delivery to the groom's address."""

    def write(session: object) -> None:
        known = receivers(session, "groom")  # type: ignore[arg-type]
        delivery = Delivery("groom", "192.0.2.7", 2, b"{}")
        refuse(session, delivery, Reason.SIGNATURE, known[:1], now=NOON)  # type: ignore[arg-type]

    database.write_now(write)


def program_of(house: House, wedding: int, *scopes: str) -> httpx.AsyncClient:  # noqa: F811
    """A program of that wedding with a key that may `scopes`."""
    key = house.db.write_now(
        apikeys.create_key,
        wedding_id=wedding,
        name="program",
        scopes=scopes,
        now=NOON,
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app, raise_app_exceptions=False),
        base_url="http://localhost:8000/api/v1",
        headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
    )
    return watched(client, house.db)


@dataclass
class Place:
    """A wedding, its stranger, and clients for the programs of the first."""

    house: House
    mine: Made
    theirs: Made

    def program(self, *scopes: str, made: Made | None = None) -> httpx.AsyncClient:
        """A program with a key that may `scopes`."""
        wedding = (made or self.mine).couple.wedding
        return program_of(self.house, wedding, *scopes)


@dataclass(frozen=True)
class Peopled:
    """A database's file with two weddings."""

    file: Path
    mine: Made
    theirs: Made


@pytest.fixture(scope="session")
def peopled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Peopled:
    """Made once: it takes longer than most of what is asked about them."""
    file = tmp_path_factory.mktemp("peopled") / "peopled.db"
    shutil.copy(template, file)
    with opened(f"sqlite:///{file}") as database:
        made = Peopled(file, make_wedding(database), make_wedding(database))
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return made


@pytest.fixture
def database(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path
) -> Iterator[Database]:
    """A file of the test's own: with the two weddings where it asks for a place."""
    begin = template
    if "place" in request.fixturenames:
        begin = request.getfixturevalue("peopled").file
    file = tmp_path / "test.db"
    shutil.copy(begin, file)
    with opened(f"sqlite:///{file}") as made:
        yield made


@pytest.fixture
async def place(house: House, peopled: Peopled) -> AsyncIterator[Place]:  # noqa: F811
    yield Place(house, peopled.mine, peopled.theirs)
    await house.runtime.clients.aclose()


@pytest.fixture
async def program(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may do everything a program may."""
    async with place.program("read", "send", "control") as client:
        yield client


@pytest.fixture
async def reader(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may look, and nothing else."""
    async with place.program("read") as client:
        yield client


@pytest.fixture
async def sending(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """With the right that the Queue page's buttons need, and no other."""
    async with place.program("send") as client:
        yield client


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:  # noqa: F811
    """A program at the door of a house with one owner."""
    owner = house.owner()
    wedding = house.db.read_now(weddings.only_wedding) or 0
    async with house.browser() as client:
        del client.headers["Origin"]
        yield Door(house, wedding, owner, client)
