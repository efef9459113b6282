"""SIGTERM: what may be given back is given back, what is on its way is waited for."""

from __future__ import annotations

import random
import time

import pytest

from tests.builders import attempts_of, message, phases_of
from tests.crash.places import Place, until
from tests.crash.truth import never_twice, sent_exactly_once

pytestmark = pytest.mark.crash


def test_stopped_while_typing_and_while_a_send_is_under_way(place: Place) -> None:
    """The typed one goes back, no failure counted; the other's outcome is written."""
    place.set_policy("groom", typing_min_seconds=30.0, typing_max_seconds=30.0)
    place.whatsapp.fault("slow", path="/api/sendText", session="bride", delay_ms=3000)
    worker = place.worker()
    worker.said("worker started")
    typed, posted = place.put("groom", "Still typing"), place.put("bride", "Under way")
    until(lambda: "typing" in phases_of(place.database, typed), "one is being typed")
    until(lambda: "sending" in phases_of(place.database, posted), "one is under way")
    assert worker.stop() == 0

    row = message(place.database, typed)
    assert (row.status, row.failures, row.dispatched_at) == ("pending", 0, None)
    (attempt,) = attempts_of(place.database, typed)
    assert (attempt.outcome, attempt.counts) == ("stopped", False)
    sent_exactly_once(place, [posted])
    assert "settled" not in phases_of(place.database, posted)

    place.set_policy("groom", typing_min_seconds=0.0, typing_max_seconds=0.0)
    place.whatsapp.mend()
    again = place.worker()
    place.until_status([typed], "sent")
    assert again.stop() == 0
    sent_exactly_once(place, [typed, posted])
    text = message(place.database, typed).text
    (fact,) = [fact for fact in place.whatsapp.delivered() if fact["text"] == text]
    marks = [mark["type"] for mark in fact["marks"] if mark["type"] != "seen"]
    assert marks == ["typing", "stopped"] * 2  # it did not type on in the guest's eyes


def test_stopped_at_random_moments(place: Place) -> None:
    """Whenever it is told to stop, it ends with 0 and leaves nothing in its hands."""
    chance = random.Random()
    ids: list[int] = []
    for number in range(3):
        worker = place.worker()
        ids += place.put_many(5, name=f"stop {number}")
        worker.said("lease taken")
        time.sleep(chance.uniform(0.0, 0.6))
        assert worker.stop() == 0
        assert set(place.statuses().values()) <= {"pending", "sent"}
        never_twice(place)

    last = place.worker()
    place.until_status(ids, "sent")
    assert last.stop() == 0
    sent_exactly_once(place, ids)
