"""A wedding whose guests write, without a WAHA: messages straight into `hear`."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Chat, Evidence, Guest, Household, OptOut
from wedding_wa.services.guests import GuestForm, add_guest
from wedding_wa.services.households import create_household
from wedding_wa.services.inbound_messages import hear
from wedding_wa.services.waha import parse_message

PHONE = "+393331112222"
CHAT = "393331112222@c.us"
LID = "98765@lid"


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass
class Post:
    """Brings what guests write, and what the couple types on the phone."""

    db: Database
    couple: Couple
    ids: Any = field(default_factory=lambda: itertools.count(1))

    def wrote(
        self,
        text: str,
        *,
        at: float = 0,
        chat: str = CHAT,
        account: str = "groom",
        bare: str | None = None,
        source: Evidence = Evidence.WEBHOOK,
        phone: str | None = None,
        typed_in: str | None = "app",
        **more: Any,
    ) -> bool:
        """A message; True where it was news from a guest."""
        bare = bare or f"3A{next(self.ids):06d}"
        payload = see.written(chat, bare, at=later(at), source=typed_in, **more)
        payload["body"] = text
        return self.db.write_now(
            hear,
            getattr(self.couple, account),
            parse_message(payload),
            source=source,
            phone=phone,
            now=later(1000),
        )

    def typed(self, text: str, *, at: float = 0, **more: Any) -> bool:
        """One of the couple typed it on the phone."""
        return self.wrote(text, at=at, from_me=True, **more)

    def household(self, name: str, *guests: tuple[str, str]) -> tuple[int, str]:
        """A household with these guests (name, phone or ""); its id and its code."""

        def write(session: Session) -> tuple[int, str]:
            home = create_household(
                session, self.couple.wedding, name=name, side="groom", now=NOON
            )
            assert home.id is not None
            for guest, phone in guests:
                add_guest(
                    session,
                    self.couple.wedding,
                    GuestForm(
                        name=guest, household_id=home.id, side="groom", phone=phone
                    ),
                    by=None,
                    now=NOON,
                )
            return home.id, home.code

        return self.db.write_now(write)

    def chat(self, chat: str = CHAT, account: str = "groom") -> Chat:
        return self.db.read_now(
            lambda s: s.exec(
                select(Chat).where(
                    Chat.account_id == getattr(self.couple, account),
                    Chat.chat_id == chat,
                )
            ).one()
        )

    def stage(self, household: int) -> str | None:
        return self.db.read_now(lambda s: s.get_one(Household, household).stage)

    def guest(self, name: str) -> Guest:
        return self.db.read_now(
            lambda s: s.exec(select(Guest).where(Guest.name == name)).one()
        )

    def opt_outs(self, *, active: bool = True) -> list[OptOut]:
        rows = self.db.read_now(lambda s: list(s.exec(select(OptOut)).all()))
        return [row for row in rows if not active or row.undone_at is None]


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database, make_couple(database))


@pytest.fixture
def any_post(any_database: Database) -> Post:
    return Post(any_database, make_couple(any_database))
