"""Whoever they are and however they hang together: many recipients that are looked up
at once have the ways that each has alone."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.builders import Couple, make_couple, write_guest
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.domain.chat import chat_of_phone
from wedding_wa.domain.errors import OptedOut
from wedding_wa.models import Chat, Consent, Guest, Household, InboundMessage, OptOut
from wedding_wa.services.voice import (
    Recipient,
    Way,
    Ways,
    recipient_of,
    recipients_of,
    way_to,
)

PHONES = [f"+39333111{n:04}" for n in range(1, 9)]
HIDDEN = [f"77700{n}@lid" for n in range(5)]
ACCOUNTS = (None, "groom", "bride", "uncle")


def _guests(session: Session, wedding: int) -> list[int]:
    home = Household(
        wedding_id=wedding,
        name="Rossi",
        folded="rossi",
        side="groom",
        token=f"t{wedding}",
        code="ABCDE",
        created_at=NOON,
        updated_at=NOON,
    )
    session.add(home)
    session.flush()
    made = [
        Guest(
            wedding_id=wedding,
            household_id=home.id or 0,
            name=f"Guest {n}",
            folded=f"guest {n}",
            side="groom",
            created_at=NOON,
            updated_at=NOON,
        )
        for n in range(3)
    ]
    session.add_all(made)
    session.flush()
    return [one.id or 0 for one in made]


def _people(session: Session, couple: Couple, chance: random.Random) -> None:
    """They write from numbers and hidden ids, which belong to this guest or that; some
    want no more, some of them want again."""
    guests, silent = _guests(session, couple.wedding), set[str]()
    for _ in range(chance.randint(6, 24)):
        account = chance.choice((couple.groom, couple.bride))
        phone = chance.choice(PHONES)
        chat_id = chance.choice((chat_of_phone(phone), chance.choice(HIDDEN)))
        known = select(Chat.id).where(
            Chat.account_id == account, Chat.chat_id == chat_id
        )
        if session.exec(known).first() is None:
            at = NOON + timedelta(minutes=chance.randint(0, 3))
            write_guest(session, account, phone, at=at, chat_id=chat_id)
    for chat in session.exec(select(Chat).where(Chat.wedding_id == couple.wedding)):
        if chance.random() < 0.2:
            chat.phone = chance.choice((None, *PHONES))
        if chance.random() < 0.4:
            chat.guest_id = chance.choice(guests)
        if chance.random() < 0.2:
            chat.last_inbound_at = None
        if chance.random() < 0.2 and chat.chat_id not in silent:
            silent.add(chat.chat_id)
            _wants_none(session, chat, chance)


def _second_thoughts(session: Session, couple: Couple, chance: random.Random) -> None:
    mine = col(Consent.wedding_id) == couple.wedding
    for consent in session.exec(select(Consent).where(mine)):
        if chance.random() < 0.2:
            consent.revoked_at = NOON
        elif chance.random() < 0.2:
            consent.phone = None


def _wants_none(session: Session, chat: Chat, chance: random.Random) -> None:
    proof = select(sa.func.min(InboundMessage.id)).where(
        InboundMessage.account_id == chat.account_id,
        InboundMessage.chat_id == chat.chat_id,
    )
    session.add(
        OptOut(
            wedding_id=chat.wedding_id,
            account_id=chat.account_id,
            chat_id=chat.chat_id,
            phone=chance.choice((None, chat.phone)),
            guest_id=chance.choice((None, chat.guest_id)),
            inbound_id=session.exec(proof).one(),
            sentence="STOP",
            at=NOON,
            undone_at=chance.choice((None, None, NOON)),
        )
    )


def _alone(
    session: Session, wedding: int, to: Recipient, account: str | None
) -> Way | str | None:
    try:
        return way_to(session, wedding, to, account=account)
    except OptedOut:
        return "wants none"


def _at_once(ways: Ways, to: Recipient, account: str | None) -> Way | str | None:
    try:
        return ways.to(to, account=account)
    except OptedOut:
        return "wants none"


@pytest.mark.parametrize("seed", range(25))
def test_at_once_as_alone(database: Database, seed: int) -> None:
    """The same people, the same way, the same refusal; what another wedding knows of
    the same numbers and hidden ids changes nothing."""
    chance = random.Random(seed)
    couples = [make_couple(database), make_couple(database)]
    for couple in couples:
        database.write_now(_people, couple, chance)
        database.write_now(_second_thoughts, couple, chance)

    def compare(session: Session) -> list[Way | str | None]:
        wedding = couples[0].wedding
        people = recipients_of(session, wedding, PHONES)
        assert people == {to: recipient_of(session, wedding, to) for to in PHONES}
        ways = Ways(session, wedding, list(people.values()))
        asked = [(one, account) for one in people.values() for account in ACCOUNTS]
        alone = [_alone(session, wedding, *one) for one in asked]
        assert [_at_once(ways, *one) for one in asked] == alone
        numbers = {way.account_id for way in alone if isinstance(way, Way)}
        assert numbers <= {couples[0].groom, couples[0].bride}
        return alone

    assert len(set(map(repr, database.read_now(compare)))) > 1  # there are differences
