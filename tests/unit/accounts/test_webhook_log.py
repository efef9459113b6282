"""Raw events are kept once, and what they said of a message can be found again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.services import webhook_log
from wedding_wa.services.webhook_log import Heard

CHAT = "393331112222@c.us"
OURS = "3EB0AAAA"
LATER = NOON + timedelta(seconds=9)


@pytest.fixture
def couple(any_database: Database) -> Couple:
    return make_couple(any_database)


def store(database: Database, couple: Couple, raw: bytes, **more: object) -> bool:
    return database.write_now(  # type: ignore[no-any-return]
        webhook_log.store,
        **{  # type: ignore[arg-type]
            "wedding_id": couple.wedding,
            "account_id": couple.groom,
            "raw": raw,
            "now": NOON,
            **more,
        },
    )


def ack(level: int, bare: str = OURS) -> bytes:
    return see.event("message.ack", see.acked(CHAT, bare, level), at=NOON)


def test_the_same_event_is_kept_once_an_account(
    any_database: Database, couple: Couple
) -> None:
    """A repeat is known by its id; the other account may have one of the same id."""
    raw = ack(2)
    assert store(any_database, couple, raw)
    assert not store(any_database, couple, raw)
    assert store(any_database, couple, raw, account_id=couple.bride)


def test_events_wait_in_the_order_they_came_until_taken(
    any_database: Database, couple: Couple
) -> None:
    """Taken once, by one; one with an error waits for the next start."""
    for level in (1, 2, 3):
        store(any_database, couple, ack(level))
    events = any_database.read_now(webhook_log.open_events, couple.groom, limit=10)
    assert [e.id for e in events] == sorted(e.id for e in events)
    first, second, third = (e.id for e in events)
    assert any_database.write_now(webhook_log.take, first, now=NOON)
    assert not any_database.write_now(webhook_log.take, first, now=NOON)
    any_database.write_now(webhook_log.set_error, second, "KeyError", done=None)

    def left() -> list[int]:
        found = any_database.read_now(webhook_log.open_events, couple.groom, limit=10)
        return [e.id for e in found]

    assert left() == [third]
    assert any_database.write_now(webhook_log.reopen_failed, couple.groom) == 1
    assert left() == [second, third]


def test_acks_are_found_by_the_messages_id(
    any_database: Database, couple: Couple
) -> None:
    """The highest ack, when an error came, and our own echo; no other message's."""
    echo = see.event(
        "message.any", see.written(CHAT, OURS, at=NOON, from_me=True), at=NOON
    )
    for raw in (ack(3), ack(2), echo, ack(3, "3EB0BBBB")):
        store(any_database, couple, raw)
    store(any_database, couple, ack(-1), now=LATER)

    def find(bare: str, account_id: int = couple.groom) -> Heard:
        return any_database.read_now(webhook_log.find_acks, account_id, bare)

    assert find(OURS) == Heard(ack=3, error_at=LATER, echoed_at=NOON)
    assert find("3EB0BBBB") == Heard(ack=3)
    assert find("3EB0CCCC") == Heard()
    assert find(OURS, couple.bride) == Heard()


def test_a_guests_message_proves_nothing_of_ours(
    any_database: Database, couple: Couple
) -> None:
    """Only events about our own messages are acks and echoes."""
    for name in ("message.any", "message"):
        payload = see.written(CHAT, OURS, at=NOON)
        store(any_database, couple, see.event(name, payload, at=NOON))
    found = any_database.read_now(webhook_log.find_acks, couple.groom, OURS)
    assert found == Heard()
