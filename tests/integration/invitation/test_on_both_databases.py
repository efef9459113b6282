"""What the invitation keeps, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from tests.builders import make_couple
from tests.fakes import NOON
from tests.integration.invitation.conftest import PHONE
from wedding_wa.db import Database
from wedding_wa.models import Household
from wedding_wa.services import guest_merge
from wedding_wa.services.households import create_household
from wedding_wa.services.invitation_cover import Picture, remove_cover, store_cover
from wedding_wa.services.invitation_view import (
    cover_bytes,
    cover_of,
    household_view,
    unlinked_sides,
)
from wedding_wa.services.invitations import greeting_of, note_opening

TOKEN = "rossi-0123456789abcdef"


def _household(session: Session, wedding: int) -> int:
    row = Household(
        wedding_id=wedding,
        name="Famiglia Rossi",
        folded="famiglia rossi",
        side="bride",
        language="it",
        token=TOKEN,
        code="K7M2P",
        created_at=NOON,
        updated_at=NOON,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def test_openings(any_database: Database) -> None:
    """Counted once in ten minutes; the first moment stays, the last one moves."""
    household = any_database.write_now(_household, make_couple(any_database).wedding)
    moments = [NOON, NOON + timedelta(minutes=9), NOON + timedelta(minutes=10)]
    counted = [
        any_database.write_now(note_opening, household, user_agent=PHONE, now=now)
        for now in moments
    ]
    assert counted == [True, False, True]
    row = any_database.read_now(lambda s: s.get_one(Household, household))
    assert (row.opens, row.stage) == (2, "opened")
    assert (row.opened_at, row.last_opened_at) == (NOON, moments[-1])


def test_cover(any_database: Database) -> None:
    """One picture at a time, found by token and digest, gone when it is removed."""
    wedding = make_couple(any_database).wedding
    any_database.write_now(_household, wedding)
    when = {"now": NOON, "by": None}
    for data in (b"older", b"newer picture"):
        any_database.write_now(store_cover, wedding, Picture(data, 3, 4), **when)
    cover = any_database.read_now(cover_of, wedding)
    assert cover is not None
    assert (cover.width, cover.height, cover.size) == (3, 4, 13)
    found = any_database.read_now(cover_bytes, TOKEN, cover.digest)
    assert found == (b"newer picture", "image/jpeg")
    old = Picture(b"older", 3, 4).digest
    assert any_database.read_now(cover_bytes, TOKEN, old) is None
    any_database.write_now(remove_cover, wedding, **when)
    assert any_database.read_now(cover_of, wedding) is None


def test_view_and_greeting_agree(any_database: Database) -> None:
    """The text to copy is the one that the button sends, from the bride's number."""
    wedding = make_couple(any_database).wedding
    household = any_database.write_now(_household, wedding)
    view = any_database.read_now(household_view, TOKEN)
    assert view is not None
    assert view.link.startswith("https://wa.me/393470000002?text=Ciao%20Anna")
    assert view.texts["greeting"] == any_database.read_now(greeting_of, household)
    assert any_database.read_now(unlinked_sides, wedding) == []
    assert any_database.read_now(household_view, TOKEN.upper()) is None


def test_the_link_of_a_joined_household_still_opens(any_database: Database) -> None:
    """What is printed on paper opens the letter of the household it became part of,
    with its picture."""
    wedding = make_couple(any_database).wedding
    gone = any_database.write_now(_household, wedding)
    any_database.write_now(
        store_cover, wedding, Picture(b"sea", 3, 4), now=NOON, by=None
    )
    kept = any_database.write_now(
        lambda s: create_household(s, wedding, name="Bianchi", side="groom", now=NOON)
    ).id
    assert kept is not None
    any_database.write_now(guest_merge.take_in, wedding, kept, gone, now=NOON)
    view = any_database.read_now(household_view, TOKEN)
    assert view is not None
    assert (view.household_id, view.household) == (kept, "Bianchi")
    assert view.cover is not None
    assert any_database.read_now(cover_bytes, TOKEN, view.cover.digest) is not None
