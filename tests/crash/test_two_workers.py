"""Two workers on one database: one sends, the other stands by; a late one is fenced."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.builders import message, phases_of
from tests.crash.places import Child, Place, until
from tests.crash.truth import in_time, next_delivery, sent_exactly_once
from wedding_wa.models import Account

pytestmark = pytest.mark.crash


def pid_of(worker: str | None) -> int:
    return int((worker or "").split("|")[1])


def test_one_sends_and_the_other_takes_over_when_it_dies(place: Place) -> None:
    """Only the first sends; killed, the second goes on within 5 s."""
    first = place.worker()
    for account in (place.couple.groom, place.couple.bride):
        first.said(f"lease taken | action=lease_taken account_id={account}")
    second = place.worker()
    second.said("worker started")
    ids = place.put_many(3, name="the first sends")
    place.until_status(ids, "sent")
    senders = {pid_of(message(place.database, number).worker) for number in ids}
    assert senders == {first.process.pid}

    more = place.put_many(6, name="over to you")
    until(lambda: place.statuses()[more[0]] == "sent", "the first goes on")
    first.kill()
    killed = time.time()
    assert next_delivery(place, killed) - killed <= in_time(second)
    place.until_status(more, "sent")
    sent_exactly_once(place, ids + more)
    assert pid_of(message(place.database, more[-1]).worker) == second.process.pid


def test_one_that_slept_past_its_lease_is_fenced(place: Place) -> None:
    """Frozen while typing, and while a send is under way: woken, it sends no more."""
    place.set_policy("groom", typing_min_seconds=4.0, typing_max_seconds=4.0)
    place.whatsapp.fault(
        "slow", path="/api/sendText", session="bride", delay_ms=4000, times=1
    )
    frozen = place.worker()
    frozen.said("worker started")
    typed, posted = place.put("groom", "Still typing"), place.put("bride", "Under way")
    until(lambda: "typing" in phases_of(place.database, typed), "one is being typed")
    until(lambda: was_hit(place, "slow"), "one is under way")
    freeze(place, frozen)
    lapse(place)
    place.set_policy("groom", typing_min_seconds=0.0, typing_max_seconds=0.0)

    second = place.worker()
    place.until_status([typed, posted], "sent")
    frozen.send(signal.SIGCONT)
    frozen.said("action=message_let_go")
    ids = [typed, posted, *place.put_many(2, name="afterwards")]
    place.until_status(ids, "sent")
    sent_exactly_once(place, ids)
    late = [message(place.database, number).worker for number in (ids[0], *ids[2:])]
    assert {pid_of(worker) for worker in late} == {second.process.pid}
    assert "rescued" in phases_of(place.database, typed)
    assert phases_of(place.database, posted).count("settled") == 1
    assert [frozen.stop(), second.stop()] == [0, 0]


def was_hit(place: Place, mode: str) -> bool:
    """WAHA has the request that the fault of this mode is for."""
    faults = place.whatsapp.world("GET", "/faults")
    return any(fault["mode"] == mode and fault["hits"] for fault in faults)


def freeze(place: Place, worker: Child) -> None:
    """SIGSTOP, at a moment in which it does not hold the database's write lock."""

    def frozen() -> bool:
        worker.send(signal.SIGSTOP)
        path = place.folder / "wedding_wa.db"
        with contextlib.closing(sqlite3.connect(path, timeout=0.5)) as probe:
            try:
                probe.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                worker.send(signal.SIGCONT)
                return False
        return True

    until(frozen, "it is frozen without holding the lock")


def lapse(place: Place) -> None:
    """Let the leases be as they are half a minute later."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    place.database.write_now(
        lambda session: session.execute(sa.update(Account).values(lease_until=past))
    )
