"""A wedding whose guests are written down with short calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.builders import Couple, make_couple, write_guest
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import AuditEntry, Chat, Guest, Household
from wedding_wa.services import guests
from wedding_wa.services.guests import GuestForm


@dataclass
class Book:
    """The guest list of one wedding."""

    database: Database
    couple: Couple

    @property
    def wedding(self) -> int:
        return self.couple.wedding

    def add(self, name: str, **more: object) -> int:
        """Write a guest down; the id."""
        form = GuestForm(name=name, **more)  # type: ignore[arg-type]
        return self.database.write_now(
            guests.add_guest, self.wedding, form, by=None, now=NOON
        )

    def edit(self, guest_id: int, name: str, **more: object) -> None:
        form = GuestForm(name=name, **more)  # type: ignore[arg-type]
        self.database.write_now(
            guests.edit_guest,
            self.wedding,
            guest_id,
            form,
            by=None,
            now=NOON + timedelta(hours=1),
        )

    def guest(self, guest_id: int) -> Guest:
        return self.database.read_now(lambda s: s.get_one(Guest, guest_id))

    def home(self, guest_id: int) -> Household:
        """The household of a guest."""
        household_id = self.guest(guest_id).household_id
        return self.database.read_now(lambda s: s.get_one(Household, household_id))

    def tags(self, guest_id: int) -> list[str]:
        return self.database.read_now(guests.tags_of, [guest_id])[guest_id]

    def chat(
        self,
        chat_id: str,
        *,
        account: str = "groom",
        household: int | None = None,
        guest: int | None = None,
        phone: str | None = None,
        how: str | None = "hand",
        wrote_at: datetime | None = NOON,
    ) -> int:
        """A chat, linked if `household` says so, and what the guest wrote in it."""
        account_id = getattr(self.couple, account)

        def made(session: Session) -> int:
            if wrote_at is not None:
                write_guest(
                    session, account_id, phone or "+390", chat_id=chat_id, at=wrote_at
                )
            chat = session.exec(
                select(Chat).where(
                    Chat.account_id == account_id, Chat.chat_id == chat_id
                )
            ).first() or Chat(
                wedding_id=self.wedding, account_id=account_id, chat_id=chat_id
            )
            chat.phone = phone
            chat.household_id = household
            chat.guest_id = guest
            chat.linked_how = how if household else None
            session.add(chat)
            session.flush()
            assert chat.id is not None
            return chat.id

        return self.database.write_now(made)

    def row(self, chat_row: int) -> Chat:
        return self.database.read_now(lambda s: s.get_one(Chat, chat_row))

    def count(self, model: type) -> int:
        return self.database.read_now(
            lambda s: s.scalar(sa.select(sa.func.count()).select_from(model))
        )

    def audited(self) -> list[str]:
        """What was written down about who did what, in order."""
        return self.database.read_now(
            lambda s: list(s.exec(select(AuditEntry.action).order_by(AuditEntry.id)))
        )


@pytest.fixture
def book(any_database: Database) -> Book:
    """An empty list."""
    return Book(any_database, make_couple(any_database))


@pytest.fixture
def write(book: Book) -> Callable[..., object]:
    """Run a service in a transaction of the book's database."""
    return book.database.write_now
