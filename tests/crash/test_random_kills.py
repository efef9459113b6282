"""kill -9 at any moment, under load: never twice, never lost."""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.crash.places import Place
from tests.crash.truth import never_twice, sent_exactly_once

KILLS = 5
EACH = 8  # messages an account and a kill, sent as fast as the machine can

pytestmark = pytest.mark.crash


def test_killed_at_random_moments_while_it_sends(place: Place) -> None:
    """What a door said yes to arrives once, whatever the worker did when it died."""
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(10**6))
    print(f"CRASH_SEED={seed}")  # pytest shows it where the test fails
    chance = random.Random(seed)
    ids: list[int] = []
    for number in range(KILLS):
        worker = place.worker()
        ids += place.put_many(EACH // 2, name=f"before {number}")
        worker.said("lease taken")
        ids += place.put_many(EACH // 2, name=f"while {number}")
        time.sleep(chance.uniform(0.0, 0.8))
        worker.kill()
        never_twice(place)

    last = place.worker()
    place.until_status(ids, "sent")
    assert last.stop() == 0
    sent_exactly_once(place, ids)
