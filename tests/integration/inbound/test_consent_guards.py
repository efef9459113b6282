"""Guest first is a rule of the database itself: straight SQL cannot go round it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Consent, InboundMessage, QueueMessage
from wedding_wa.services import consent
from wedding_wa.services.sql import table

CONSENTS, INBOUND = table(Consent), table(InboundMessage)
MESSAGES = table(QueueMessage)
CHAT = "393331112222@c.us"
LATER = NOON + timedelta(days=1)


@pytest.fixture
def couple(any_database: Database) -> Couple:
    return make_couple(any_database)


def refused(database: Database, statement: sa.Executable) -> None:
    """The database must refuse the statement, whatever wrote it."""
    with pytest.raises(DBAPIError):
        database.write_now(lambda s: s.execute(statement) and None)


def consent_row(couple: Couple, **fields: Any) -> sa.Insert:
    row = {
        "wedding_id": couple.wedding,
        "account_id": couple.groom,
        "chat_id": CHAT,
        "phone": None,
        "source": "webhook",
        "inbound_id": None,
        "evidence_at": NOON,
        "created_at": NOON,
    }
    return sa.insert(CONSENTS).values({**row, **fields})


def inbound_of(database: Database, consent_id: int) -> int:
    found = database.read_now(lambda s: s.get_one(Consent, consent_id).inbound_id)
    assert found is not None
    return found


@pytest.mark.parametrize("source", ["webhook", "feed", "history", "made_up"])
def test_no_consent_without_an_inbound_message(
    any_database: Database, couple: Couple, source: str
) -> None:
    """Whatever the source claims, only the own number needs no inbound message."""
    refused(any_database, consent_row(couple, source=source))
    refused(any_database, consent_row(couple, source=source, inbound_id=4711))


def test_no_consent_by_somebody_elses_message(
    any_database: Database, couple: Couple
) -> None:
    """One guest's message proves nothing for another chat or the other account."""
    inbound = inbound_of(any_database, guest_wrote(any_database, couple.groom))
    stranger = "393339999999@c.us"
    refused(any_database, consent_row(couple, inbound_id=inbound, chat_id=stranger))
    refused(
        any_database, consent_row(couple, inbound_id=inbound, account_id=couple.bride)
    )


def test_own_number_consent_is_for_the_own_number_only(
    any_database: Database, couple: Couple
) -> None:
    """`own_number` holds for the chat that is logged in, and for no other."""
    refused(any_database, consent_row(couple, source="own_number"))
    own = "393470000001@c.us"
    any_database.write_now(
        lambda s: (
            s.execute(consent_row(couple, source="own_number", chat_id=own)) and None
        )
    )


@pytest.mark.parametrize(
    "change",
    [
        {"chat_id": "393339999999@c.us"},
        {"source": "own_number"},
        {"inbound_id": None},
        {"evidence_at": LATER},
        {"created_at": LATER},
        {"phone": "+393339999999"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_consent_is_never_changed(
    any_database: Database, couple: Couple, change: dict[str, object]
) -> None:
    """Nothing of what a consent says can be rewritten."""
    made = guest_wrote(any_database, couple.groom)
    refused(
        any_database, sa.update(CONSENTS).where(CONSENTS.c.id == made).values(change)
    )


def test_a_revoked_consent_stays_revoked(
    any_database: Database, couple: Couple
) -> None:
    """Neither undone nor moved; and no new message can lean on it."""
    made = guest_wrote(any_database, couple.groom)
    assert any_database.write_now(consent.revoke, made, reason="opted_out", now=NOON)
    for again in (None, LATER):
        refused(
            any_database,
            sa.update(CONSENTS).where(CONSENTS.c.id == made).values(revoked_at=again),
        )
    one = put_row(couple, made)
    refused(any_database, one)


def put_row(couple: Couple, consent_id: int, **fields: object) -> sa.Insert:
    row = {
        "task_id": "x",
        "wedding_id": couple.wedding,
        "account_id": couple.groom,
        "consent_id": consent_id,
        "chat_id": CHAT,
        "kind": "message",
        "text": "Ciao",
        "priority": 3,
        "max_attempts": 4,
        "due_at": NOON,
        "queue_at": NOON,
        "status": "pending",
        "hold_params": {},
        "error_params": {},
        "attempt": 0,
        "failures": 0,
        "created_at": NOON,
    }
    return sa.insert(MESSAGES).values({**row, **fields})


def test_no_message_without_the_consent_of_its_own_chat(
    any_database: Database, couple: Couple
) -> None:
    """A message needs a consent of the same account and the same chat."""
    made = guest_wrote(any_database, couple.groom)
    refused(any_database, put_row(couple, 4711))
    refused(any_database, put_row(couple, made, chat_id="393339999999@c.us"))
    refused(any_database, put_row(couple, made, account_id=couple.bride))
    any_database.write_now(lambda s: s.execute(put_row(couple, made)) and None)


@pytest.mark.parametrize(
    "point",
    [
        lambda other: {"chat_id": "393339999999@c.us"},
        lambda other: {"consent_id": other},
    ],
    ids=["chat", "consent"],
)
def test_a_message_keeps_its_chat_and_its_consent(
    any_database: Database,
    couple: Couple,
    point: Callable[[int], dict[str, object]],
) -> None:
    """What was put in for one guest cannot be turned to another one."""
    guest_wrote(any_database, couple.groom)
    other = guest_wrote(any_database, couple.groom, "+393339999999")
    one = put(any_database, couple)
    refused(
        any_database,
        sa.update(MESSAGES).where(MESSAGES.c.id == one.id).values(point(other)),
    )


def test_the_proof_cannot_be_taken_away_or_rewritten(
    any_database: Database, couple: Couple
) -> None:
    """The inbound message a consent rests on stays, and stays what it was."""
    inbound = inbound_of(any_database, guest_wrote(any_database, couple.groom))
    refused(any_database, sa.delete(INBOUND).where(INBOUND.c.id == inbound))
    refused(
        any_database,
        sa.update(INBOUND).where(INBOUND.c.id == inbound).values(chat_id="1@c.us"),
    )


def test_one_valid_consent_a_chat(any_database: Database, couple: Couple) -> None:
    """A second valid consent of the same chat is refused; after a revocation not."""
    first = guest_wrote(any_database, couple.groom)
    inbound = inbound_of(any_database, first)
    refused(any_database, consent_row(couple, inbound_id=inbound))
    any_database.write_now(consent.revoke, first, reason="opted_out", now=NOON)
    any_database.write_now(
        lambda s: s.execute(consent_row(couple, inbound_id=inbound)) and None
    )


def test_old_words_do_not_undo_a_newer_revocation(
    any_database: Database, couple: Couple
) -> None:
    """What a guest wrote before they withdrew gives no consent when it comes late."""
    first = guest_wrote(any_database, couple.groom)
    any_database.write_now(consent.revoke, first, reason="opted_out", now=LATER)

    def give(session: Session, at: datetime) -> bool:
        from wedding_wa.models import Account, Evidence

        return consent.give(
            session,
            session.get_one(Account, couple.groom),
            chat_id=CHAT,
            phone=None,
            inbound_id=inbound,
            source=Evidence.HISTORY,
            at=at,
            now=LATER,
        )

    inbound = inbound_of(any_database, first)
    assert not any_database.write_now(give, NOON)
    assert any_database.write_now(give, LATER + timedelta(seconds=1))
