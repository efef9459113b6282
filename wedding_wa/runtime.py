"""runtime: the composition root, built once, overridable in tests.

Settings, database, clock, chance, live bus and WAHA clients meet here and nowhere
else. Doors ask `current()`; tests `install` their own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from wedding_wa.db import Database
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.history_looks import Looks
from wedding_wa.services.known_keys import KnownKeys
from wedding_wa.services.live import Bus
from wedding_wa.services.queue_runs import Runs
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.stream_hub import Hub
from wedding_wa.settings import Settings, load_settings


@dataclass(slots=True)
class Runtime:
    """Everything a door needs. Built by `build`, closed by `aclose`."""

    settings: Settings
    db: Database
    clock: Clock
    rng: random.Random
    bus: Bus
    sealer: Sealer
    clients: Clients = field(init=False)
    keys: KnownKeys = field(init=False)
    runs: Runs = field(init=False)
    looks: Looks = field(init=False)
    stream: Hub = field(init=False)

    def __post_init__(self) -> None:
        self.clients = Clients(self.db, self.sealer, self.clock)
        self.keys = KnownKeys(self.db, self.clock)
        self.runs = Runs()
        self.looks = Looks()
        self.stream = Hub(self.db, self.bus, self.clock)
        self.db.on_commit.append(self.bus.publish)

    async def rest(self) -> None:
        """End what was begun beside the pages, and close connections."""
        await self.runs.aclose()
        await self.looks.aclose()
        await self.clients.aclose()

    async def aclose(self) -> None:
        """Come to rest, then finish what was handed to the database."""
        await self.rest()
        self.db.close()


_current: Runtime | None = None


def build(settings: Settings | None = None, *, clock: Clock | None = None) -> Runtime:
    """Put the parts together. Raises SettingsError; opens no connection yet."""
    settings = settings or load_settings()
    return Runtime(
        settings=settings,
        db=Database(settings.database),
        clock=clock or Clock(),
        rng=random.SystemRandom(),
        bus=Bus(),
        sealer=Sealer(settings.key_material()),
    )


def current() -> Runtime:
    """The process's runtime, built at the first call."""
    global _current  # noqa: PLW0603  # the one composition root of the process
    if _current is None:
        _current = build()
    return _current


def install(runtime: Runtime | None) -> None:
    """Use `runtime` from now on (None: build anew when asked)."""
    global _current  # noqa: PLW0603  # the one composition root of the process
    _current = runtime
