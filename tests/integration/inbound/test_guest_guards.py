"""Whoever wants none, or took their word back, gets nothing: straight SQL included."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.builders import Couple, guest_wrote, make_couple, message, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Consent, OptOut, QueueMessage
from wedding_wa.services import consent
from wedding_wa.services.sql import insert_id, table

OPT_OUTS, MESSAGES, CONSENTS = table(OptOut), table(QueueMessage), table(Consent)
CHAT = "393331112222@c.us"
LATER = NOON + timedelta(days=1)


@pytest.fixture
def couple(any_database: Database) -> Couple:
    return make_couple(any_database)


def run(database: Database, statement: sa.Executable) -> None:
    database.write_now(lambda s: s.execute(statement) and None)


def refused(database: Database, statement: sa.Executable) -> None:
    """The database must refuse the statement, and say why."""
    with pytest.raises(DBAPIError, match=r"no more messages|only undone|number it was"):
        run(database, statement)


def stop(database: Database, couple: Couple, **more: Any) -> int:
    """An opt-out row of the chat, as straight SQL writes it."""
    row = {
        "wedding_id": couple.wedding,
        "account_id": couple.groom,
        "chat_id": CHAT,
        "sentence": "STOP",
        "at": NOON,
        **more,
    }
    return database.write_now(lambda s: insert_id(s, sa.insert(OPT_OUTS).values(row)))


def copy_of(database: Database, message_id: int, **more: Any) -> sa.Insert:
    """The same message once more, as whoever goes round the app would insert it."""

    def read(session: Session) -> dict[str, Any]:
        found = session.execute(
            sa.select(MESSAGES).where(MESSAGES.c.id == message_id)
        ).one()
        left = {"id", "bucket", "task_id", "idempotency_key"}
        return {k: v for k, v in found._mapping.items() if k not in left}

    row = database.read_now(read)
    return sa.insert(MESSAGES).values({**row, "task_id": "copy", **more})


def test_nothing_is_queued_for_who_wants_none(
    any_database: Database, couple: Couple
) -> None:
    """Also with the other account, whatever the status it claims; undone, it may."""
    consents = {
        "groom": guest_wrote(any_database, couple.groom),
        "bride": guest_wrote(any_database, couple.bride),
    }
    one = put(any_database, couple)
    row = stop(any_database, couple)
    for status in ("pending", "processing", "sent", "failed"):
        refused(any_database, copy_of(any_database, one.id, status=status))
    refused(
        any_database,
        copy_of(
            any_database,
            one.id,
            account_id=couple.bride,
            consent_id=consents["bride"],
        ),
    )
    run(
        any_database,
        sa.update(OPT_OUTS).where(OPT_OUTS.c.id == row).values(undone_at=LATER),
    )
    run(any_database, copy_of(any_database, one.id))


@pytest.mark.parametrize("why", ["opted_out", "revoked"])
def test_nothing_leaves_for_who_wants_none(
    any_database: Database, couple: Couple, why: str
) -> None:
    """What stood in the queue before cannot be marked as going out."""
    made = guest_wrote(any_database, couple.groom)
    one = put(any_database, couple)
    if why == "opted_out":
        stop(any_database, couple)
    else:
        any_database.write_now(consent.revoke, made, reason="erased", now=NOON)
    for values in ({}, {"status": "processing"}, {"status": "sent", "ack": 0}):
        refused(
            any_database,
            sa.update(MESSAGES)
            .where(MESSAGES.c.id == one.id)
            .values(dispatched_at=LATER, **values),
        )
    assert message(any_database, one.id).dispatched_at is None
    other = sa.update(MESSAGES).where(MESSAGES.c.id == one.id)
    run(any_database, other.values(status="skipped"))


@pytest.mark.parametrize(
    "change",
    [
        {"chat_id": "393339999999@c.us"},
        {"at": LATER},
        {"wedding_id": 4711},
        {"account_id": 4711},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_wish_is_never_rewritten(
    any_database: Database, couple: Couple, change: dict[str, object]
) -> None:
    """It can be undone, and nothing else."""
    row = stop(any_database, couple)
    refused(
        any_database,
        sa.update(OPT_OUTS).where(OPT_OUTS.c.id == row).values(change),
    )


def test_what_was_undone_stays_undone(any_database: Database, couple: Couple) -> None:
    """Neither taken back nor moved; a new wish is a new row, one at a time."""
    row = stop(any_database, couple)
    which = sa.update(OPT_OUTS).where(OPT_OUTS.c.id == row)
    run(any_database, which.values(undone_at=NOON))
    for again in (None, LATER):
        refused(any_database, which.values(undone_at=again))
    stop(any_database, couple)
    with pytest.raises(DBAPIError):
        stop(any_database, couple)


def test_a_consent_keeps_the_number_it_was_given_to(
    any_database: Database, couple: Couple
) -> None:
    """A word to one number is not made one to another."""
    made = guest_wrote(any_database, couple.groom)
    which = sa.update(CONSENTS).where(CONSENTS.c.id == made)
    run(any_database, which.values(given_to="+393470000001"))
    for number in (None, "+393479999999"):
        refused(any_database, which.values(given_to=number))
