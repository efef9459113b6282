"""The whole app sends as it always does, however many programs listen."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from sqlmodel import Session, col, select

from tests.breath import breath
from tests.crash.places import ROOT, Place, free_port, until
from tests.crash.test_whole_app import own, started  # noqa: F401
from tests.crash.truth import sent_exactly_once
from wedding_wa.domain.messages import Phase
from wedding_wa.models import MessageEvent
from wedding_wa.services import apikeys
from wedding_wa.services.clock import Clock
from wedding_wa.services.stream_hub import PER_KEY

READING, SILENT = 450, 50
# Every pause is as long as it is planned: what is longer is somebody else's doing.
RHYTHM = {"pause": 0.3, "typing": 0.5, "final_pause": 0.2}
PACE = {
    f"{name}_{end}_seconds": s for name, s in RHYTHM.items() for end in ("min", "max")
}
EACH = 4  # messages of each account
LATER = 0.4  # seconds that the median may be longer, on a machine with breath

# the pages may have to be built first
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def test_five_hundred_readers_beside_the_real_sender(own: Place) -> None:  # noqa: F811
    """450 programs are told each phase of each message, 50 never read: a message takes
    as long as without them, and each goes once."""
    for account in ("groom", "bride"):
        own.set_policy(account, **PACE)
    port = free_port()
    app = started(own, port)
    until(lambda: app.log.count("hearing_gap_closed") == 2, "both numbers are heard")
    alone = own.put_many(EACH, name="alone")
    until(lambda: acknowledged(own, alone), "they were all read")
    with crowd(own, port) as listening:
        beside = own.put_many(EACH, name="beside")
        until(lambda: acknowledged(own, beside), "they were all read")
        told = listening.end()
    assert len(told) == READING
    assert len(set(told)) == 1
    assert told[0] >= len(beside) * 6
    before, after = (statistics.median(lengths(own, ids)) for ids in (alone, beside))
    assert before >= sum(RHYTHM.values())
    assert after < before + LATER * breath()
    sent_exactly_once(own, [*alone, *beside])
    assert app.stop() == 0


class Crowd:
    """The process of those who listen."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def end(self) -> list[int]:
        """Go; how many phases each who read was told."""
        out, _ = self._process.communicate(timeout=30)
        return list(json.loads(out))


@contextmanager
def crowd(place: Place, port: int) -> Iterator[Crowd]:
    tokens = [key(place, number) for number in range((READING + SILENT) // PER_KEY)]
    pipe = subprocess.PIPE
    script = str(ROOT / "tests" / "integration" / "stream" / "crowd.py")
    words = [sys.executable, script, str(port), str(READING), str(SILENT), *tokens]
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Crowd(process)
    finally:
        process.kill()
        process.wait()


def key(place: Place, number: int) -> str:
    return place.database.write_now(
        apikeys.create_key,
        wedding_id=place.couple.wedding,
        name=f"reader {number}",
        scopes=["read"],
        now=Clock().now(),
    )


def events(place: Place, ids: list[int]) -> list[MessageEvent]:
    def look(session: Session) -> list[MessageEvent]:
        mine = col(MessageEvent.message_id).in_(ids)
        return list(session.exec(select(MessageEvent).where(mine)).all())

    return place.database.read_now(look)


def acknowledged(place: Place, ids: list[int]) -> bool:
    found = events(place, ids)
    return {one.message_id for one in found if one.phase == Phase.READ} == set(ids)


def lengths(place: Place, ids: list[int]) -> list[float]:
    """Seconds from the first look at the chat until WhatsApp had the message."""
    at: dict[tuple[int, str], datetime] = {
        (one.message_id, one.phase): one.at for one in events(place, ids)
    }
    return [(at[i, Phase.SENT] - at[i, Phase.READING]).total_seconds() for i in ids]
