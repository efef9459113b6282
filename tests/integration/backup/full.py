"""A wedding with something in every corner that a copy must not lose, and what is in
a database, table by table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import (
    AuditEntry,
    Guest,
    Household,
    OptOut,
    QueueMessage,
    User,
    WebhookLog,
)
from wedding_wa.words import say

OTHER = "+393334445555"
GONE = "+393336667777"
# What a copy says otherwise, on purpose.
MARKED = {"account", "hearing_gap", "notice"}


def make_full(database: Database) -> Couple:
    """Messages of several states, an opted-out guest, a revoked consent, blobs, JSON,
    guests that name each other as contact."""
    couple = make_couple(database)
    for phone in ("+393331112222", OTHER, GONE):
        guest_wrote(database, couple.groom, phone)
    for n in range(4):
        put(database, couple, text=f"Ciao {n} 👰🏽 \u200f\u05e9\u05dc\u05d5\u05dd")
    put(database, couple, to=OTHER, text="Per chi non vuole")
    put(database, couple, to=GONE, text="Per chi se n'è andato")
    database.write_now(_corners, couple)
    return couple


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, generated columns too."""
    with database.engine.connect() as connection:
        return {name: _rows(connection, each) for name, each in _tables().items()}


def _tables() -> dict[str, sa.Table]:
    return dict(SQLModel.metadata.tables)


def _rows(connection: sa.Connection, each: sa.Table) -> list[tuple[Any, ...]]:
    ordered = sa.select(each).order_by(*each.primary_key.columns)
    return [tuple(row) for row in connection.execute(ordered)]


def _corners(session: Session, couple: Couple) -> None:
    user = User(
        email="a@b.it", name="Anna", password_hash="x", created_at=NOON, failed_logins=0
    )
    session.add(user)
    session.flush()
    _states(session)
    _stopped(session, couple)
    _families(session, couple)
    session.add(
        AuditEntry(
            wedding_id=couple.wedding, user_id=user.id, action="x", params={}, at=NOON
        )
    )
    session.add(
        WebhookLog(
            wedding_id=couple.wedding,
            account_id=couple.groom,
            event_id="evt_1",
            event="message",
            source="webhook",
            raw=bytes(range(256)),
            received_at=NOON,
        )
    )


def _states(session: Session) -> None:
    found = session.exec(select(QueueMessage).order_by(col(QueueMessage.id))).all()
    table = SQLModel.metadata.tables["queue_message"]
    for row, values in zip(
        found,
        (
            {"status": "sent", "ack": 3, "provider_message_id": "A1"},
            {"status": "unconfirmed", "looked": {"why": "é"}, "looked_at": NOON},
            {"status": "failed", "error_code": "error.waha"},
        ),
        strict=False,
    ):
        session.execute(sa.update(table).where(table.c.id == row.id).values(**values))


def _stopped(session: Session, couple: Couple) -> None:
    session.add(
        OptOut(
            wedding_id=couple.wedding,
            account_id=couple.groom,
            chat_id=f"{OTHER[1:]}@c.us",
            phone=OTHER,
            sentence="Stopp!",
            at=NOON,
        )
    )
    table = SQLModel.metadata.tables["consent"]
    session.execute(
        sa.update(table)
        .where(table.c.phone == GONE)
        .values(revoked_at=NOON, revoked_reason="erased")
    )


def _families(session: Session, couple: Couple) -> None:
    """A guest whose contact has a later id than their own."""
    household = Household(
        wedding_id=couple.wedding,
        name="Famiglia Òscar",
        folded="famiglia oscar",
        side="groom",
        code="AB2CD",
        token="t" * 22,
        created_at=NOON,
        updated_at=NOON,
    )
    session.add(household)
    session.flush()
    guests = [
        Guest(
            wedding_id=couple.wedding,
            household_id=household.id,
            name=name,
            folded=name.lower(),
            side="bride",
            created_at=NOON + timedelta(microseconds=123),
            updated_at=NOON,
        )
        for name in ("Bimba", "Mamma")
    ]
    session.add_all(guests)
    session.flush()
    guests[0].contact_id = guests[1].id
    session.add_all(guests)


def code_of(caught: pytest.ExceptionInfo[Any]) -> str:
    """Why it was refused; AssertionError where no sentence says so."""
    assert say("en", caught.value.code, **caught.value.params) != caught.value.code
    return str(caught.value.code).removeprefix("backup.error.")


def same_rows(one: Database, other: Database) -> None:
    """Equal in every table that a copy does not mark."""
    first, second = rows(one), rows(other)
    for told in (first, second):  # a copy's stream has a mark at its end besides
        told["stream_entry"] = [e for e in told["stream_entry"] if e[2] != "restored"]
    for name in first.keys() - MARKED:
        assert second[name] == first[name], name
    assert [a[0] for a in first["account"]] == [a[0] for a in second["account"]]
