"""The app on a test's own database, as this process's, and tabs that look at it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from tests.builders import Couple
from tests.reflex_harness import Tab, login
from wedding_wa import runtime
from wedding_wa.db import Database
from wedding_wa.models import Role
from wedding_wa.runtime import Runtime
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings, load_settings


@dataclass
class Desk:
    """A wedding, the app that serves it, and who may look. `start`: the tabs' page."""

    app: Runtime
    couple: Couple
    clock: Clock
    start: str = field(default="/", kw_only=True)

    @property
    def db(self) -> Database:
        return self.app.db

    def tab(
        self, address: str = "", *, lang: str = "en", role: Role = Role.OWNER
    ) -> Tab:
        """A tab of somebody who is logged in and reads `lang`."""
        cookie = login(self.db, self.couple, clock=self.clock, lang=lang, role=role)
        return Tab(cookie, address or self.start)


@asynccontextmanager
async def running(database: Database, clock: Clock) -> AsyncIterator[Runtime]:
    """A runtime with a live bus and the same chances each time."""
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
    try:
        yield app
    finally:
        await app.clients.aclose()
        runtime.install(None)


@contextmanager
def built(database: Database, clock: Clock) -> Iterator[Runtime]:
    """The runtime as the program builds it, but for the database and the clock."""
    app = runtime.build(load_settings(), clock=clock)
    app.db.close()
    app.db = database
    database.on_commit.append(app.bus.publish)
    runtime.install(app)
    try:
        yield app
    finally:
        runtime.install(None)
