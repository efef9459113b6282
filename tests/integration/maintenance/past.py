"""A wedding with a past: messages, tries and events as old as a test wants them."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.builders import Couple, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import (
    MessageArchive,
    MessageAttempt,
    QueueCounter,
    QueueMessage,
    WebhookLog,
)

_NUMBERS = itertools.count(1)


def ago(days: float) -> datetime:
    """So many days before NOON."""
    return NOON - timedelta(days=days)


def ended(
    database: Database, couple: Couple, status: str, days: float, **more: Any
) -> int:
    """A message that ended in `status` so many days ago; returns its id."""
    columns = {"finished_at": ago(days), "attempt": 1, **more.pop("columns", {})}
    made = put(database, couple, now=ago(days), **more)

    def end(session: Session) -> None:
        session.execute(
            sa.update(QueueMessage)
            .where(col(QueueMessage.id) == made.id)
            .values(status=status, **columns)
        )

    database.write_now(end)
    return made.id


def tried(
    database: Database,
    message_id: int,
    days: float,
    *,
    counts: bool = False,
    attempt: int = 1,
    **columns: Any,
) -> int:
    """A try of the message, so many days ago; returns its id."""

    def write(session: Session) -> int:
        message = session.get_one(QueueMessage, message_id)
        one = MessageAttempt(
            wedding_id=message.wedding_id,
            message_id=message_id,
            account_id=message.account_id,
            chat_id=message.chat_id,
            attempt=attempt,
            started_at=ago(days),
            dispatched_at=ago(days) if counts else None,
            finished_at=ago(days) if counts else None,
            counts=counts,
            **columns,
        )
        session.add(one)
        session.flush()
        assert one.id is not None
        return one.id

    return database.write_now(write)


def told(
    database: Database,
    couple: Couple,
    days: float,
    *,
    applied: bool = True,
    message_id: str | None = None,
) -> int:
    """An event of WAHA's that came so many days ago; returns its row's id."""

    def write(session: Session) -> int:
        row = WebhookLog(
            wedding_id=couple.wedding,
            account_id=couple.groom,
            event_id=f"evt_{next(_NUMBERS)}",
            event="message",
            message_id=message_id,
            source="webhook",
            raw=b'{"body": "Ciao!"}',
            received_at=ago(days),
            applied_at=ago(days) if applied else None,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id

    return database.write_now(write)


def statuses(database: Database) -> dict[int, str]:
    """Every message there still is, with its status."""
    rows = select(QueueMessage.id, QueueMessage.status)
    return dict(database.read_now(lambda s: s.exec(rows).all()))  # type: ignore[arg-type]


def tries(database: Database) -> set[int]:
    """The ids of the tries there still are."""
    ids = select(MessageAttempt.id)
    return set(database.read_now(lambda s: s.exec(ids).all()))  # type: ignore[arg-type]


def archive(database: Database) -> list[MessageArchive]:
    rows = select(MessageArchive).order_by(col(MessageArchive.message_id))
    return list(database.read_now(lambda s: s.exec(rows).all()))


def accepted(database: Database) -> int:
    """What the counters say there is, and what was put away."""
    counted = database.read_now(
        lambda s: s.exec(select(sa.func.sum(QueueCounter.n))).one()
    )
    return int(counted or 0) + len(archive(database))
