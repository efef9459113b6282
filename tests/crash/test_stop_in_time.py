"""Told to stop in the middle of a wait, it stops at once."""

from __future__ import annotations

import signal
import time

import pytest

from tests.builders import message, phases_of
from tests.crash.places import Child, Place, until

FROM_A_WAIT = 5.0

pytestmark = pytest.mark.crash


def seconds_to_stop(app: Child) -> float:
    began = time.monotonic()
    app.send(signal.SIGTERM)
    assert app.ended() == 0
    return time.monotonic() - began


def test_from_a_wait_it_stops_at_once(place: Place) -> None:
    """While one is typed for half a minute and another waits for its hour."""
    place.set_policy("groom", typing_min_seconds=30.0, typing_max_seconds=30.0)
    place.set_policy("bride", per_hour=1)
    worker = place.worker()
    typed = place.put("groom", "Still typing")
    waiting = [place.put("bride", "First"), place.put("bride", "Second")]
    until(lambda: "typing" in phases_of(place.database, typed), "one is being typed")
    place.until_status(waiting[:1], "sent")
    assert seconds_to_stop(worker) <= FROM_A_WAIT
    assert message(place.database, typed).status == "pending"
