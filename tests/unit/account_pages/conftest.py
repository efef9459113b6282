"""The app's runtime on a test's own database, and somebody logged in."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.builders import Couple, make_couple
from tests.fakes import FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa import runtime
from wedding_wa.db import Database
from wedding_wa.models import Role
from wedding_wa.runtime import Runtime
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings


@dataclass
class Home:
    """A wedding, its database and who may look at it."""

    app: Runtime
    couple: Couple
    clock: FakeClock

    @property
    def db(self) -> Database:
        return self.app.db

    def tab(
        self, address: str = "/", *, lang: str = "en", role: Role = Role.OWNER
    ) -> Tab:
        """A tab of somebody who is logged in and reads `lang`."""
        cookie = login(self.db, self.couple, clock=self.clock, lang=lang, role=role)
        return Tab(cookie, address)


@pytest.fixture
def couple(database: Database) -> Couple:
    """A wedding whose two accounts are logged in."""
    return make_couple(database)


@pytest.fixture
async def home(
    database: Database, couple: Couple, clock: FakeClock
) -> AsyncIterator[Home]:
    """The runtime of this test, installed as the process's."""
    app = Runtime(
        settings=Settings(),
        db=database,
        clock=clock,
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )
    app.bus.attach()
    runtime.install(app)
    yield Home(app, couple, clock)
    await app.clients.aclose()
    runtime.install(None)
