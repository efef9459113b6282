"""The feed as it is served: a real server, real sockets, programs with keys."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.builders import Couple, make_couple
from tests.integration.auth.conftest import served, settings
from wedding_wa import runtime as runtimes
from wedding_wa.cli.serve_sockets import Socket
from wedding_wa.db import Database
from wedding_wa.runtime import Runtime
from wedding_wa.services import apikeys
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer

SOON = 20.0


class QuickClock(Clock):
    """The machine's clock, run so many times quicker."""

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace

    def monotonic(self) -> float:
        return time.monotonic() * self.pace

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.pace)


class Server:
    """One uvicorn in the test's own loop, as `run` configures it."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                ws=Socket,
                lifespan="off",
                log_config=None,
                ws_max_size=1_000_000,
                ws_ping_interval=None,
                timeout_graceful_shutdown=5,
                backlog=1000,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        serve = self._server.serve(sockets=[self._socket])
        self._task = asyncio.create_task(serve)
        await until(lambda: self._server.started)

    async def stop(self) -> None:
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None
        self._socket.close()


@dataclass
class Reader:
    """A program that listens; it keeps what it was told."""

    line: ClientConnection
    told: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, *, timeout: float = SOON) -> dict[str, Any]:
        async with asyncio.timeout(timeout):
            envelope = json.loads(await self.line.recv())
        self.told.append(envelope)
        return dict(envelope)

    async def take(self, many: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(many)]

    async def code(self, *, timeout: float = SOON) -> int | None:
        """Read on to the end; the code it was closed with."""
        try:
            while True:
                await self.next(timeout=timeout)
        except ConnectionClosed:
            return self.line.close_code


@dataclass
class Place:
    """A served app on a database with one wedding."""

    runtime: Runtime
    app: ASGIApp
    server: Server
    couple: Couple

    @property
    def db(self) -> Database:
        return self.runtime.db

    def key(self, *scopes: str, couple: Couple | None = None) -> str:
        return self.db.write_now(
            apikeys.create_key,
            wedding_id=(couple or self.couple).wedding,
            name="program",
            scopes=scopes or ("read",),
            now=self.runtime.clock.now(),
        )

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/ws/whatsapp"

    @asynccontextmanager
    async def listen(
        self,
        token: str | None = None,
        *,
        path: str = "",
        headers: Sequence[tuple[str, str]] = (),
        origin: str | None = None,
        **query: str,
    ) -> AsyncIterator[Reader]:
        """Open the feed with a key of this wedding, or with `token` ("": none)."""
        asked = {"token": self.key() if token is None else token, **query}
        if not asked["token"]:
            del asked["token"]
        address = f"{self.url}{path}?{urlencode(asked)}"
        async with connect(
            address,
            additional_headers=list(headers),
            origin=origin,  # type: ignore[arg-type]  # a NewType of theirs
            ping_interval=None,
            proxy=None,
        ) as line:
            yield Reader(line)

    def now(self) -> datetime:
        return self.runtime.clock.now()


async def until(true: Callable[[], object], *, seconds: float = SOON) -> None:
    """Wait for it, not long."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    database: Database, folder: Path, *, clock: Clock | None = None
) -> AsyncIterator[Place]:
    """The app on `database`, on a port of its own."""
    made = Runtime(
        settings=settings(),
        db=database,
        clock=clock or Clock(),
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )
    runtimes.install(made)
    made.bus.attach()
    _, app = served(folder)
    server = Server(app)
    await server.start()
    try:
        yield Place(made, app, server, make_couple(database))
    finally:
        await server.stop()
        await made.clients.aclose()
        runtimes.install(None)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with serving(database, tmp_path) as made:
        yield made


@pytest.fixture
async def any_place(any_database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    """The same on SQLite and on PostgreSQL."""
    async with serving(any_database, tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def _quiet_end() -> Iterator[None]:
    yield
    runtimes.install(None)
