"""Rules that the database keeps by itself, tried with straight SQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.builders import guest_wrote
from tests.fakes import NOON
from tests.integration.queue.desk import Desk

AT = NOON.strftime("%Y-%m-%d %H:%M:%S+00")


def run(desk: Desk, statement: str, **values: object) -> int:
    """Run SQL past all services; how many rows it changed."""
    return desk.db.write_now(
        lambda s: s.execute(sa.text(statement), values).rowcount  # type: ignore[attr-defined]
    )


def refused(desk: Desk, statement: str, **values: object) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        run(desk, statement, **values)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("chat_id", "'393330000000@c.us'"),
        ("account_id", "2"),
        ("source", "'own_number'"),
        ("inbound_id", "NULL"),
        ("evidence_at", f"'{AT[:-5]}59+00'"),
        ("created_at", f"'{AT[:-5]}59+00'"),
        ("phone", "'+393330000000'"),
    ],
)
def test_a_consent_is_frozen(desk: Desk, column: str, value: str) -> None:
    """What was consented to, by whom and on what evidence cannot be changed."""
    refused(desk, f"UPDATE consent SET {column} = {value}")


def test_a_consent_may_be_revoked_once_and_its_phone_erased(desk: Desk) -> None:
    """The two changes that there are; neither can be taken back."""
    assert run(desk, "UPDATE consent SET phone = NULL") == 1
    assert run(desk, f"UPDATE consent SET revoked_at = '{AT}'") == 1
    refused(desk, "UPDATE consent SET revoked_at = NULL")
    refused(desk, f"UPDATE consent SET revoked_at = '{AT[:-5]}59+00'")


@pytest.mark.parametrize("column", ["chat_id", "account_id", "message_id", "source"])
def test_the_evidence_itself_is_frozen(desk: Desk, column: str) -> None:
    """The inbound message stays what it was."""
    value = "2" if column == "account_id" else "'x'"
    refused(desk, f"UPDATE inbound_message SET {column} = {value}")


def test_used_evidence_cannot_be_deleted(desk: Desk) -> None:
    """Neither the words that a consent rests on nor the consent that a message uses."""
    desk.put()
    refused(desk, "DELETE FROM inbound_message")
    refused(desk, "DELETE FROM consent")


CONSENT = (
    "INSERT INTO consent (wedding_id, account_id, chat_id, source, inbound_id, "
    "evidence_at, created_at) VALUES (1, :account, :chat, :source, :inbound, "
    f"'{AT}', '{AT}')"
)


@pytest.mark.parametrize(
    ("chat", "source", "inbound", "why"),
    [
        ("393339990000@c.us", "webhook", None, "no evidence at all"),
        ("393339990000@c.us", "webhook", 1, "another chat's evidence"),
        ("393339990000@c.us", "webhook", 4711, "evidence that does not exist"),
        ("393339990000@c.us", "own_number", None, "a stranger as the own number"),
        ("393470000002@c.us", "own_number", None, "the other account's own number"),
        ("393470000001@c.us", "own_number", 1, "the own number needs no evidence"),
        ("393331112222@c.us", "history", 1, "a second valid one for the same chat"),
    ],
)
def test_no_consent_without_its_evidence(
    desk: Desk, chat: str, source: str, inbound: int | None, why: str
) -> None:
    """Every way round the guest's own words is closed in the database."""
    groom = desk.couple.groom
    refused(desk, CONSENT, account=groom, chat=chat, source=source, inbound=inbound)


def test_the_own_number_needs_no_inbound_message(desk: Desk) -> None:
    """Only this account's own chat, as it stands in its row."""
    values = {"chat": "393470000001@c.us", "source": "own_number", "inbound": None}
    assert run(desk, CONSENT, account=desk.couple.groom, **values) == 1
    assert desk.put(to="+393470000001")


def test_the_evidence_of_the_other_account_is_none(desk: Desk) -> None:
    """Who wrote to the bride cannot be written to from the groom's number."""
    guest_wrote(desk.db, desk.couple.bride, "+393334445555")
    values = {"chat": "393334445555@c.us", "source": "webhook", "inbound": 2}
    refused(desk, CONSENT, account=desk.couple.groom, **values)


def test_a_message_with_a_revoked_consent_cannot_be_written(desk: Desk) -> None:
    """Also where a door asked a moment before."""
    message_id = desk.put()
    columns = (
        "wedding_id, account_id, consent_id, chat_id, kind, text, priority, "
        "max_attempts, due_at, queue_at, status, hold_params, error_params, attempt, "
        "failures, created_at"
    )
    copy = (
        f"INSERT INTO queue_message (task_id, {columns}) SELECT :task, {columns} "
        f"FROM queue_message WHERE id = {message_id}"
    )
    assert run(desk, copy, task="before") == 1
    run(desk, f"UPDATE consent SET revoked_at = '{AT}'")
    refused(desk, copy, task="after")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("chat_id", "'393334445555@c.us'"),
        ("account_id", "2"),
        ("consent_id", "2"),
        ("consent_id", "NULL"),
        ("task_id", "'another'"),
        ("wedding_id", "4711"),
        ("priority", "9"),
        ("max_attempts", "0"),
    ],
)
def test_a_message_stays_to_whom_it_was(desk: Desk, column: str, value: str) -> None:
    """Chat, account and consent never change: no other chat's consent can be put
    under a message; priority and tries keep their bounds."""
    guest_wrote(desk.db, desk.couple.groom, "+393334445555")
    desk.put()
    refused(desk, f"UPDATE queue_message SET {column} = {value}")


def test_attempt_never_falls(desk: Desk) -> None:
    """The fencing token only grows, whoever writes."""
    desk.put()
    desk.release(desk.claim())
    refused(desk, "UPDATE queue_message SET attempt = 0")
    assert run(desk, "UPDATE queue_message SET attempt = 1") == 1


def test_ack_never_falls(desk: Desk) -> None:
    """Late or repeated news do no harm, whoever writes them."""
    message_id = desk.put()
    claim = desk.claim()
    desk.mark(claim)
    desk.sent(claim)
    desk.ack(message_id, 3)
    refused(desk, "UPDATE queue_message SET ack = 2")
    refused(desk, "UPDATE queue_message SET ack = NULL")
    assert run(desk, "UPDATE queue_message SET ack = 4") == 1


def test_the_bucket_cannot_be_written(desk: Desk) -> None:
    """The database derives it."""
    desk.put()
    with pytest.raises(sa.exc.DBAPIError):
        run(desk, "UPDATE queue_message SET bucket = 'sent'")


def test_an_idempotency_key_is_used_once_a_wedding(desk: Desk) -> None:
    """The second message with the same key is refused; without a key all are fine."""
    first, second = desk.put(), desk.put()
    key = "UPDATE queue_message SET idempotency_key = 'k' WHERE id = :id"
    assert run(desk, key, id=first) == 1
    refused(desk, key, id=second)


def test_counters_follow_any_hand(desk: Desk) -> None:
    """Inserted, changed or deleted by straight SQL: the counters are the counts."""
    ids = [desk.put() for _ in range(4)]
    run(desk, "UPDATE queue_message SET status = 'failed' WHERE id <= :id", id=ids[1])
    run(desk, "UPDATE queue_message SET hold_rule = 'gap' WHERE id = :id", id=ids[2])
    assert desk.counters() == desk.counted() == {"failed": 2, "held": 1, "waiting": 1}
    run(desk, "DELETE FROM message_event")
    run(desk, "DELETE FROM queue_message WHERE id <= :id", id=ids[0])
    assert desk.counters() == desk.counted() == {"failed": 1, "held": 1, "waiting": 1}
