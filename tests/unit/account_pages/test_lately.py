"""The few messages that a page shows, with the state of this moment."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.builders import GUEST, Couple, guest_wrote, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.domain.messages import HoldRule, Kind, Phase
from wedding_wa.models import QueueMessage
from wedding_wa.services import events
from wedding_wa.services.lately import Line, newest_messages


@pytest.fixture(autouse=True)
def _wrote(database: Database, couple: Couple) -> None:
    guest_wrote(database, couple.groom)


def newest(database: Database, couple: Couple, **more: object) -> list[Line]:
    return database.read_now(
        newest_messages,
        couple.wedding,
        now=NOON,
        **more,  # type: ignore[arg-type]
    )


def test_newest_first_and_only_the_kind(database: Database, couple: Couple) -> None:
    """The test page shows tests alone; the overview shows everything."""
    first = put(database, couple, kind="test").id
    other = put(database, couple).id
    last = put(database, couple, kind="test").id
    assert [one.id for one in newest(database, couple)] == [last, other, first]
    tests = newest(database, couple, kind=Kind.TEST)
    assert [one.id for one in tests] == [last, first]
    assert [one.id for one in newest(database, couple, limit=1)] == [last]


def test_who_and_what(database: Database, couple: Couple) -> None:
    """A line names the person as they call themself, the number as people write it."""
    put(database, couple, text="Ciao")
    [line] = newest(database, couple)
    assert (line.account, line.name, line.phone, line.text) == (
        "groom",
        "Zia Maria",
        "+39 333 111 2222",
        "Ciao",
    )
    assert GUEST not in line.phone


def test_the_live_phase_shows_while_it_is_sent(
    database: Database, couple: Couple
) -> None:
    """While a worker holds it the badge says what it does now, of this try alone."""
    message = put(database, couple).id

    def type_it(session: Session) -> None:
        session.execute(
            sa.update(QueueMessage)
            .where(col(QueueMessage.id) == message)
            .values(status="processing", attempt=2)
        )
        for attempt, phase in ((1, Phase.SENDING), (2, Phase.TYPING)):
            events.begin(
                session,
                message,
                phase,
                wedding_id=couple.wedding,
                attempt=attempt,
                at=NOON,
            )

    database.write_now(type_it)
    assert [one.state for one in newest(database, couple)] == ["typing"]


def test_why_it_waits(database: Database, couple: Couple) -> None:
    """A waiting message says its rule, one that has gone says none."""
    waits = put(database, couple).id
    gone = put(database, couple).id
    database.write_now(
        lambda s: s.execute(
            sa.update(QueueMessage)
            .where(col(QueueMessage.id) == gone)
            .values(status="sent", ack=3)
        )
    )
    database.write_now(
        lambda s: s.execute(sa.text("UPDATE account SET status = 'STOPPED'"))
    )
    lines = {one.id: one for one in newest(database, couple)}
    why = lines[waits].why
    assert why is not None
    assert why.rule is HoldRule.ACCOUNT_DOWN
    assert lines[gone].why is None
    assert lines[gone].state == "read"
