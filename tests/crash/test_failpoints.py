"""kill -9 at every step of a send: never twice, never lost, nothing left behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders import message, phases_of
from tests.crash.places import Place, WhatsApp, opened_place
from tests.crash.truth import goes_on_in_time, never_twice, sent_exactly_once
from tests.crash.zygote import Zygote
from wedding_wa.services import failpoints
from wedding_wa.services.queue import let_go

KILLS = 2  # at the third one the message is set aside
NAMES = failpoints.NAMES
BEFORE_THE_MARK = NAMES[: NAMES.index("marked")]
# Starting a worker is what takes the time: two at once, each on its own wedding.
PAIRS = [NAMES[at : at + 2] for at in range(0, len(NAMES), 2)]

pytestmark = pytest.mark.crash


@pytest.fixture
def places(
    wedding: Path, tmp_path: Path, whatsapp: WhatsApp, zygote: Zygote
) -> Iterator[list[Place]]:
    """Two weddings of their own."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                opened_place(wedding, tmp_path / name, whatsapp, zygote)
            )
            for name in ("one", "other")
        ]


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_killed_at_a_step_again_and_again(
    places: list[Place], pair: tuple[str, ...]
) -> None:
    """Killed twice at a step, each message still arrives exactly once.

    After the last kill the next one goes within 5 s of the new process being up.
    """
    with ThreadPoolExecutor() as pool:
        list(pool.map(_killed_again_and_again, places, pair))


def _killed_again_and_again(place: Place, name: str) -> None:
    ids = place.put_many(3, name=name)
    for _ in range(KILLS):
        assert place.worker(failpoint=name).ended() == -signal.SIGKILL
        never_twice(place)

    ids += place.put_many(1, name=f"after {name}")
    last = place.worker()
    goes_on_in_time(place, last)
    place.until_status(ids, "sent")
    assert last.stop() == 0
    sent_exactly_once(place, ids)
    if name in BEFORE_THE_MARK:
        told = [phase for number in ids for phase in phases_of(place.database, number)]
        # a claim that was never committed leaves nothing to rescue
        assert told.count("rescued") >= (0 if name == "claiming" else KILLS)
        assert "unconfirmed" not in told


def test_what_kills_again_and_again_is_set_aside(place: Place) -> None:
    """Three deaths with the same message in hand: it waits for a person; others go."""
    poison = place.put("groom", "poison")
    for _ in range(3):
        assert place.worker(failpoint="typing").ended() == -signal.SIGKILL
    behind = place.put("groom", "behind it")
    last = place.worker()
    place.until_status([behind], "sent")
    row = message(place.database, poison)
    assert (row.status, row.hold_rule) == ("pending", "quarantine")
    now = datetime.now(UTC)
    place.database.write_now(let_go, place.couple.wedding, poison, now=now)
    place.until_status([poison], "sent")
    assert last.stop() == 0
    sent_exactly_once(place, [poison, behind])
