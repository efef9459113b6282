"""What the couple types on the phone is told from what this app sends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import accounts as see
from tests.builders import message, put
from tests.fakes import NOON
from tests.integration.chats.conftest import CHAT, LID, PHONE, Post, later
from wedding_wa.models import Evidence, HandMessage, MessageAttempt, QueueMessage
from wedding_wa.services import chat_lines, queue
from wedding_wa.services.sql import insert_id, table

TEXT = "Cara zia, ti aspettiamo!"
ATTEMPTS = table(MessageAttempt)


def hands(post: Post) -> list[HandMessage]:
    return post.db.read_now(lambda s: list(s.exec(select(HandMessage)).all()))


def on_its_way(post: Post, *, reserved: str | None, status: str = "processing") -> int:
    """A message of the queue that was posted and of which no answer is known."""
    post.wrote("Ciao", at=-100)
    one = put(post.db, post.couple, to=CHAT, text=TEXT)

    def write(session: Session) -> None:
        row = session.get_one(QueueMessage, one.id)
        row.status, row.attempt, row.worker = status, 1, "w"
        row.dispatched_at, row.reserved_id = NOON, reserved
        session.add(row)
        session.flush()
        values: dict[str, Any] = {
            "wedding_id": row.wedding_id,
            "message_id": row.id,
            "account_id": row.account_id,
            "chat_id": row.chat_id,
            "attempt": 1,
            "started_at": NOON,
            "dispatched_at": NOON,
            "counts": True,
            "gap_seconds": 0.0,
            "sibling_seconds": 0.0,
            "rest_seconds": 0.0,
        }
        insert_id(session, sa.insert(ATTEMPTS).values(values))

    post.db.write_now(write)
    return one.id


def test_typed_on_the_phone_is_kept_once(any_post: Post) -> None:
    """The chat knows when a hand typed, and what was unread is read."""
    any_post.wrote("Ciao", at=1)
    for source in (Evidence.WEBHOOK, Evidence.FEED, Evidence.HISTORY):
        any_post.typed("Ciao zia!", at=5, bare="3AH", source=source)
    chat = any_post.chat()
    assert [one.body for one in hands(any_post)] == ["Ciao zia!"]
    assert (chat.human_at, chat.unread, chat.last_text) == (later(5), 0, "Ciao zia!")
    assert chat.last_from_us


def test_the_same_under_the_chats_other_name_is_the_same(post: Post) -> None:
    """WAHA lists under the number what it told under the LID."""
    post.typed("Ciao!", at=5, bare="3AH", chat=LID)
    post.typed("Ciao!", at=5, bare="3AH", chat=CHAT, source=Evidence.HISTORY)
    assert len(hands(post)) == 1


def test_a_hand_that_types_gives_no_consent(any_post: Post) -> None:
    """Only the guest's own word does; such a chat is in nobody's inbox."""
    home, _ = any_post.household("Rossi", ("Maria", PHONE))
    any_post.typed("Cara zia, sei invitata", at=5)
    assert see.consents(any_post.db, any_post.couple.groom) == []
    assert any_post.chat().last_inbound_at is None
    assert any_post.stage(home) == "not_invited"


@pytest.mark.parametrize("typed_in", ["api", None])
def test_only_what_was_typed_in_the_app_is_by_hand(
    post: Post, typed_in: str | None
) -> None:
    """Another program's message, or an engine that does not say, holds up nothing."""
    post.typed("promemoria", typed_in=typed_in)
    assert hands(post) == []


def test_notes_to_oneself_and_groups_are_nothing(post: Post) -> None:
    """The own chat, a group, a notice of WhatsApp's."""
    post.typed("buy flowers", chat="393470000001@c.us")
    post.typed("hi all", chat="1203@g.us")
    post.typed("", _data={"messageStubType": 2})
    assert hands(post) == []


@pytest.mark.parametrize("status", ["processing", "unconfirmed", "pending"])
def test_our_own_echo_without_a_known_id_is_not_a_hand(
    any_post: Post, status: str
) -> None:
    """Before the answer, after a lost one, and when it was held for not sent: the
    echo says "app" once WAHA has forgotten, and is still ours."""
    on_its_way(any_post, reserved=None, status=status)
    any_post.typed(TEXT, at=1, bare="3EB0X")
    assert hands(any_post) == []
    assert any_post.chat().human_at is None
    any_post.typed("something else", at=2, bare="3AX")
    assert [one.body for one in hands(any_post)] == ["something else"]


def test_our_own_echo_by_its_id_settles_and_shows(any_post: Post) -> None:
    """The reserved id is enough: sent, and the chat's last line is ours."""
    one = on_its_way(any_post, reserved="3EB0X", status="unconfirmed")
    any_post.typed(TEXT, at=1, bare="3EB0X")
    assert hands(any_post) == []
    assert message(any_post.db, one).status == "sent"
    chat = any_post.chat()
    assert (chat.last_text, chat.last_from_us, chat.human_at) == (TEXT, True, None)


def test_what_was_held_for_a_hand_is_put_right(any_post: Post) -> None:
    """WAHA changed our words on the way, so the echo looked like a hand's: once the
    id is known the hold is gone."""
    one = on_its_way(any_post, reserved=None, status="unconfirmed")
    any_post.typed("earlier, really by hand", at=-50, bare="3AOLD")
    any_post.typed(TEXT + " (link)", at=1, bare="3EB0X")
    assert len(hands(any_post)) == 2

    def answered(session: Session) -> None:
        row = session.get_one(QueueMessage, one)
        queue.settle_sent(
            session, row, evidence="answer", provider_id="3EB0X", now=later(3)
        )

    any_post.db.write_now(answered)
    assert [one.message_id for one in hands(any_post)] == ["3AOLD"]
    assert any_post.chat().human_at == NOON - timedelta(seconds=50)


def test_a_message_to_ones_own_number_needs_no_chat(post: Post) -> None:
    """Tests go there; nothing is made up for it."""
    post.db.write_now(
        chat_lines.note_outbound,
        post.couple.groom,
        "393470000001@c.us",
        text="test",
        provider_id="3EB1",
        at=NOON,
    )
    assert hands(post) == []
