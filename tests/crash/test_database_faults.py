"""A write fails in the middle of a send: nothing stays in hand, nobody else waits."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from tests.builders import message
from tests.crash.places import PHONES, Place
from tests.crash.truth import sent_exactly_once

pytestmark = pytest.mark.crash


def test_a_write_that_fails_costs_only_its_own_message(place: Place) -> None:
    """Refused while typing: it costs itself a try, the one behind it goes on.

    Refused when the outcome was to be written: nobody knows, and the chat tells.
    """
    worker = place.worker()
    with refused(place, "typing", "poison"), refused(place, "sent", "unwritable"):
        typed = place.put("groom", "poison")
        behind = place.put("groom", "behind it", to=PHONES["groom"])
        posted = place.put("bride", "unwritable")
        place.until_status([behind], "sent")
        place.until_status([posted], "unconfirmed")
        assert place.statuses()[typed] in ("pending", "processing")
    ids = [typed, behind, posted]
    place.until_status(ids, "sent")
    sent_exactly_once(place, ids)
    assert message(place.database, typed).failures >= 1
    assert message(place.database, posted).attempt == 1
    assert worker.log.count("send broke off") < 20


@contextlib.contextmanager
def refused(place: Place, phase: str, text: str) -> Iterator[None]:
    """For the length of the block, such messages cannot have an event of `phase`."""
    trigger = f"""
        CREATE TRIGGER no_{phase} BEFORE INSERT ON message_event
        WHEN NEW.phase = '{phase}' AND (
            SELECT text FROM queue_message WHERE id = NEW.message_id
        ) LIKE '{text}%'
        BEGIN SELECT RAISE(ABORT, 'refused for a test'); END"""
    _execute(place, trigger)
    try:
        yield
    finally:
        _execute(place, f"DROP TRIGGER no_{phase}")


def _execute(place: Place, statement: str) -> None:
    path = place.folder / "wedding_wa.db"
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
        connection.execute(statement)
