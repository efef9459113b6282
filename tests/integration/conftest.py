"""The real WAHA client against the real simulator over HTTP."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest
from sqlmodel import Session, select

from tests.builders import Couple, make_couple
from tests.fakes import FakeClock
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services.accounts import Clients
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.sender import Sender
from wedding_wa.services.worker import AccountWorker
from wedding_wa.simulator import SimulatorServer


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorServer]:
    """One simulator for all tests; each begins with a world reset."""
    with SimulatorServer(speed=100) as server:
        yield server


@dataclass
class World:
    """The pretend WhatsApp behind the simulator, and our database in front."""

    url: str
    headers: dict[str, str]
    database: Database
    couple: Couple

    def post(self, path: str, /, **body: object) -> dict[str, object]:
        answer = httpx.post(f"{self.url}{path}", json=body, headers=self.headers)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def fault(self, mode: str, /, **more: object) -> None:
        self.post("/__world/faults", mode=mode, **more)

    def mend(self) -> None:
        httpx.delete(f"{self.url}/__world/faults").raise_for_status()

    def delivered(self, session: str = "groom") -> list[dict[str, object]]:
        answer = httpx.get(f"{self.url}/__world/delivered", params={"session": session})
        return answer.json()


@pytest.fixture
def world(simulator: SimulatorServer, database: Database) -> Iterator[World]:
    """Both numbers logged in at the simulator and known to the database."""
    httpx.post(f"{simulator.url}/__world/reset").raise_for_status()
    couple = make_couple(database)
    made = World(simulator.url, {"X-Api-Key": simulator.api_key}, database, couple)
    for session in ("groom", "bride"):
        made.post(f"/api/sessions/{session}/start")
        _until(made, session, "SCAN_QR_CODE")
        phone = database.read_now(lambda s, key=session: _phone(s, key))
        made.post(f"/__world/sessions/{session}/scan", phone=phone)
        _until(made, session, "WORKING")

    def reach(session: Session) -> None:
        for account_id, name in ((couple.groom, "groom"), (couple.bride, "bride")):
            account = session.get_one(Account, account_id)
            account.waha_url = simulator.url
            account.session = name
            account.api_key_sealed = Sealer(b"test").seal(simulator.api_key)
            session.add(account)

    database.write_now(reach)
    yield made
    made.mend()


def _phone(session: Session, key: str) -> str | None:
    """The number that the database knows: another one would be a stranger."""
    return session.exec(select(Account.phone).where(Account.key == key)).one()


def _until(world: World, session: str, status: str) -> None:
    import time

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = httpx.get(f"{world.url}/api/sessions/{session}", headers=world.headers)
        if answer.json()["status"] == status:
            return
        time.sleep(0.02)
    raise AssertionError(f"{session} never became {status}")


@pytest.fixture
async def clients(world: World, clock: FakeClock) -> AsyncIterator[Clients]:
    made = Clients(world.database, Sealer(b"test"), clock)
    yield made
    await made.aclose()


@pytest.fixture
def sender(world: World, clients: Clients, clock: FakeClock) -> Sender:
    """A sender that believes WAHA is up whenever its session answers WORKING."""

    async def probe(account_id: int) -> bool:
        client = await clients.get(account_id)
        return (await client.session()).status == "WORKING"

    async def listen(account_id: int) -> None:
        await apply_open_events(world.database, clients, account_id, clock)

    return Sender(
        world.database, clients, clock, random.Random(7), probe=probe, listen=listen
    )


@pytest.fixture
def groom(world: World, sender: Sender, clock: FakeClock) -> AccountWorker:
    """The worker of the groom's account."""
    return AccountWorker(world.database, sender, clock, world.couple.groom)
