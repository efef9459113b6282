"""Guests who write to both numbers, and a couple that reads what they wrote."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from tests import desk as desks
from tests.builders import Couple, make_couple
from tests.fakes import NOON, FakeClock
from wedding_wa.db import Database
from wedding_wa.models import Chat, Evidence
from wedding_wa.services import guests, inbound_messages, inbox
from wedding_wa.services.guests import GuestForm
from wedding_wa.services.inbox_list import Wish
from wedding_wa.services.waha import WahaMessage, parse_message

CARLA, UGO = "+393331112222", "+393334445555"
LID = "98555000000000{}@lid"

_IDS = itertools.count(1)


@dataclass
class Post:
    """What comes in, as WAHA tells it, and what the inbox makes of it."""

    database: Database
    couple: Couple

    @property
    def wedding(self) -> int:
        return self.couple.wedding

    def writes(
        self,
        who: str,
        text: str = "Ciao!",
        *,
        account: str = "groom",
        minutes: float = 0,
        name: str | None = "Zia Carla",
        phone: str | None = None,
        message_id: str | None = None,
    ) -> int:
        """A guest writes, `who` being a phone or a chat id; the chat's row."""
        chat_id = who if "@" in who else f"{who[1:]}@c.us"
        message = _message(
            message_id or f"3A{next(_IDS):018X}",
            chat_id,
            text,
            at=NOON + timedelta(minutes=minutes),
            name=name,
        )
        account_id = getattr(self.couple, account)
        self.database.write_now(
            inbound_messages.hear,
            account_id,
            message,
            source=Evidence.WEBHOOK,
            phone=phone,
            now=NOON + timedelta(minutes=minutes),
        )
        return self.chat(account_id, chat_id)

    def chat(self, account_id: int, chat_id: str) -> int:
        """The id of a chat's row."""

        def look(session: Session) -> int:
            found = session.exec(
                select(Chat.id).where(
                    Chat.account_id == account_id, Chat.chat_id == chat_id
                )
            ).one()
            assert found is not None
            return found

        return self.database.read_now(look)

    def row(self, chat: int) -> Chat:
        return self.database.read_now(lambda s: s.get_one(Chat, chat))

    def guest(self, name: str, phone: str = "", **more: object) -> int:
        """Write a guest into the list; the id."""
        form = GuestForm(name=name, phone=phone, **more)  # type: ignore[arg-type]
        return self.database.write_now(
            guests.add_guest, self.wedding, form, by=None, now=NOON
        )

    def page(self, wish: Wish | None = None, **more: object) -> inbox.Page:
        return self.database.read_now(inbox.inbox, self.wedding, wish or Wish(), **more)

    def names(self, wish: Wish | None = None) -> list[str]:
        """What the list calls its people, in order."""
        rows = self.page(wish).rows
        return [row.person.name or row.person.push_name for row in rows]


def _message(
    message_id: str, chat_id: str, text: str, *, at: datetime, name: str | None
) -> WahaMessage:
    """A message as the engine of the simulator words it."""
    return parse_message(
        {
            "id": f"false_{chat_id}_{message_id}",
            "timestamp": int(at.timestamp()),
            "from": chat_id,
            "fromMe": False,
            "body": text,
            "_data": {"pushName": name, "message": {"conversation": text}},
        }
    )


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database, make_couple(database))


@pytest.fixture
def any_post(any_database: Database) -> Post:
    """The same on SQLite and on PostgreSQL."""
    return Post(any_database, make_couple(any_database))


@dataclass
class Desk(desks.Desk):
    """The app on this test's database, and tabs that look at it."""

    post: Post


@pytest.fixture
async def desk(database: Database, post: Post, clock: FakeClock) -> AsyncIterator[Desk]:
    async with desks.running(database, clock) as app:
        yield Desk(app, post.couple, clock, post, start="/inbox")
