"""A wedding with two accounts, guests who wrote, messages: made in two lines."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, select

from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.domain.policy import checked
from wedding_wa.models import (
    Account,
    Chat,
    Consent,
    InboundMessage,
    MessageAttempt,
    MessageEvent,
    Policy,
    QueueMessage,
    Wedding,
)
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, enqueue

GUEST = "+393331112222"
_IDS = itertools.count(1)


@dataclass(frozen=True)
class Couple:
    """The ids of a made wedding."""

    wedding: int
    groom: int
    bride: int


def make_couple(
    database: Database, *, status: str = "WORKING", zone: str = "Europe/Rome"
) -> Couple:
    """A wedding whose two accounts are logged in."""
    return database.write_now(make_couple_in, status, zone)


def make_couple_in(
    session: Session, status: str = "WORKING", zone: str = "Europe/Rome"
) -> Couple:
    """`make_couple` inside a transaction that does more."""
    wedding = Wedding(
        groom_name="Luca",
        bride_name="Anna",
        time_zone=zone,
        default_country="IT",
        created_at=NOON,
    )
    session.add(wedding)
    session.flush()
    ids = []
    for key, phone in (("groom", "+393470000001"), ("bride", "+393470000002")):
        account = Account(
            wedding_id=wedding.id or 0,
            key=key,
            status=status,
            phone=phone,
            own_chat_id=f"{phone[1:]}@c.us",
        )
        session.add(account)
        session.flush()
        assert account.id is not None
        session.add(Policy(account_id=account.id, updated_at=NOON))
        ids.append(account.id)
    assert wedding.id is not None
    return Couple(wedding.id, *ids)


def set_policy(database: Database, account_id: int, **fields: object) -> None:
    """Change limits of an account; checked as the settings page would."""
    database.write_now(change_policy, account_id, fields)


def change_policy(session: Session, account_id: int, fields: dict[str, object]) -> None:
    """`set_policy` inside a transaction that does more."""
    row = session.get_one(Policy, account_id)
    checked(replace(PolicyValue(**row.fields), **fields))  # type: ignore[arg-type]
    row.fields = {**row.fields, **fields}
    session.add(row)


def guest_wrote(
    database: Database,
    account_id: int,
    phone: str = GUEST,
    *,
    at: datetime = NOON,
    chat_id: str | None = None,
) -> int:
    """An inbound message, its chat and its consent; returns the consent's id."""
    return database.write_now(write_guest, account_id, phone, at=at, chat_id=chat_id)


def write_guest(
    session: Session,
    account_id: int,
    phone: str = GUEST,
    *,
    at: datetime = NOON,
    chat_id: str | None = None,
) -> int:
    """`guest_wrote` inside a transaction that does more."""
    account = session.get_one(Account, account_id)
    chat = chat_id or f"{phone[1:]}@c.us"
    inbound = InboundMessage(
        wedding_id=account.wedding_id,
        account_id=account_id,
        chat_id=chat,
        message_id=f"3A{next(_IDS):018X}",
        phone=phone,
        push_name="Zia Maria",
        body="Ciao!",
        source="webhook",
        at=at,
        received_at=at,
    )
    session.add(inbound)
    session.flush()
    consent = Consent(
        wedding_id=account.wedding_id,
        account_id=account_id,
        chat_id=chat,
        phone=phone,
        source="webhook",
        inbound_id=inbound.id,
        evidence_at=at,
        created_at=at,
    )
    session.add(consent)
    _heard_in_chat(session, inbound)
    session.flush()
    assert consent.id is not None
    return consent.id


def _heard_in_chat(session: Session, inbound: InboundMessage) -> None:
    which = select(Chat).where(
        Chat.account_id == inbound.account_id, Chat.chat_id == inbound.chat_id
    )
    chat = session.exec(which).first() or Chat(
        wedding_id=inbound.wedding_id,
        account_id=inbound.account_id,
        chat_id=inbound.chat_id,
        phone=inbound.phone,
        push_name=inbound.push_name,
    )
    chat.last_at = chat.last_inbound_at = inbound.at
    chat.last_text = inbound.body
    session.add(chat)


def put(
    database: Database,
    couple: Couple,
    *,
    account: str | None = "groom",
    to: str = GUEST,
    text: str = "Cara zia, ti aspettiamo!",
    now: datetime = NOON,
    **more: object,
) -> Enqueued:
    """Enqueue a message as a door does."""
    request = EnqueueRequest(account=account, to=to, text=text, **more)  # type: ignore[arg-type]
    return database.write_now(enqueue, couple.wedding, request, now=now)


def message(database: Database, message_id: int) -> QueueMessage:
    """The row as it is now."""
    return database.read_now(lambda s: s.get_one(QueueMessage, message_id))


def events_of(database: Database, message_id: int) -> list[MessageEvent]:
    """The message's timeline."""
    return database.read_now(
        lambda s: list(
            s.exec(
                select(MessageEvent)
                .where(MessageEvent.message_id == message_id)
                .order_by(MessageEvent.id)  # type: ignore[arg-type]
            )
        )
    )


def phases_of(database: Database, message_id: int) -> list[str]:
    """The names of the timeline's phases, in order."""
    return [event.phase for event in events_of(database, message_id)]


def attempts_of(database: Database, message_id: int) -> list[MessageAttempt]:
    """The message's tries."""
    return database.read_now(
        lambda s: list(
            s.exec(
                select(MessageAttempt)
                .where(MessageAttempt.message_id == message_id)
                .order_by(MessageAttempt.attempt)  # type: ignore[arg-type]
            )
        )
    )
