"""Who wants no more messages: the wish is the person's, in every chat of theirs, and
the wedding's in which it was told."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.builders import Couple, guest_wrote, make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Chat, InboundMessage, OptOut
from wedding_wa.services import guests
from wedding_wa.services.guests import GuestForm
from wedding_wa.services.wishes import wants_none

ADA, BEA = "+393331112222", "+393334445555"
ADAS, BEAS, HIDDEN, OTHER = (
    "393331112222@c.us",
    "393334445555@c.us",
    "777001@lid",
    "777002@lid",
)


@pytest.fixture
def couple(any_database: Database) -> Couple:
    """Ada wrote to both: to the bride under an id of which nobody knows whose it is.
    So did Bea, whose chats are nobody's but hers."""
    made = make_couple(any_database)
    guest_wrote(any_database, made.groom, ADA)
    guest_wrote(any_database, made.bride, ADA, chat_id=HIDDEN)
    guest_wrote(any_database, made.groom, BEA)
    guest_wrote(any_database, made.bride, BEA, chat_id=OTHER)
    _chat(any_database, made, HIDDEN, phone=None)
    _chat(any_database, made, OTHER, phone=None)
    return made


def _chat(db: Database, couple: Couple, chat_id: str, **values: object) -> None:
    mine = (col(Chat.wedding_id) == couple.wedding, col(Chat.chat_id) == chat_id)
    db.write_now(
        lambda s: s.execute(sa.update(Chat).where(*mine).values(values)) and None
    )


def _stop(db: Database, couple: Couple, **more: object) -> None:
    def write(session: Session) -> None:
        proof = sa.select(sa.func.min(col(InboundMessage.id))).where(
            col(InboundMessage.account_id) == couple.groom,
            col(InboundMessage.chat_id) == ADAS,
        )
        values = {"sentence": "STOP", "at": NOON, **more}
        session.execute(
            sa.insert(OptOut).values(
                wedding_id=couple.wedding,
                account_id=couple.groom,
                chat_id=ADAS,
                inbound_id=proof.scalar_subquery(),
                **values,
            )
        )

    db.write_now(write)


def _silent(db: Database, couple: Couple) -> set[str]:
    return db.read_now(wants_none, couple.wedding, [ADAS, BEAS, HIDDEN, OTHER])


def _guest(db: Database, couple: Couple) -> int:
    form = GuestForm(name="Ada")
    return db.write_now(guests.add_guest, couple.wedding, form, by=None, now=NOON)


def test_where_it_was_told(any_database: Database, couple: Couple) -> None:
    """In that chat, as long as it is not undone."""
    _stop(any_database, couple, undone_at=NOON)
    assert _silent(any_database, couple) == set()
    _stop(any_database, couple)
    assert _silent(any_database, couple) == {ADAS}


def test_under_every_name_of_the_number(any_database: Database, couple: Couple) -> None:
    """Also where it was learnt only later whose chat that is."""
    _stop(any_database, couple, phone=ADA)
    assert _silent(any_database, couple) == {ADAS}
    _chat(any_database, couple, HIDDEN, phone=ADA)
    assert _silent(any_database, couple) == {ADAS, HIDDEN}


def test_in_every_chat_of_the_guest(any_database: Database, couple: Couple) -> None:
    """Linked by hand, without a number that is the same."""
    guest = _guest(any_database, couple)
    _stop(any_database, couple, guest_id=guest)
    assert _silent(any_database, couple) == {ADAS}
    _chat(any_database, couple, HIDDEN, guest_id=guest)
    assert _silent(any_database, couple) == {ADAS, HIDDEN}


def test_one_weddings_wish_is_no_others(any_database: Database, couple: Couple) -> None:
    """Neither the wish of the same number, nor what another wedding knows of whose an
    id is."""
    theirs = make_couple(any_database)
    guest_wrote(any_database, theirs.groom, ADA)
    guest_wrote(any_database, theirs.groom, ADA, chat_id=OTHER)
    _stop(any_database, theirs, phone=ADA)
    assert _silent(any_database, couple) == set()
    assert _silent(any_database, theirs) == {ADAS, OTHER}
    _stop(any_database, couple, phone=ADA)
    assert _silent(any_database, couple) == {ADAS}
