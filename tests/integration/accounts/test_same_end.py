"""Whatever is lost, doubled, shuffled or cut on the way, the end is the same.

`HEARING_SEEDS=50 pytest …/test_same_end.py` tells the story with as many kinds of
trouble; `HEARING_SEED=7` begins with that one.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.accounts.story import End, end_state, told
from wedding_wa.db import Database, opened
from wedding_wa.services import catch_up, feed, hearing_check

SEEDS = int(os.environ.get("HEARING_SEEDS", "1"))
FIRST = int(os.environ.get("HEARING_SEED", "1"))
_CALM: list[End] = []  # told once, compared with every seed

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed's waits a hundredth, a short grace, and less read twice: WAHA's clock
    is ours here."""
    monkeypatch.setattr(hearing_check, "GRACE", timedelta(seconds=1))
    monkeypatch.setattr(catch_up, "MARGIN", timedelta(seconds=2))
    monkeypatch.setattr(feed, "SETTLED_S", 0.02)
    monkeypatch.setattr(feed, "FIRST_WAIT", 0.03)
    monkeypatch.setattr(feed, "LONGEST_WAIT", 0.3)


@contextmanager
def fresh(template: Path, folder: Path, name: str) -> Iterator[Database]:
    path = folder / f"{name}.db"
    shutil.copy(template, path)
    with opened(f"sqlite:///{path}") as made:
        yield made


@pytest.fixture
async def calm(_quick: None, template: Path, tmp_path: Path) -> End:
    """The end of the story without any fault."""
    if not _CALM:
        with fresh(template, tmp_path, "calm") as database:
            ways = await told(database, faults=None)
            assert sum(ways.values()) >= 500, ways
            _CALM.append(database.read_now(end_state))
    return _CALM[0]


def test_the_story_comes_to_something(calm: End) -> None:
    """All was sent and read; some want no more; some are asked what they meant."""
    assert calm["messages"].total() == 24
    assert {what[3] for what in calm["messages"]} == {3}  # all were read
    assert calm["opted out"]
    assert calm["questions"]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
async def test_the_end_is_as_if_nothing_had_been_lost(
    calm: End, template: Path, tmp_path: Path, seed: int
) -> None:
    """500 events, a restart in between: consents, messages in and out with their
    acks, chats, opt-outs and the account end as they do without any fault."""
    with fresh(template, tmp_path, f"seed{seed}") as database:
        ways = await told(database, faults=random.Random(seed))
        ended = database.read_now(end_state)
    for what, rows in calm.items():
        more, less = ended[what] - rows, rows - ended[what]
        assert (more, less) == (Counter(), Counter()), f"seed {seed}: {what}"
    assert ways["feed"] > 0, "no fault ever kept a webhook away"
