"""Two do something with one person at the same moment, on PostgreSQL, where both do."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlmodel import Session

from tests import accounts as see
from tests.integration.chats.conftest import CHAT, PHONE, Post, later
from wedding_wa.db import Database
from wedding_wa.models import Chat, Evidence
from wedding_wa.services.inbound_messages import hear
from wedding_wa.services.inbox_marks import mark_read
from wedding_wa.services.waha import parse_message

OTHER_PHONE, OTHER_CHAT = "+393337778888", "393337778888@c.us"

pytestmark = pytest.mark.postgres


@pytest.fixture(params=["postgres"])
def any_database(any_database: Database) -> Database:
    """Here the second writer does not wait for the first to end."""
    return any_database


def hearing(
    post: Post, text: str, chat: str, bare: str, at: float
) -> Callable[[Session], bool]:
    payload = {**see.written(chat, bare, at=later(at), source="app"), "body": text}
    return lambda session: hear(
        session,
        post.couple.groom,
        parse_message(payload),
        source=Evidence.WEBHOOK,
        phone=None,
        now=later(1000),
    )


def before_the_first_ends(
    post: Post, first: Callable[[Session], object], second: Callable[[], object]
) -> None:
    """Do `second` on a thread when `first` is done and not yet committed."""
    with Session(post.db.engine) as session:
        first(session)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)  # it waits for the first, or is through
        session.commit()
    thread.join(20)
    assert not thread.is_alive()


def test_a_household_whose_people_say_stop_at_once(any_post: Post) -> None:
    """Neither sees the other's STOP before its end; the household has opted out."""
    home, _ = any_post.household("Rossi", ("Maria", PHONE), ("Ugo", OTHER_PHONE))
    any_post.wrote("Ciao")
    any_post.wrote("Ciao", chat=OTHER_CHAT)
    ugo = hearing(any_post, "STOP", OTHER_CHAT, "3AB2", 20)
    before_the_first_ends(
        any_post,
        hearing(any_post, "STOP", CHAT, "3AB1", 20),
        lambda: any_post.db.write_now(ugo),
    )
    assert len(any_post.opt_outs()) == 2
    assert any_post.stage(home) == "opted_out"


def test_a_message_that_comes_while_the_chat_is_read_stays_unread(
    any_post: Post,
) -> None:
    """Read is what was there; what comes in at the same moment was not seen."""
    any_post.wrote("Ciao", at=1)
    chat = any_post.chat().id or 0
    before_the_first_ends(
        any_post,
        hearing(any_post, "Ci siete?", CHAT, "3AB1", 20),
        lambda: any_post.db.write_now(mark_read, any_post.couple.wedding, chat),
    )
    row = any_post.db.read_now(lambda s: s.get_one(Chat, chat))
    assert row.unread == 1
