"""Five hundred who listen, fifty of whom never read: nobody else notices."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlmodel import Session

from tests.builders import guest_wrote, put
from tests.integration.stream.conftest import Place, until
from wedding_wa.domain.messages import Phase
from wedding_wa.services import events, stream_listener
from wedding_wa.services.stream_hub import PER_KEY

READING, SILENT = 450, 50
STEP_S = 0.15
BEFORE, BESIDE = 30, 100
_BIG = "x" * 4000  # so that what nobody reads fills every buffer soon


@pytest.fixture(autouse=True)
def _files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this machine allows no 500 connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))


async def rhythm(place: Place, number: int, steps: int) -> list[float]:
    """Do what a sender does: wait, write a phase, wait. How late each was, in s."""

    def write(session: Session) -> None:
        events.begin(
            session,
            number,
            Phase.TYPING,
            wedding_id=place.couple.wedding,
            attempt=1,
            at=place.now(),
            data={"long": _BIG},
        )

    late = []
    for _ in range(steps):
        begun = time.monotonic()
        await asyncio.sleep(STEP_S)
        await place.db.write(write)
        late.append(time.monotonic() - begun - STEP_S)
    return late


@asynccontextmanager
async def crowd(place: Place) -> AsyncIterator[asyncio.subprocess.Process]:
    tokens = [place.key() for _ in range((READING + SILENT) // PER_KEY)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("crowd.py"))),
        *(str(place.server.port), str(READING), str(SILENT), *tokens),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1_000_000,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def memory() -> int:
    """Bytes that this process holds just now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def test_five_hundred_readers_and_fifty_who_never_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each who reads is told everything; who does not is let go, and what was written
    for them is freed; the sender keeps its rhythm; nothing grows without end."""
    monkeypatch.setattr(stream_listener, "STALLED_S", 4.0)
    guest_wrote(place.db, place.couple.groom)
    number = put(place.db, place.couple).id
    alone = await rhythm(place, number, BEFORE)
    hub = place.runtime.stream
    async with crowd(place) as others:
        await until(lambda: len(hub.listeners) == READING + SILENT)
        before = memory()
        beside = await rhythm(place, number, BESIDE)
        grown = memory() - before
        await until(lambda: len(hub.listeners) == READING, seconds=40)
        await until(lambda: all(one.behind == 0 for one in hub.listeners), seconds=40)
        assert others.stdin is not None
        assert others.stdout is not None
        others.stdin.close()
        told = json.loads(await others.stdout.readline())
    assert told == [BESIDE] * READING
    # seven events a second is what two numbers do at their busiest, many times over
    assert statistics.median(beside) < statistics.median(alone) + 0.15
    assert statistics.quantiles(beside, n=20)[-1] < 1.0
    assert grown < 100_000_000
    await until(lambda: not hub.listeners)
