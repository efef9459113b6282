"""The app on this test's database, a guest list, tabs that look at it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.builders import make_couple
from tests.fakes import FakeClock
from tests.integration.guests.conftest import Book
from tests.reflex_harness import Tab, login
from wedding_wa import runtime
from wedding_wa.db import Database
from wedding_wa.models import Role
from wedding_wa.runtime import Runtime
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings


@dataclass
class Desk:
    """A book, and tabs at its page."""

    app: Runtime
    book: Book
    clock: FakeClock

    def tab(
        self, address: str = "/guests", *, lang: str = "en", role: Role = Role.OWNER
    ) -> Tab:
        cookie = login(
            self.app.db, self.book.couple, clock=self.clock, lang=lang, role=role
        )
        return Tab(cookie, address)


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> AsyncIterator[Desk]:
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
    yield Desk(app, Book(database, make_couple(database)), clock)
    await app.clients.aclose()
    runtime.install(None)
