"""How soon the webhook door answers, over a real socket, on a real SQLite file.

    python -m bench.webhooks [--events 2000]

A server process of its own with the route alone, which also applies what it stores:
signed messages ten a second, then one after the other, then 32 at once, then the same
with somebody else's forged ones in between. What is printed is the time from the first
byte sent to the whole answer, in milliseconds. Nothing is asserted: another machine has
other figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from tests import accounts as see
from tests.builders import make_couple
from wedding_wa import runtime
from wedding_wa.api import errors, webhooks
from wedding_wa.db import Database
from wedding_wa.runtime import Runtime
from wedding_wa.services.accounts import WahaPlace, sync_from_settings
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus
from wedding_wa.services.migrations import migrate
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings

_AT_ONCE = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "FILE"))
    asked = parser.parse_args()
    if asked.serve:
        _serve(int(asked.serve[0]), Path(asked.serve[1]))
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "bench.webhooks", "--serve", str(port)]
        server = subprocess.Popen([*command, f"{folder}/bench.db"])
        try:
            asyncio.run(_measure(port, asked.events))
        finally:
            server.terminate()
            server.wait()


async def _measure(port: int, events: int) -> None:
    url = f"http://127.0.0.1:{port}/api/webhooks/waha/groom"
    limits = httpx.Limits(max_connections=2 * _AT_ONCE)
    async with httpx.AsyncClient(limits=limits, timeout=30) as http:
        await _awake(http, url)
        _tell("ten a second", await _post(http, url, 100, at_once=1, pause=0.1))
        _tell("one after the other", await _post(http, url, events // 4, at_once=1))
        _tell(f"{_AT_ONCE} at once", await _post(http, url, events, at_once=_AT_ONCE))
        forging = asyncio.create_task(_forge(url))
        took = await _post(http, url, events, at_once=_AT_ONCE)
        forging.cancel()
        _tell(f"{_AT_ONCE} at once, with forged ones between", took)


async def _post(
    http: httpx.AsyncClient, url: str, events: int, *, at_once: int, pause: float = 0
) -> tuple[list[float], float]:
    """Milliseconds of each, and the seconds of all; `pause` seconds after each."""
    turns, took = asyncio.Semaphore(at_once), []

    async def one() -> None:
        at = datetime.now(UTC)
        bare = f"3A{random.getrandbits(64):016X}"
        payload = see.written("393331112222@c.us", bare, at=at)
        raw = see.event(
            "message.any", payload, at=at, event_id=f"evt_{bare}", session="default"
        )
        headers = {"X-Webhook-Hmac": see.signature(raw)}
        async with turns:
            begun = time.perf_counter()
            answer = await http.post(url, content=raw, headers=headers)
            took.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(pause)
        assert answer.json() == {"stored": True}, answer.text

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(events)))
    return took, time.perf_counter() - begun


async def _forge(url: str) -> None:
    """Another address, so that its refusals are not counted against WAHA's."""
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=transport, timeout=30) as other:
        while True:
            headers = {"X-Webhook-Hmac": "0" * 128}
            await other.post(url, content=b"x" * 20_000, headers=headers)


async def _awake(http: httpx.AsyncClient, url: str) -> None:
    for _ in range(1200):
        try:
            await http.get(url)
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


def _tell(what: str, measured: tuple[list[float], float]) -> None:
    took, seconds = measured
    cuts = statistics.quantiles(took, n=100)
    print(
        f"{what}: {len(took)} events, p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, "
        f"p99 {cuts[98]:.1f} ms, worst {max(took):.1f} ms, "
        f"{len(took) / seconds:.0f} a second"
    )


def _serve(port: int, file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    migrate(database.engine)
    make_couple(database)
    made = Runtime(
        settings=Settings(),
        db=database,
        clock=Clock(),
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"bench"),
    )
    place = WahaPlace("http://127.0.0.1:9", "default", "key", see.SAMPLES_KEY)
    database.write_now(
        sync_from_settings,
        {"groom": place, "bride": None},
        made.sealer,
        made.clock.now(),
        webhook_base="http://127.0.0.1:8000",
    )
    runtime.install(made)
    api = FastAPI()
    errors.install(api)
    api.include_router(webhooks.router())
    uvicorn.run(api, port=port, log_level="error", loop="uvloop", http="httptools")


if __name__ == "__main__":
    main()
