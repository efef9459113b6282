"""Nobody knows whether it went: a person may say so, and what they say is kept."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from sqlmodel import select

from tests.builders import attempts_of, events_of
from tests.integration.queue.desk import Desk, wa_id
from wedding_wa.domain.errors import Conflict, NotFound
from wedding_wa.domain.messages import Ack, Phase
from wedding_wa.models import AuditEntry, MessageAttempt, QueueMessage
from wedding_wa.services import apikeys, queue
from wedding_wa.services.audit import Program, by_of
from wedding_wa.services.processes import ProcessIdentity, this_process

USER = None


def declare_sent(desk: Desk, message_id: int) -> None:
    desk.db.write_now(
        queue.declare_sent,
        desk.couple.wedding,
        message_id,
        by=USER,
        now=desk.now,
    )


def send_again(desk: Desk, message_id: int) -> None:
    desk.db.write_now(
        queue.send_again, desk.couple.wedding, message_id, by=USER, now=desk.now
    )


def audited(desk: Desk) -> list[tuple[str, object]]:
    rows = desk.db.read_now(lambda s: s.exec(select(AuditEntry)).all())
    return [(row.action, row.params.get("message_id")) for row in rows]


def test_a_person_saw_that_it_went(desk: Desk) -> None:
    """Sent, under the id it was to have, told as a person's word; audited."""
    message_id = desk.unconfirmed_one()
    declare_sent(desk, message_id)
    row = desk.row(message_id)
    assert (row.status, row.settled_by) == ("sent", "person")
    assert row.provider_message_id == wa_id(message_id)
    (one,) = attempts_of(desk.db, message_id)
    assert (one.outcome, one.counts) == ("sent", True)
    assert audited(desk) == [("declared_sent", message_id)]
    assert desk.ack(message_id, Ack.READ)
    assert desk.row(message_id).bucket == "read"


@pytest.mark.parametrize("decide", [queue.declare_sent, queue.send_again])
def test_a_program_is_named_where_it_said_so(
    desk: Desk, decide: Callable[..., None]
) -> None:
    """In the audit by its key, in the message's timeline by its name."""
    message_id, key = desk.unconfirmed_one(), a_key(desk)
    desk.db.write_now(decide, desk.couple.wedding, message_id, by=key, now=desk.now)
    told = events_of(desk.db, message_id)
    [settled] = [one for one in told if one.phase == Phase.SETTLED]
    assert (settled.data["evidence"], settled.data["program"]) == ("person", "plan")
    assert (
        by_of(desk.db.read_now(lambda s: s.exec(select(AuditEntry)).all())[-1]) == key
    )


def a_key(desk: Desk) -> Program:
    """The program of a key of this wedding."""
    wedding = desk.couple.wedding
    key = desk.db.write_now(
        apikeys.create_key,
        wedding_id=wedding,
        name="plan",
        scopes=["send"],
        now=desk.now,
    )
    found = desk.db.read_now(apikeys.holder, key, desk.now)
    assert found is not None
    return Program(found.key_id)


def test_a_person_saw_that_it_did_not_go(desk: Desk) -> None:
    """It goes again under the same id, with all its tries, and weighs once."""
    message_id = desk.unconfirmed_one(max_attempts=1)
    send_again(desk, message_id)
    row = desk.row(message_id)
    assert (row.status, row.failures, row.settled_by) == ("pending", 0, "person")
    claim = desk.claim()
    assert claim.reserved_id == wa_id(message_id)
    desk.mark(claim)
    desk.sent(claim)
    assert [one.counts for one in attempts_of(desk.db, message_id)] == [False, True]
    settled = [e for e in events_of(desk.db, message_id) if e.phase == "settled"]
    assert [e.data["evidence"] for e in settled] == ["person"]
    assert audited(desk) == [("sent_again", message_id)]


def test_a_proof_that_comes_late_still_counts(desk: Desk) -> None:
    """They were wrong: the ack comes before it is on its way again, and stops it."""
    message_id = desk.unconfirmed_one()
    send_again(desk, message_id)
    assert desk.ack(message_id, Ack.SERVER)
    assert desk.step().claim is None
    assert (desk.row(message_id).status, desk.row(message_id).settled_by) == (
        "sent",
        "ack",
    )


@pytest.mark.parametrize("act", [declare_sent, send_again])
def test_only_what_is_in_doubt_can_be_settled(desk: Desk, act: object) -> None:
    """A waiting, a sent, a foreign message: refused, and nothing is audited."""
    assert callable(act)
    waiting = desk.put()
    with pytest.raises(Conflict):
        act(desk, waiting)
    claim = desk.claim()
    desk.mark(claim)
    desk.sent(claim)
    with pytest.raises(Conflict):
        act(desk, waiting)
    with pytest.raises(NotFound):
        act(desk, 4711)
    assert audited(desk) == []


def test_what_may_be_under_way_does_not_go_again(desk: Desk) -> None:
    """Marked by a process that lives and has not said how the call ended."""
    message_id = desk.unconfirmed_one()
    here = this_process()
    gone = ProcessIdentity(here.host, os.getpid(), "long ago")
    for worker, refused in ((here, True), (gone, False)):
        _marked_by(desk, message_id, worker)
        if refused:
            with pytest.raises(Conflict):
                send_again(desk, message_id)
            assert desk.row(message_id).status == "unconfirmed"
        else:
            send_again(desk, message_id)
            assert desk.row(message_id).status == "pending"


def _marked_by(desk: Desk, message_id: int, worker: ProcessIdentity) -> None:
    def write(session: object) -> None:
        row = session.get_one(QueueMessage, message_id)  # type: ignore[attr-defined]
        row.worker = str(worker)
        tries = select(MessageAttempt).where(MessageAttempt.message_id == message_id)
        session.exec(tries).one().finished_at = None  # type: ignore[attr-defined]

    desk.db.write_now(write)


def test_what_was_looked_at_is_kept_while_in_doubt(desk: Desk) -> None:
    """The page shows it; once settled, nothing more is written."""
    message_id = desk.unconfirmed_one()
    looked = {"chat": "read", "found": False}
    row = desk.row(message_id)
    assert desk.db.write_now(queue.note_look, row, looked, now=desk.now)
    assert desk.row(message_id).looked == looked
    declare_sent(desk, message_id)
    assert not desk.db.write_now(queue.note_look, row, {}, now=desk.now)
    assert desk.row(message_id).looked == looked
