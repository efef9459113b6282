"""The app's webhook door on a real port, the simulator posting to it."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI

from tests import accounts as see
from tests.builders import Couple, make_couple
from wedding_wa import runtime
from wedding_wa.api import errors, webhooks
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.runtime import Runtime
from wedding_wa.services import account_commands
from wedding_wa.services.account_commands import Desk
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients, WahaPlace, sync_from_settings
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings
from wedding_wa.simulator import SimulatorServer

PATIENCE_S = 30.0


@pytest.fixture(scope="session")
def fast_simulator() -> Iterator[SimulatorServer]:
    """A simulator 20 times as fast as WAHA: its codes last 3 s and 1 s."""
    with SimulatorServer(speed=20) as server:
        yield server


@dataclass
class House:
    """The app's side: its database, clients and webhook door; and the simulator."""

    app: Runtime
    couple: Couple
    sim: SimulatorServer
    webhook_base: str

    @property
    def db(self) -> Database:
        return self.app.db

    @property
    def clients(self) -> Clients:
        return self.app.clients

    @property
    def desk(self) -> Desk:
        return Desk(self.db, self.clients, self.app.clock)

    @property
    def groom(self) -> Account:
        return see.account(self.db, self.couple.groom)

    async def poll(self) -> str:
        return await poll(self.db, self.clients, self.couple.groom, self.app.clock)

    async def start(self) -> str:
        return await account_commands.start(self.desk, self.couple.groom)

    async def until(self, there: Callable[[], object], what: str) -> None:
        """Wait for `there`, with a deadline."""
        deadline = time.monotonic() + PATIENCE_S
        while not there():
            assert time.monotonic() < deadline, f"never: {what}"
            await asyncio.sleep(0.02)

    async def until_status(self, status: str) -> None:
        await self.until(lambda: self.groom.status == status, status)

    async def until_polled(self, status: str) -> None:
        """Wait for what no webhook will tell."""
        deadline = time.monotonic() + PATIENCE_S
        while await self.poll() != status:
            assert time.monotonic() < deadline, f"never: {status}"
            await asyncio.sleep(0.05)

    async def log_in(self) -> None:
        """Start, show the code, scan it, be connected."""
        await self.start()
        await self.until_status("SCAN_QR_CODE")
        await self.by_phone(self.sim.scan, "groom")
        await self.until_status("WORKING")

    async def by_phone(self, do: Callable[..., object], *args: object) -> object:
        """The simulator's control API blocks: not on our loop."""
        return await asyncio.to_thread(do, *args)

    def configure(self, **more: object) -> None:
        """Write the settings into the accounts' rows, as each start does."""
        place = {
            "url": self.sim.url,
            "session": "groom",
            "api_key": self.sim.api_key,
            **more,
        }
        self.db.write_now(
            sync_from_settings,
            {"groom": WahaPlace(**place), "bride": None},  # type: ignore[arg-type]
            self.app.sealer,
            self.app.clock.now(),
            webhook_base=self.webhook_base,
        )


@pytest.fixture
async def house(
    database: Database, fast_simulator: SimulatorServer
) -> AsyncIterator[House]:
    """A groom who was never logged in, his WAHA set, the webhook door open."""
    fast_simulator.reset()
    app = Runtime(
        settings=Settings(),
        db=database,
        clock=Clock(),
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )
    runtime.install(app)
    couple = make_couple(database, status="UNKNOWN")
    for account_id in (couple.groom, couple.bride):
        see.update(database, account_id, phone=None, own_chat_id=None)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{door.getsockname()[1]}"
        server, task = _serve(door)
        made = House(app, couple, fast_simulator, base)
        made.configure()
        yield made
        fast_simulator.reset()
        server.should_exit = True
        await task
    await app.clients.aclose()
    runtime.install(None)


def _serve(door: socket.socket) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    api = FastAPI()
    errors.install(api)
    api.include_router(webhooks.router())
    config = uvicorn.Config(api, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server, asyncio.ensure_future(server.serve(sockets=[door]))
