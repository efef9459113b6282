"""Two entries become one guest, two households one; nothing of either is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.fakes import NOON
from tests.integration.guests.conftest import Book
from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.models import Guest, Household, OptOut
from wedding_wa.services import guest_merge, households
from wedding_wa.services.households import by_code, by_token


def merge(book: Book, *ids: int) -> int:
    return book.database.write_now(
        guest_merge.merge, book.wedding, ids, by=None, now=NOON
    )


def join(book: Book, *guest_ids: int) -> int:
    def work(session: Session) -> int:
        homes = guest_merge.households_of(session, book.wedding, guest_ids)
        return guest_merge.join_households(
            session, book.wedding, homes, by=None, now=NOON
        )

    return book.database.write_now(work)


def change_home(book: Book, guest_id: int, **values: object) -> None:
    home = book.guest(guest_id).household_id
    book.database.write_now(
        lambda s: s.execute(
            sa.update(Household).where(Household.id == home).values(**values)
        )
    )


def test_the_entry_with_a_number_stays_and_gets_what_the_other_had(
    book: Book,
) -> None:
    """Tags, notes and language are united; who shared their phone shares it still."""
    thin = book.add("A. Rossi", tags=("work", "family"), notes="no nuts", language="it")
    full = book.add("Anna Rossi", phone="3331112222", tags=("family",), notes="aunt")
    child = book.add("Pia", contact_id=full)
    assert merge(book, thin, full) == full
    guest = book.guest(full)
    assert (guest.name, guest.phone) == ("Anna Rossi", "+393331112222")
    assert (guest.notes, guest.language) == ("aunt\nno nuts", "it")
    assert book.tags(full) == ["family", "work"]
    assert book.guest(child).contact_id == full
    assert book.count(Guest) == 2
    assert book.count(Household) == 1
    assert book.audited()[-1] == "guests_merged"


def test_a_second_number_goes_to_the_notes(book: Book) -> None:
    """Nothing that was written down disappears."""
    one = book.add("Anna", phone="3331112222")
    other = book.add("Anna", phone="3339998888")
    kept = merge(book, other, one)
    assert kept == one
    assert book.guest(kept).notes == "+39 333 999 8888"


def test_chats_and_wishes_follow_the_guest(book: Book) -> None:
    """What they wrote as either is theirs; a STOP to one holds for the one kept."""
    kept = book.add("Anna", phone="3331112222")
    gone = book.add("Anna R.")
    chat = book.chat("1@lid", household=book.guest(gone).household_id, guest=gone)
    book.database.write_now(
        lambda s: s.add(
            OptOut(
                wedding_id=book.wedding,
                account_id=book.couple.groom,
                chat_id="1@lid",
                guest_id=gone,
                at=NOON,
            )
        )
    )
    merge(book, kept, gone)
    row = book.row(chat)
    assert (row.guest_id, row.household_id) == (kept, book.guest(kept).household_id)
    assert book.home(kept).stage == "opted_out"
    opt_out = book.database.read_now(lambda s: s.scalars(sa.select(OptOut)).one())
    assert opt_out.guest_id == kept


def test_entries_that_share_one_phone_become_one(book: Book) -> None:
    """Merging who has the phone with who is on it leaves nobody on their own phone."""
    anna = book.add("Anna", phone="3331112222")
    pia = book.add("Anna again", contact_id=anna)
    assert merge(book, pia, anna) == anna
    assert book.guest(anna).contact_id is None


def test_three_become_one(book: Book) -> None:
    """Any number of entries at once."""
    ids = [book.add("Anna", notes=str(n)) for n in range(3)]
    assert merge(book, *ids) == ids[0]
    assert book.guest(ids[0]).notes == "0\n1\n2"
    assert book.count(Household) == 1


def test_one_entry_is_nothing_to_merge(book: Book) -> None:
    """Nor is the same one twice, nor another wedding's."""
    anna = book.add("Anna")
    for ids in ((anna,), (anna, anna)):
        with pytest.raises(BadInput):
            merge(book, *ids)
    with pytest.raises(NotFound):
        merge(book, anna, 4711)


def test_joined_households_keep_every_link_and_code(book: Book) -> None:
    """The one that is farthest stays; links already handed out lead to it, and codes
    already typed name it, also through a second joining."""
    anna, ugo, eva = book.add("Anna"), book.add("Ugo"), book.add("Eva")
    old = [book.home(one) for one in (anna, ugo, eva)]
    change_home(book, ugo, opened_at=NOON, opens=2, notes="b")
    change_home(book, anna, invited_at=NOON - timedelta(days=1), opens=1, notes="a")
    kept = join(book, anna, ugo)
    assert kept == book.guest(anna).household_id == book.guest(ugo).household_id
    assert kept == old[1].id
    home = book.home(anna)
    assert (home.opens, home.notes) == (3, "b\na")
    assert home.invited_at == NOON - timedelta(days=1)
    change_home(book, eva, activated_at=NOON)
    last = join(book, eva, anna)
    assert last == old[2].id

    def leads(session: Session) -> set[int | None]:
        found = [by_token(session, one.token) for one in old]
        found += [by_code(session, book.wedding, one.code) for one in old]
        return {home.id if home else None for home in found}

    assert book.database.read_now(leads) == {last}
    assert book.count(Household) == 1


def test_a_joined_household_is_as_far_as_its_chats(book: Book) -> None:
    """Chats of both are its own, and they decide."""
    anna, ugo = book.add("Anna"), book.add("Ugo")
    chat = book.chat("1@lid", household=book.guest(ugo).household_id)
    book.database.write_now(
        households.refresh_stage, book.guest(ugo).household_id, now=NOON
    )
    book.database.write_now(
        lambda s: s.execute(
            sa.update(Household)
            .where(Household.id == book.guest(anna).household_id)
            .values(opted_out_at=NOON)
        )
    )
    kept = join(book, anna, ugo)
    assert book.row(chat).household_id == kept
    assert book.home(anna).stage == "active"


def test_one_household_is_nothing_to_join(book: Book) -> None:
    """Two guests of one family are together already."""
    anna = book.add("Anna")
    pia = book.add("Pia", household_id=book.guest(anna).household_id)
    with pytest.raises(BadInput):
        join(book, anna, pia)
