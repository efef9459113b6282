"""Chosen guests were sent their link."""

from __future__ import annotations

from tests.fakes import NOON
from tests.integration.guests.conftest import Book
from wedding_wa.domain.guest_search import GuestQuery
from wedding_wa.services import guest_invited
from wedding_wa.services.guest_bulk import Order, Selection


def test_inviting_marks_households_once(book: Book) -> None:
    """Two guests of one household are one link."""
    anna = book.add("Anna")
    book.add("Pia", household_id=book.guest(anna).household_id)
    assert (
        book.database.write_now(
            guest_invited.mark_invited,
            Order(book.wedding, None, NOON),
            Selection(query=GuestQuery()),
        )
        == 1
    )
    assert book.home(anna).stage == "link_sent"
