"""Told to stop, it stops in time: at once from a wait, within 20 s from a send."""

from __future__ import annotations

import signal
import time

import pytest

from tests.builders import message, phases_of
from tests.crash.places import Child, Place, free_port, until
from tests.crash.test_whole_app import own, started  # noqa: F401
from tests.crash.truth import never_twice, sent_exactly_once

SEND = "/api/sendText"
FROM_A_WAIT, FROM_A_SEND = 5.0, 20.0

# the pages may have to be built first
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


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


def test_the_whole_app_stops_while_waha_hangs(own: Place) -> None:  # noqa: F811
    """A send without an answer is waited for, but not for ever; nothing is lost or
    twice for it, and what was being typed goes back."""
    port = free_port()
    app = started(own, port)
    until(lambda: app.log.count("hearing_gap_closed") == 2, "both numbers are heard")
    own.whatsapp.fault("hang", path=SEND, session="groom")
    own.set_policy("bride", typing_min_seconds=30.0, typing_max_seconds=30.0)
    hanging, typed = own.put("groom", "On its way"), own.put("bride", "Being typed")
    until(lambda: "sending" in phases_of(own.database, hanging), "one is on its way")
    until(lambda: "typing" in phases_of(own.database, typed), "one is being typed")
    assert seconds_to_stop(app) <= FROM_A_SEND
    assert message(own.database, typed).status == "pending"
    assert message(own.database, hanging).status in ("unconfirmed", "processing")

    own.set_policy("bride", typing_min_seconds=0.0, typing_max_seconds=0.0)
    again = started(own, port)
    never_twice(own)
    own.until_status([hanging, typed], "sent")
    sent_exactly_once(own, [hanging, typed])
    assert again.stop() == 0
