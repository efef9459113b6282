"""One order for many guests, and what becomes of those who are deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.builders import GUEST, make_couple, message, put
from tests.fakes import NOON
from tests.integration.guests.conftest import Book
from wedding_wa.domain.errors import BadInput, Conflict
from wedding_wa.domain.guest_search import GuestQuery, parse_search
from wedding_wa.models import (
    Chat,
    Consent,
    Guest,
    GuestTag,
    Household,
    InboundMessage,
    OptOut,
    QueueMessage,
)
from wedding_wa.services import guest_bulk
from wedding_wa.services.guest_bulk import Order, Selection


def do(book: Book, work: Callable[..., int], whom: Selection, *more: str) -> int:
    order = Order(book.wedding, None, NOON)
    return book.database.write_now(work, order, whom, *more)


def these(*ids: int) -> Selection:
    return Selection(ids=ids)


def all_who(text: str, expected: int | None = None) -> Selection:
    return Selection(query=parse_search(text), expected=expected)


def test_a_tag_is_given_and_taken_away(book: Book) -> None:
    """Of how many it is news is told; who has it, or has it not, is not counted."""
    anna, ugo = book.add("Anna", tags=("family",)), book.add("Ugo")
    assert do(book, guest_bulk.add_tag, these(anna, ugo), "Family") == 1
    assert book.tags(ugo) == ["family"]
    assert do(book, guest_bulk.remove_tag, all_who("anna"), "#family") == 1
    assert do(book, guest_bulk.remove_tag, all_who("anna"), "family") == 0
    assert (book.tags(anna), book.tags(ugo)) == ([], ["family"])
    assert book.audited()[-2:] == ["guests_tagged", "guests_untagged"]
    with pytest.raises(BadInput):
        do(book, guest_bulk.add_tag, these(anna), " ")


def test_a_side_takes_the_household_along_when_all_are_on_it(book: Book) -> None:
    """The link of a household offers its side's number."""
    anna = book.add("Anna")
    pia = book.add("Pia", household_id=book.guest(anna).household_id)
    assert do(book, guest_bulk.set_side, these(anna), "bride") == 1
    assert book.home(anna).side == "groom"
    assert do(book, guest_bulk.set_side, these(anna, pia), "bride") == 1
    assert book.home(anna).side == "bride"


def test_a_language_is_set_for_all_who_match(book: Book) -> None:
    """And taken back: then the household's counts again."""
    anna, ugo = book.add("Anna"), book.add("Ugo", language="fr")
    assert do(book, guest_bulk.set_language, all_who(""), "it") == 2
    assert {book.guest(one).language for one in (anna, ugo)} == {"it"}
    assert book.home(ugo).language == "it"
    assert do(book, guest_bulk.set_language, these(ugo), "") == 1
    assert book.guest(ugo).language is None
    assert book.home(ugo).language == "it"


def test_who_is_told_a_number_is_held_to_it(book: Book) -> None:
    """Everybody who matches are others than a moment ago: nothing is done."""
    book.add("Anna")
    book.add("Ugo")
    with pytest.raises(Conflict):
        do(book, guest_bulk.delete_guests, all_who("", expected=1))
    assert book.count(Guest) == 2
    assert do(book, guest_bulk.delete_guests, all_who("", expected=2)) == 2


def test_a_search_with_a_mistake_in_it_reaches_nobody(book: Book) -> None:
    """`tga:x` must not be read as "everybody"."""
    book.add("Anna")
    assert do(book, guest_bulk.delete_guests, all_who("tga:x")) == 0
    assert do(book, guest_bulk.delete_guests, Selection()) == 0
    assert book.count(Guest) == 1


def test_an_order_stays_in_its_wedding(book: Book) -> None:
    """Ids of another's list are nobody here."""
    anna = book.add("Anna")
    other = Book(book.database, make_couple(book.database))
    assert do(other, guest_bulk.delete_guests, these(anna)) == 0
    assert do(other, guest_bulk.add_tag, these(anna), "x") == 0
    assert do(other, guest_bulk.delete_guests, Selection(query=GuestQuery())) == 0
    assert book.count(Guest) == 1


