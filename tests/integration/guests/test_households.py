"""A household's secrets, and how far it has come."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.fakes import NOON
from tests.integration.guests.conftest import Book
from wedding_wa.domain.invitation import CODE_ALPHABET, CODE_LENGTH
from wedding_wa.models import Consent, Household, HouseholdAlias, OptOut
from wedding_wa.services import households


def _create(book: Book, name: str = "Famiglia Rossi") -> Household:
    return book.database.write_now(
        households.create_household, book.wedding, name=name, side="groom", now=NOON
    )


def _refresh(book: Book, home: int) -> Household:
    book.database.write_now(households.refresh_stage, home, now=NOON)
    return book.database.read_now(lambda s: s.get_one(Household, home))


def test_a_new_household_has_a_secret_link_and_a_code_to_read_aloud(
    book: Book,
) -> None:
    """The token cannot be guessed; the code has no letters that look alike."""
    first, second = _create(book), _create(book)
    assert first.token != second.token
    assert len(first.token) >= 22
    assert first.code != second.code
    assert len(first.code) == CODE_LENGTH
    assert set(first.code) <= set(CODE_ALPHABET)
    assert first.folded == "famiglia rossi"
    assert first.stage == "not_invited"


def test_a_code_that_is_taken_is_drawn_again(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two households never share a code, whatever chance says."""
    drawn = iter("AAAA2AAAA2BBBB2")
    monkeypatch.setattr(households.secrets, "choice", lambda _letters: next(drawn))
    assert [_create(book).code, _create(book).code] == ["AAAA2", "BBBB2"]


def test_link_and_code_find_their_household(book: Book) -> None:
    """Also typed in small letters, and also of one that became part of another."""
    home = _create(book)
    book.database.write_now(
        lambda s: s.add(
            HouseholdAlias(
                token="old", wedding_id=book.wedding, household_id=home.id, code="ZZZZZ"
            )
        )
    )

    def found(session: Session) -> list[int | None]:
        hits = [
            households.by_token(session, home.token),
            households.by_token(session, "old"),
            households.by_code(session, book.wedding, f" {home.code.lower()} "),
            households.by_code(session, book.wedding, "zzzzz"),
        ]
        return [hit.id if hit else None for hit in hits]

    assert book.database.read_now(found) == [home.id] * 4
    none = book.database.read_now(households.by_token, "nobody's")
    assert none is None
    assert book.database.read_now(households.by_code, 999, home.code) is None


def test_it_is_active_from_the_first_message_of_its_first_chat(book: Book) -> None:
    """The stage is what the consents of the linked chats say, not a mark."""
    home = _create(book).id or 0
    book.chat("1@lid", household=home, wrote_at=NOON)
    earlier = NOON - timedelta(days=2)
    book.chat("2@lid", household=home, account="bride", wrote_at=earlier)
    stays = _refresh(book, home)
    assert stays.activated_at == earlier
    assert stays.stage == "active"


def test_a_chat_without_consent_makes_nobody_active(book: Book) -> None:
    """A consent that was taken back counts as none."""
    home = _create(book).id or 0
    book.chat("1@lid", household=home, wrote_at=None)
    assert _refresh(book, home).stage == "not_invited"
    book.chat("2@lid", household=home)
    book.database.write_now(
        lambda s: s.execute(sa.update(Consent).values(revoked_at=NOON))
    )
    assert _refresh(book, home).stage == "not_invited"


@pytest.mark.parametrize("by", ["chat", "phone", "guest"])
def test_it_is_opted_out_when_every_chat_is(book: Book, by: str) -> None:
    """By the chat itself, by its number or by its guest; until it is undone."""
    anna = book.add("Anna")
    home = book.guest(anna).household_id
    book.chat("1@lid", household=home, guest=anna, phone="+393331112222")
    book.chat("2@lid", household=home)
    _opt_out(book, chat_id="2@lid")
    assert _refresh(book, home).stage == "active"
    who = {
        "chat": {"chat_id": "1@lid"},
        "phone": {"chat_id": "9@lid", "phone": "+393331112222"},
        "guest": {"chat_id": "9@lid", "guest_id": anna},
    }[by]
    _opt_out(book, **who)
    assert _refresh(book, home).stage == "opted_out"
    book.database.write_now(
        lambda s: s.execute(
            sa.update(OptOut).where(OptOut.chat_id != "2@lid").values(undone_at=NOON)
        )
    )
    assert _refresh(book, home).stage == "active"


def _opt_out(book: Book, **fields: object) -> None:
    book.database.write_now(
        lambda s: s.add(
            OptOut(
                wedding_id=book.wedding,
                account_id=book.couple.groom,
                at=NOON,
                **fields,
            )
        )
    )
