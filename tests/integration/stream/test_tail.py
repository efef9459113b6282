"""`python -m wedding_wa tail`: it comes back, goes on where it was, ends in words."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.builders import guest_wrote, put
from tests.fakes import FakeClock
from tests.integration.stream.conftest import SOON, Place, Server, until
from wedding_wa.cli import app
from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.services import apikeys
from wedding_wa.services.stream_follow import Feed, follow

ROOT = Path(__file__).parents[3]


class Waits(FakeClock):
    """Remembers how long it was asked to wait, and waits a moment."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0.02)


async def test_it_comes_back_and_goes_on_where_it_was(place: Place) -> None:
    """The server is gone and comes again, twice: each envelope once, in order; the
    waits double to half a minute, and begin anew once it was told something."""
    guest_wrote(place.db, place.couple.groom)
    clock, breaks = Waits(), []
    told: list[str] = []
    feed = Feed(f"http://127.0.0.1:{place.server.port}", place.key())

    async def listen() -> None:
        async for one in follow(feed, after="0", clock=clock, broken=breaks.append):
            if "id" in one.envelope:
                told.append(one.envelope["id"])  # noqa: PERF401  # while it goes on

    listening = asyncio.create_task(listen())
    await until(lambda: len(told) == 2)
    for round_ in (1, 2):
        clock.slept.clear()
        port = place.server.port
        await place.server.stop()
        for _ in range(3):
            put(place.db, place.couple)
        await until(lambda: len(clock.slept) >= 6)
        assert clock.slept[:6] == [3, 6, 12, 24, 30, 30]
        place.server = Server(place.app, port)
        await place.server.start()
        await until(lambda n=round_: len(told) == 2 + 6 * n)
    listening.cancel()
    assert told == ["1", "2", *[f"{n}{p}" for n in range(3, 9) for p in ("", ".1")]]
    assert breaks


async def test_what_coming_back_would_not_mend(place: Place) -> None:
    """A wrong token, one that may not read, no such feed, no address: an end at once,
    each with its own words."""
    here = f"http://127.0.0.1:{place.server.port}"
    cases = {
        "cli.tail.token": Feed(here, "wwa_00000000_nobody"),
        "cli.tail.scope": Feed(here, place.key("send")),
        "cli.tail.asked": Feed(here, place.key(), ("nonsense",)),
        "cli.tail.address": Feed("localhost:8000", "x"),
    }
    for code, feed in cases.items():
        clock = Waits()
        with pytest.raises((Refused, BadInput)) as caught:
            async for _ in follow(feed, after="now", clock=clock, broken=print):
                pass
        assert caught.value.code == code
        assert clock.slept == []


class Child:
    """The program as a person starts it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(SOON * 2):
            return (await self.process.stdout.readline()).decode()

    async def json(self) -> dict[str, Any]:
        return dict(json.loads(await self.line()))

    async def end(self) -> tuple[int, str]:
        """Its exit code, and what it said to the person."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SOON * 2):
            said = (await self.process.stderr.read()).decode()
            return await self.process.wait(), said


@asynccontextmanager
async def tail(
    place: Place, *words: str, token: str | None = None
) -> AsyncIterator[Child]:
    """`tail` beside the served app, its token in the environment."""
    shown = place.key() if token is None else token
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wedding_wa", "tail"),
        *("--url", f"http://127.0.0.1:{place.server.port}", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(shown),
        cwd=ROOT,
    )
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment(token: str) -> Mapping[str, str]:
    return {**os.environ, "WEDDING_WA_TOKEN": token, "LC_ALL": "en_GB.UTF-8"}


async def test_a_line_an_event(place: Place) -> None:
    """A person sees the time, what, with whom, and the words as words: nothing in them
    is an order to the terminal. Ctrl-C ends it, with 130."""
    guest_wrote(place.db, place.couple.groom)
    put(place.db, place.couple)
    async with tail(place, "--after", "0") as child:
        lines = [await child.line() for _ in range(4)]
        child.process.send_signal(signal.SIGINT)
        code, said = await child.end()
    assert "message_received" in lines[0]
    assert "Ciao!" in lines[0]
    assert "guest_activated" in lines[1]
    assert "+393331112222" in lines[1]
    assert "queued" in lines[3]
    assert (code, said) == (130, "")


async def test_json_lines_of_what_was_asked_for(place: Place) -> None:
    """One object a line, as it came; a revoked key ends it with a sentence and 3."""
    guest_wrote(place.db, place.couple.groom)
    put(place.db, place.couple)
    words = ("--json", "--after", "0", "--event", "message_sent")
    async with tail(place, *words, "--event", "guest_activated") as child:
        found = [await child.json() for _ in range(2)]
        place.db.write_now(
            apikeys.revoke_key,
            1,
            wedding_id=place.couple.wedding,
            by=None,
            now=place.now(),
        )
        code, said = await child.end()
    assert [one["event"] for one in found] == ["guest_activated", "message_sent"]
    assert code == 3
    assert "revoked" in said


@pytest.mark.parametrize(
    ("words", "token", "hint"),
    [
        ((), "", "WEDDING_WA_TOKEN"),
        (("--event", "birthday"), "x", "guest_activated"),
        (("--after", "yesterday"), "x", "yesterday"),
    ],
)
def test_what_makes_no_sense_is_not_begun(
    words: tuple[str, ...], token: str, hint: str
) -> None:
    """No token, no such event, no such id: 2, with the reason."""
    found = CliRunner().invoke(app, ["tail", *words], env=_environment(token))
    assert found.exit_code == 2
    assert hint in found.stderr