def test_orders_go_beyond_one_batch(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as match, however many that are."""
    monkeypatch.setattr(guest_bulk, "_BATCH", 2)
    first = book.add("Anna")
    for n in range(6):
        book.add(f"Guest {n}", household_id=book.guest(first).household_id)
    assert do(book, guest_bulk.add_tag, all_who("", expected=7), "x") == 7
    assert do(book, guest_bulk.set_side, all_who(""), "bride") == 7
    assert book.home(first).side == "bride"
    assert do(book, guest_bulk.delete_guests, all_who("tag:x")) == 7
    assert book.count(Household) == book.count(GuestTag) == 0


def test_a_deleted_guests_messages_are_cancelled_and_the_evidence_stays(
    book: Book,
) -> None:
    """The chat becomes nobody's; what they wrote, allowed and forbade is kept."""
    gone = book.add("Zia Maria", phone=GUEST)
    stays = book.add("Ugo", phone="3334445555")
    home = book.guest(gone).household_id
    chat = book.chat(f"{GUEST[1:]}@c.us", household=home, guest=gone, phone=GUEST)
    book.chat(
        "393334445555@c.us",
        household=book.guest(stays).household_id,
        guest=stays,
        phone="+393334445555",
    )
    waiting = put(book.database, book.couple, to=GUEST).id
    other = put(book.database, book.couple, to="+393334445555").id
    assert do(book, guest_bulk.delete_guests, these(gone)) == 1
    assert message(book.database, waiting).status == "skipped"
    assert message(book.database, other).status == "pending"
    row = book.row(chat)
    assert (row.household_id, row.guest_id, row.linked_how) == (None, None, None)
    assert book.count(Household) == 1
    assert [book.count(one) for one in (Consent, InboundMessage, QueueMessage)] == [
        2
    ] * 3


def test_an_opt_out_outlives_its_guest(book: Book) -> None:
    """Written down again with the same number, they still want no messages."""
    gone = book.add("Zia Maria", phone=GUEST)
    home = book.guest(gone).household_id
    book.chat(f"{GUEST[1:]}@c.us", household=home, guest=gone, phone=GUEST)
    book.database.write_now(
        lambda s: s.add(
            OptOut(
                wedding_id=book.wedding,
                account_id=book.couple.groom,
                chat_id=f"{GUEST[1:]}@c.us",
                phone=GUEST,
                guest_id=gone,
                at=NOON,
            )
        )
    )
    do(book, guest_bulk.delete_guests, these(gone))
    again = book.add("Zia Maria", phone=GUEST)
    assert book.home(again).stage == "opted_out"


def test_the_household_of_others_stays(book: Book) -> None:
    """One of a family goes: the rest keep their link, and a chat of the household."""
    anna = book.add("Anna")
    home = book.guest(anna).household_id
    pia = book.add("Pia", household_id=home)
    shared = book.chat("1@lid", household=home)
    own = book.chat("2@lid", household=home, guest=pia)
    do(book, guest_bulk.delete_guests, these(pia))
    assert book.row(shared).household_id == home
    assert book.row(own).household_id is None
    assert book.count(Household) == 1


def test_a_shared_phone_goes_on_to_who_shares_it(book: Book) -> None:
    """The number is still theirs, and so is the chat; messages to the gone are not."""
    anna = book.add("Anna", phone=GUEST)
    home = book.guest(anna).household_id
    pia = book.add("Pia", contact_id=anna)
    tom = book.add("Tom", contact_id=anna)
    chat = book.chat(
        f"{GUEST[1:]}@c.us", household=home, guest=anna, phone=GUEST, how="number"
    )
    waiting = put(book.database, book.couple, to=GUEST).id
    do(book, guest_bulk.delete_guests, these(anna))
    assert (book.guest(pia).phone, book.guest(pia).contact_id) == (GUEST, None)
    assert book.guest(tom).contact_id == pia
    assert book.row(chat).guest_id == pia
    assert message(book.database, waiting).status == "skipped"
    assert book.home(pia).stage == "active"


def test_all_who_share_a_phone_may_go_at_once(book: Book) -> None:
    """Nobody is left to hand the number to."""
    anna = book.add("Anna", phone=GUEST)
    book.add("Pia", contact_id=anna)
    assert do(book, guest_bulk.delete_guests, all_who("")) == 2
    assert (
        book.database.read_now(
            lambda s: s.scalar(sa.select(sa.func.count()).select_from(Chat))
        )
        == 0
    )
