"""kill -9 at every step of a send: never twice, never lost, nothing left behind."""

from __future__ import annotations

import signal

import pytest

from tests.builders import phases_of
from tests.crash.places import Place
from tests.crash.truth import goes_on_in_time, never_twice, sent_exactly_once
from wedding_wa.services import failpoints

KILLS = 3
BEFORE_THE_MARK = failpoints.NAMES[: failpoints.NAMES.index("marked")]

pytestmark = pytest.mark.crash


@pytest.mark.parametrize("name", failpoints.NAMES)
def test_killed_at_a_step_again_and_again(place: Place, name: str) -> None:
    """Killed three times at `name`, each message still arrives exactly once.

    After the last kill the next one goes within 5 s of the new process being up.
    """
    ids = place.put_many(3, name=name)
    for _ in range(KILLS):
        assert place.worker(failpoint=name).ended() == -signal.SIGKILL
        never_twice(place)

    last = place.worker()
    goes_on_in_time(place, last)
    place.until_status(ids, "sent")
    assert last.stop() == 0
    sent_exactly_once(place, ids)
    if name in BEFORE_THE_MARK:
        told = [phase for number in ids for phase in phases_of(place.database, number)]
        assert told.count("rescued") >= KILLS
        assert "unconfirmed" not in told
