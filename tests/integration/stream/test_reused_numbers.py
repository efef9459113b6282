"""SQLite gives the number of a row that was the newest again: the feed tells nobody's
news under an older entry."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.domain.messages import Status
from wedding_wa.models import MessageEvent, QueueMessage
from wedding_wa.services.retention_messages import put_failed_away
from wedding_wa.services.stream import read
from wedding_wa.services.stream_places import Place

LATER = NOON + timedelta(days=9)
BEGIN = Place(0)


async def _put_away(db: Database, couple: Couple) -> int:
    """A message failed long ago, with the newest event there is, and is archived;
    return that event's number."""
    number = put(db, couple).id

    def fails(session: Session) -> int:
        session.execute(
            sa.update(QueueMessage)
            .where(col(QueueMessage.id) == number)
            .values(status=Status.FAILED.value, finished_at=NOON)
        )
        return session.scalars(sa.select(sa.func.max(MessageEvent.id))).one()

    event = db.write_now(fails)
    cutoff = NOON + timedelta(days=1)
    gone = await put_failed_away(db, couple.wedding, cutoff, whole=True, now=LATER)
    assert gone == 1
    return event


def _newest_event(db: Database) -> int:
    return db.read_now(
        lambda s: s.scalars(sa.select(sa.func.max(MessageEvent.id))).one()
    )


async def test_what_was_put_away_is_not_told_as_something_else(
    any_database: Database,
) -> None:
    """What has its event's number now is told once, where it happened."""
    couple = make_couple(any_database)
    guest_wrote(any_database, couple.groom)
    event = await _put_away(any_database, couple)
    made = put(any_database, couple, now=LATER)
    assert (_newest_event(any_database) == event) is any_database.is_sqlite
    told = any_database.read_now(read, couple.wedding, BEGIN).envelopes
    of_it = [one.place for one in told if made.task_id in one.text]
    assert len(of_it) == 2
    assert {place.entry for place in of_it} == {max(one.place for one in told).entry}


async def test_nor_as_news_of_another_wedding(any_database: Database) -> None:
    """Where the number is another wedding's by now, nothing is told, and what comes
    behind it still is."""
    couple, stranger = make_couple(any_database), make_couple(any_database)
    for one in (couple, stranger):
        guest_wrote(any_database, one.groom)
    event = await _put_away(any_database, couple)
    theirs = put(any_database, stranger, now=NOON)
    assert (_newest_event(any_database) == event) is any_database.is_sqlite
    mine = put(any_database, couple, now=LATER)
    told = any_database.read_now(read, couple.wedding, BEGIN).envelopes
    texts = "".join(one.text for one in told)
    assert mine.task_id in texts
    assert theirs.task_id not in texts
