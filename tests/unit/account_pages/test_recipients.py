"""Who is offered as a recipient."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from tests.builders import Couple, guest_wrote
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Account, Consent
from wedding_wa.services import consent
from wedding_wa.services.recipients import Recipient, recipients


def offered(database: Database, account_id: int, **more: int) -> list[Recipient]:
    return database.read_now(recipients, account_id, **more)


def own_number(database: Database, account_id: int) -> None:
    database.write_now(
        lambda s: consent.give_own_number(s, s.get_one(Account, account_id), now=NOON)
    )


def test_own_number_first_then_the_newest(database: Database, couple: Couple) -> None:
    """The own number is always allowed; of the others the newest is the likeliest."""
    guest_wrote(database, couple.groom, "+393331112222", at=NOON)
    own_number(database, couple.groom)
    later = NOON + timedelta(minutes=3)
    guest_wrote(database, couple.groom, "+393334445555", at=later)

    own, newest, oldest = offered(database, couple.groom)

    assert own.own
    assert own.to == "393470000001@c.us"
    assert newest == Recipient(
        to="393334445555@c.us",
        name="Zia Maria",
        phone="+39 333 444 5555",
        wrote_at=later,
    )
    assert oldest.wrote_at == NOON


def test_only_who_wrote_to_this_account(database: Database, couple: Couple) -> None:
    """A consent belongs to an account: who wrote to the bride may not be offered."""
    guest_wrote(database, couple.bride)
    assert offered(database, couple.groom) == []


def test_who_withdrew_is_not_offered(database: Database, couple: Couple) -> None:
    """A revoked consent would be refused: it is not offered first."""
    consent_id = guest_wrote(database, couple.groom)

    def revoke(session: Session) -> None:
        row = session.get_one(Consent, consent_id)
        row.revoked_at, row.revoked_reason = NOON, "stop"

    database.write_now(revoke)
    assert offered(database, couple.groom) == []


def test_a_hidden_number_is_still_somebody(database: Database, couple: Couple) -> None:
    """WhatsApp may hide a number behind a LID; that chat can be answered too."""
    account_id = couple.groom
    guest_wrote(database, account_id, "+393331112222", chat_id="77001122@lid")
    [found] = offered(database, account_id)
    assert found.to == "77001122@lid"


def test_no_more_than_asked_for(database: Database, couple: Couple) -> None:
    """The page shows a few; the rest can be typed."""
    for number in range(5):
        guest_wrote(database, couple.groom, f"+39333111222{number}")
    own_number(database, couple.groom)
    assert len(offered(database, couple.groom, limit=2)) == 3
