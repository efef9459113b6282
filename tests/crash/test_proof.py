"""The proof, short: kills at each step and at random, with faults; and it can fail."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.crash.clocks import Offset
from tests.crash.episodes import RANDOM, plans
from tests.crash.faults import CLOCKS, LIVE, ORDERED, WEBHOOKS
from tests.crash.load import Door
from tests.crash.places import (
    ROOT,
    Place,
    WhatsApp,
    make_template,
    opened_place,
    until,
)
from tests.crash.verdict import Verdict, verdict
from tests.crash.zygote import Zygote
from wedding_wa.services import failpoints

SEED = "8"
KILLS = len(failpoints.NAMES) + 7

pytestmark = pytest.mark.crash


@pytest.mark.timeout(300)
def test_nothing_goes_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    """`make crash`, with one kill at each step and some at random."""
    words = ["-m", "tests.crash", "--seed", SEED, "--kills", str(KILLS), "--no-app"]
    done = subprocess.run(
        [sys.executable, *words, "--report", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == ["duplicates: 0", "lost: 0"], said
    assert done.returncode == 0, said
    report = (tmp_path / f"crash-{SEED}.md").read_text()
    killed = [name for name in failpoints.NAMES if f"| {name} |" in report]
    assert killed == list(failpoints.NAMES), report
    assert (tmp_path / f"crash-{SEED}.json").exists()


def test_a_thousand_kills_try_everything() -> None:
    """Each step at least twenty times; each fault; the same seed is the same plan."""
    made = list(plans(7, 1000, failpoints.NAMES))
    kills = [kill for plan in made if not plan.whole_app for kill in plan.kills]
    for name in failpoints.NAMES:
        assert sum(kill.where == name for kill in kills) >= 20, name
    assert sum(len(plan.kills) for plan in made) >= 1000
    assert sum(kill.where == RANDOM for kill in kills) >= 300
    tried = {kill.fault for plan in made for kill in plan.kills}
    assert {*LIVE, *ORDERED, *WEBHOOKS, *CLOCKS} <= tried
    assert sum(plan.clock_change is not None for plan in made) >= 4
    assert made == list(plans(7, 1000, failpoints.NAMES))
    assert made != list(plans(8, 1000, failpoints.NAMES))


@pytest.fixture
def own(tmp_path: Path, zygote: Zygote) -> Iterator[Place]:
    """A wedding in a world of its own: what goes wrong in it is nobody else's."""
    with WhatsApp(tmp_path / "whatsapp", zygote) as whatsapp:
        data = make_template(tmp_path / "data", whatsapp)
        with opened_place(data, tmp_path / "place", whatsapp, zygote) as place:
            yield place


def test_the_proof_can_fail(own: Place, tmp_path: Path) -> None:
    """What went twice, was lost or is told wrongly is seen, and counted as that."""
    place, offset = own, Offset(tmp_path / "clock", seconds=0.0)
    door = Door(place, random.Random(3), offset, "fail")
    door.bring(12)
    worker = place.worker()
    until(lambda: set(place.statuses().values()) == {"sent"}, "all are sent")
    assert worker.stop() == 0

    def judged() -> Verdict:
        return verdict(place, door.wishes)

    clean = judged()
    assert (clean.duplicates, clean.lost, clean.complaints) == (0, 0, [])

    _change(place, 2, "status = 'failed', failures = max_attempts")
    (told,) = judged().complaints
    assert "arrived, though told as failed" in told
    _change(place, 2, "status = 'sent', failures = 0")

    _change(place, 3, "status = 'pending'")
    assert judged().lost == 1
    _change(place, 3, "status = 'sent', text = text || ' more'")
    assert judged().complaints != []
    _change(place, 4, "idempotency_key = 'another'")
    assert judged().lost == 1

    again = place.put("groom", "x")
    _change(place, again, f"text = '{_text(place, 5)}'")
    second = place.worker()
    place.until_status([again], "sent")
    assert second.stop() == 0
    assert judged().duplicates == 1


def _change(place: Place, number: int, values: str) -> None:
    order = sa.text(f"UPDATE queue_message SET {values} WHERE id = :id")
    place.database.write_now(lambda s: s.execute(order, {"id": number}))


def _text(place: Place, number: int) -> str:
    query = sa.text("SELECT text FROM queue_message WHERE id = :id")
    text = place.database.read_now(lambda s: s.execute(query, {"id": number}).scalar())
    return str(text).replace("'", "''")
