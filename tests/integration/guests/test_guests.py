"""Guests written down and changed."""

from __future__ import annotations

import pytest

from tests.builders import make_couple
from tests.integration.guests.conftest import Book
from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.models import Guest, Household
from wedding_wa.services import households
from wedding_wa.services.guests import PhoneTaken

PHONE = "+393331112222"


def test_a_guest_alone_gets_a_household_of_their_own(book: Book) -> None:
    """Everything is kept in order: number in E.164, tags, language, side."""
    anna = book.add(
        " Anna  Rossi ",
        phone="333 111 2222",
        side="bride",
        language="it",
        tags=("Family", "family", "Choir"),
        notes="no nuts",
    )
    guest, home = book.guest(anna), book.home(anna)
    assert (guest.name, guest.folded) == ("Anna Rossi", "anna rossi")
    assert guest.phone == "+393331112222"
    assert (guest.side, guest.language, guest.notes) == ("bride", "it", "no nuts")
    assert book.tags(anna) == ["choir", "family"]
    assert (home.name, home.side, home.language) == ("Anna Rossi", "bride", "it")
    assert book.audited() == ["guest_added"]


def test_guests_join_a_household_or_found_a_named_one(book: Book) -> None:
    """By its id, or by the name of a new one."""
    anna = book.add("Anna", household="Famiglia Rossi")
    marco = book.add("Marco", household_id=book.guest(anna).household_id)
    assert book.home(marco).name == "Famiglia Rossi"
    assert book.count(Household) == 1


def test_a_number_belongs_to_one_guest_and_others_may_share_it(book: Book) -> None:
    """The second is told whose it is, and can then be put on that phone."""
    anna = book.add("Anna", phone="+39 333 111 2222")
    with pytest.raises(PhoneTaken) as taken:
        book.add("Marco", phone="333-111-2222")
    assert taken.value.guest_id == anna
    assert taken.value.params["name"] == "Anna"
    assert book.count(Household) == 1, "a refused guest leaves no household behind"
    marco = book.add("Marco", phone="333-111-2222", contact_id=anna)
    assert book.guest(marco).phone is None
    assert book.guest(marco).contact_id == anna
    assert book.guest(marco).household_id == book.guest(anna).household_id
    with pytest.raises(PhoneTaken):
        book.edit(marco, "Marco", phone="333 111 2222")


def test_sharing_goes_to_who_has_the_phone(book: Book) -> None:
    """On the phone of somebody who shares one: it is the first one's."""
    anna = book.add("Anna", phone="333 111 2222")
    marco = book.add("Marco", contact_id=anna)
    child = book.add("Pia", contact_id=marco)
    assert book.guest(child).contact_id == anna
    nobody = book.add("Ugo")
    with pytest.raises(BadInput):
        book.add("Eva", contact_id=nobody)
    with pytest.raises(BadInput):
        book.edit(anna, "Anna", contact_id=marco)


def test_another_wedding_has_numbers_and_households_of_its_own(book: Book) -> None:
    """The same aunt may be invited twice; nobody reaches into another's list."""
    anna = book.add("Anna", phone="333 111 2222")
    other = Book(book.database, make_couple(book.database))
    with pytest.raises(NotFound):
        other.add("Marco", household_id=book.guest(anna).household_id)
    with pytest.raises(NotFound):
        other.add("Marco", contact_id=anna)
    with pytest.raises(NotFound):
        other.edit(anna, "Anna")
    other.add("Anna", phone="333 111 2222")
    assert book.count(Guest) == 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"name": "Anna", "phone": "12"}, "phone"),
        ({"name": "Anna", "phone": "call her"}, "phone"),
        ({"name": "Anna", "side": "both"}, "side"),
        ({"name": "Anna", "language": "xx"}, "language"),
        ({"name": "Anna", "tags": ("!",)}, "tags"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    book: Book, fields: dict[str, object], wrong: str
) -> None:
    """The page shows the sentence under the field."""
    with pytest.raises(BadInput) as error:
        book.add(**fields)
    assert error.value.field == wrong
    assert book.count(Guest) == book.count(Household) == 0


def test_editing_makes_the_guest_what_the_form_says(book: Book) -> None:
    """Also what was emptied; without a household named, the old one stays."""
    anna = book.add("Anna", phone="333 111 2222", tags=("family",), notes="x")
    book.edit(anna, "Anna Bianchi", side="bride", tags=("work",))
    guest = book.guest(anna)
    assert (guest.name, guest.side, guest.notes) == ("Anna Bianchi", "bride", "")
    assert guest.phone is None
    assert book.tags(anna) == ["work"]
    assert book.count(Household) == 1
    assert book.audited() == ["guest_added", "guest_changed"]


def test_whoever_wrote_before_is_known_once_their_number_is_on_the_list(
    book: Book,
) -> None:
    """The chat that nobody knew is theirs, and their household is active."""
    chat = book.chat(f"{PHONE[1:]}@c.us", phone=PHONE)
    anna = book.add("Anna", phone=PHONE)
    assert book.row(chat).guest_id == anna
    assert book.home(anna).stage == "active"


def test_another_number_matches_chats_anew(book: Book) -> None:
    """By the new number, and no longer by the old one."""
    old = book.chat(f"{PHONE[1:]}@c.us", phone=PHONE)
    new = book.chat("393339998888@c.us", phone="+393339998888")
    anna = book.add("Anna", phone=PHONE)
    book.edit(anna, "Anna", phone="+39 333 999 8888")
    assert (book.row(old).guest_id, book.row(new).guest_id) == (None, anna)
    assert book.home(anna).stage == "active"


def test_a_number_that_others_share_is_not_simply_emptied(book: Book) -> None:
    """They would be reached by nothing."""
    anna = book.add("Anna", phone=PHONE)
    book.add("Pia", contact_id=anna)
    with pytest.raises(BadInput) as wrong:
        book.edit(anna, "Anna")
    assert wrong.value.params["name"] == "Pia"


def test_a_household_of_one_is_called_like_its_guest(book: Book) -> None:
    """As long as nobody gave it a name of its own."""
    anna = book.add("Anna")
    book.edit(anna, "Anna Rossi", side="bride")
    assert (book.home(anna).name, book.home(anna).side) == ("Anna Rossi", "bride")
    ugo = book.add("Ugo", household="Famiglia Verdi")
    book.edit(ugo, "Ugo Verdi")
    assert book.home(ugo).name == "Famiglia Verdi"


def test_who_moves_takes_their_chats_along(book: Book) -> None:
    """And a household that nobody is left in becomes part of the new one."""
    anna, ugo = book.add("Anna"), book.add("Ugo")
    old, new = book.home(ugo), book.home(anna)
    chat = book.chat("1@lid", household=old.id, guest=ugo)
    book.edit(ugo, "Ugo", household_id=new.id)
    assert book.row(chat).household_id == new.id
    assert book.home(anna).stage == "active"
    assert book.count(Household) == 1
    found = book.database.read_now(households.by_token, old.token)
    assert found is not None
    assert found.id == new.id
