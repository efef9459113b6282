"""The proof's figures: every message in one line, and what counting finds."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.builders import attempts_of, guest_wrote, make_couple, message, put
from tests.fakes import NOON
from tests.integration.queue.desk import Desk, wa_id
from wedding_wa.db import Database
from wedding_wa.domain.messages import Outcome
from wedding_wa.models import (
    DuplicateSeen,
    MessageArchive,
    MessageAttempt,
    QueueCounter,
    QueueMessage,
)
from wedding_wa.services import queue
from wedding_wa.services.never_twice import LINES, Proof, Recount, proof, recount


@pytest.fixture
def desk(any_database: Database) -> Desk:
    return Desk.of(any_database)


def read(desk: Desk) -> Proof:
    return desk.db.read_now(proof, desk.couple.wedding)


def count(desk: Desk) -> Recount:
    return desk.db.read_now(recount, desk.couple.wedding, now=NOON)


def archive(session: Session, couple: Any, record: dict[str, object] | None) -> None:
    number = 1000 + len(session.exec(select(MessageArchive.id)).all())
    session.add(
        MessageArchive(
            wedding_id=couple.wedding,
            account_id=couple.groom,
            message_id=number,
            task_id=f"task-{number}",
            status="failed",
            record=record,
            at=NOON,
        )
    )


def every_line(desk: Desk) -> dict[str, int]:
    """At least one message in each line; how many are in which."""
    for _ in range(3):
        claim = _next(desk)
        desk.mark(claim)
        assert desk.sent(claim)
    desk.ack(1, 2)
    desk.ack(2, 3)
    desk.ack(3, -1)
    claim = _next(desk)
    desk.mark(claim)
    assert desk.unconfirmed(claim)
    claim = _next(desk)
    desk.mark(claim)
    assert desk.failed(claim, Outcome.REFUSED)
    skipped = desk.put()
    desk.db.write_now(queue.cancel, desk.couple.wedding, skipped, now=desk.now)
    claim = _next(desk)  # stays in hand
    desk.put()
    return {
        "sent": 2,
        "refused": 1,
        "waiting": 1,
        "processing": 1,
        "unconfirmed": 1,
        "failed": 1,
        "skipped": 1,
    }


def _next(desk: Desk) -> Any:
    desk.put()
    return desk.claim()


def test_every_message_is_in_one_line(desk: Desk) -> None:
    """The lines are all there are, and together they are what was ever queued."""
    expected = every_line(desk)
    found = read(desk)
    assert tuple(found.lines) == LINES
    assert dict(found.lines) == expected
    assert found.planned == 8
    assert (found.archived, found.duplicates, found.since) == (0, 0, NOON)
    assert count(desk) == Recount(8, 8, 0, 0, NOON)
    assert count(desk).in_order


def test_an_empty_wedding_has_a_proof_too(desk: Desk) -> None:
    """Nothing was queued: noughts, and no date."""
    found = read(desk)
    assert (found.planned, found.since, dict(found.settled)) == (0, None, {})
    assert count(desk).in_order


def test_what_is_archived_still_counts(desk: Desk) -> None:
    """Retention takes rows away and no message out of the sum; since when is told by
    the archive where it is the older."""
    desk.put()
    older = {"created_at": "2026-01-02T10:00:00+00:00"}
    for record in (older, None):
        desk.db.write_now(archive, desk.couple, record)
    found = read(desk)
    assert (found.lines["failed"], found.planned, found.archived) == (2, 3, 2)
    assert found.since is not None
    assert found.since.isoformat() == older["created_at"]


@pytest.mark.parametrize("record", [None, {}, {"created_at": "once upon a time"}])
def test_an_archive_without_a_date_has_that_of_its_end(
    desk: Desk, record: dict[str, object] | None
) -> None:
    """Nothing older is known."""
    desk.db.write_now(archive, desk.couple, record)
    assert read(desk).since == NOON


def test_doubts_are_told_by_what_ended_them(desk: Desk) -> None:
    """Also one that went back into the line; not those that are still open."""
    doubts = []
    for _ in range(5):
        claim = _next(desk)
        desk.mark(claim)
        assert desk.unconfirmed(claim)
        doubts.append(claim.message_id)
    for one, went in zip(doubts, (True, False), strict=False):
        assert desk.settle(one, went=went)
    decisions = (queue.declare_sent, queue.send_again)
    for one, decide in zip(doubts[2:], decisions, strict=False):
        desk.db.write_now(decide, desk.couple.wedding, one, by=None, now=desk.now)
    found = read(desk)
    assert dict(found.settled) == {"chat": 2, "person": 2}
    assert (found.planned, found.lines["unconfirmed"]) == (5, 1)


def test_a_repeat_is_shown_with_its_message(desk: Desk) -> None:
    """Newest first; one whose message is archived by now still counts."""
    claim = _next(desk)
    desk.mark(claim)
    assert desk.sent(claim)
    for number, message_id in enumerate((4711, claim.message_id)):
        desk.db.write_now(_seen_again, desk, message_id, f"3EB0{number}")
    found = read(desk)
    assert found.duplicates == 2
    assert [one.message_id for one in found.repeats] == [claim.message_id, 4711]
    newest, gone = found.repeats
    assert (newest.account, newest.text) == (
        "groom",
        message(desk.db, claim.message_id).text,
    )
    assert (gone.who, gone.text) == ("", "")


def _seen_again(session: Session, desk: Desk, message_id: int, bare: str) -> None:
    session.add(
        DuplicateSeen(
            wedding_id=desk.couple.wedding,
            account_id=desk.couple.groom,
            message_id=message_id,
            whatsapp_id=bare,
            sent_at=NOON,
            seen_at=NOON,
        )
    )


def test_counting_finds_a_counter_that_is_wrong(desk: Desk) -> None:
    """It counts rows, and does not believe the counters."""
    desk.put()
    wrong = sa.update(QueueCounter).values(n=7)  # type: ignore[arg-type]
    desk.db.write_now(lambda s: s.execute(wrong.where(QueueCounter.n > 0)))  # type: ignore[arg-type]
    found = count(desk)
    assert (found.rows, found.counted, found.in_order) == (1, 7, False)


def test_counting_finds_what_went_twice(desk: Desk) -> None:
    """A second try that went, and a WhatsApp id that is of two messages."""
    first = _next(desk)
    desk.mark(first)
    assert desk.sent(first)
    second = _next(desk)
    desk.mark(second)
    assert desk.sent(second)

    def spoil(session: Session) -> None:
        attempt = attempts_of(desk.db, first.message_id)[0].model_dump()
        session.add(MessageAttempt(**{**attempt, "id": None, "attempt": 2}))
        row = session.get_one(QueueMessage, second.message_id)
        row.provider_message_id = wa_id(first.message_id)
        session.add(row)

    desk.db.write_now(spoil)
    found = count(desk)
    assert (found.sent_twice, found.shared, found.in_order) == (1, 1, False)


def test_another_wedding_is_none_of_ours(desk: Desk) -> None:
    """Nothing of it is counted here."""
    other = make_couple(desk.db)
    guest_wrote(desk.db, other.groom)
    put(desk.db, other)
    desk.db.write_now(archive, other, None)
    found = read(desk)
    assert (found.planned, found.archived, found.since) == (0, 0, None)
    assert count(desk).rows == 0
