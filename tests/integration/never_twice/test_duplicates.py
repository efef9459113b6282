"""A message of ours that WhatsApp has a second time is seen, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.builders import message, put
from tests.integration.chats.conftest import (  # noqa: F401  # fixtures
    CHAT,
    LID,
    PHONE,
    Post,
    any_post,
    later,
    post,
)
from wedding_wa.models import DuplicateSeen, Evidence, HandMessage, QueueMessage
from wedding_wa.models import MessageAttempt as Attempt
from wedding_wa.services.sql import insert_id, table

TEXT = "Cara zia, ti aspettiamo!"


@dataclass
class Sent:
    """Puts messages into the state in which WhatsApp has them."""

    post: Post

    def message(
        self,
        *,
        known_as: str | None,
        text: str = TEXT,
        at: float = 0,
        reserved: str | None = None,
        ack: int | None = 0,
        status: str = "sent",
        to: str = CHAT,
        account: str = "groom",
    ) -> int:
        """A message of the queue that was posted at `at`."""
        one = put(self.post.db, self.post.couple, to=to, text=text, account=account)

        def write(session: Session) -> None:
            row = session.get_one(QueueMessage, one.id)
            row.status, row.attempt, row.dispatched_at = status, 1, later(at)
            row.provider_message_id, row.reserved_id = known_as, reserved
            row.ack = ack
            session.add(row)
            session.flush()
            values: dict[str, object] = {
                "wedding_id": row.wedding_id,
                "message_id": row.id,
                "account_id": row.account_id,
                "chat_id": row.chat_id,
                "attempt": 1,
                "started_at": later(at),
                "dispatched_at": later(at),
                "counts": True,
                "gap_seconds": 0.0,
                "sibling_seconds": 0.0,
                "rest_seconds": 0.0,
            }
            insert_id(session, sa.insert(table(Attempt)).values(values))

        self.post.db.write_now(write)
        return one.id

    def seen(self) -> list[tuple[int, str]]:
        """What is noted: which message, under which id again."""
        rows = self.post.db.read_now(
            lambda s: list(s.exec(select(DuplicateSeen)).all())
        )
        return [(row.message_id, row.whatsapp_id) for row in rows]

    def moments(self) -> list[tuple[datetime, datetime]]:
        rows = self.post.db.read_now(
            lambda s: list(s.exec(select(DuplicateSeen)).all())
        )
        return [(row.sent_at, row.seen_at) for row in rows]


@pytest.fixture
def sent(post: Post) -> Sent:  # noqa: F811
    post.wrote("Ciao", at=-1000)
    return Sent(post)


@pytest.fixture
def any_sent(any_post: Post) -> Sent:  # noqa: F811
    any_post.wrote("Ciao", at=-1000)
    return Sent(any_post)


@pytest.mark.parametrize("source", ["api", None])
def test_a_repeat_under_another_id_is_noted_once(
    any_sent: Sent, source: str | None
) -> None:
    """However often and by whichever way it is heard: live, by feed, read back."""
    one = any_sent.message(known_as="3EB0A")
    for way in (Evidence.WEBHOOK, Evidence.FEED, Evidence.HISTORY):
        any_sent.post.typed(TEXT, at=40, bare="3EB0B", typed_in=source, source=way)
    assert any_sent.seen() == [(one, "3EB0B")]
    assert any_sent.moments() == [(later(40), later(1000))]


def test_each_further_repeat_counts(any_sent: Sent) -> None:
    """Three times in the chat are two too many."""
    one = any_sent.message(known_as="3EB0A")
    any_sent.post.typed(TEXT, at=1, bare="3EB0B", typed_in="api")
    any_sent.post.typed(TEXT, at=2, bare="3EB0C", typed_in="api")
    assert any_sent.seen() == [(one, "3EB0B"), (one, "3EB0C")]


def test_its_own_echo_is_no_repeat(any_sent: Sent) -> None:
    """Under the id that WAHA answered with, or that was reserved for it."""
    any_sent.message(known_as="3EB0A")
    any_sent.message(known_as=None, reserved="3EB0R", ack=None, status="processing")
    for bare in ("3EB0A", "3EB0R"):
        any_sent.post.typed(TEXT, at=1, bare=bare, typed_in="api")
    assert any_sent.seen() == []


def test_the_couples_own_typing_is_no_repeat(any_sent: Sent) -> None:
    """The very same words by hand, a second later: a person's business."""
    any_sent.message(known_as="3EB0A")
    any_sent.post.typed(TEXT, at=1, bare="3AHAND", typed_in="app")
    assert any_sent.seen() == []
    hands = any_sent.post.db.read_now(lambda s: list(s.exec(select(HandMessage))))
    assert [hand.message_id for hand in hands] == ["3AHAND"]


@pytest.mark.parametrize("status", ["processing", "unconfirmed", "pending", "sent"])
def test_another_message_with_the_same_words_explains_it(
    any_sent: Sent, status: str
) -> None:
    """The second one's id is not known yet: on its way, in doubt, held for not sent,
    or sent because a person said so."""
    any_sent.message(known_as="3EB0A", at=-60)
    any_sent.message(known_as=None, status=status, at=0)
    any_sent.post.typed(TEXT, at=1, bare="3EB0B", typed_in="api")
    assert any_sent.seen() == []


def test_two_messages_with_the_same_words_explain_two(any_sent: Sent) -> None:
    """And not a third one, which is told of the nearer."""
    any_sent.message(known_as="3EB0A", at=-300)
    second = any_sent.message(known_as="3EB0B", at=0)
    for bare in ("3EB0A", "3EB0B", "3EB0C"):
        any_sent.post.typed(TEXT, at=1, bare=bare, typed_in="api")
    assert any_sent.seen() == [(second, "3EB0C")]


def test_it_is_seen_before_waha_has_answered(any_sent: Sent) -> None:
    """The echo under the reserved id is enough to know which one is ours."""
    one = any_sent.message(known_as=None, reserved="3EB0R", ack=None)
    any_sent.post.db.write_now(_processing, one)
    any_sent.post.typed(TEXT, at=1, bare="3EB0R", typed_in="api")
    any_sent.post.typed(TEXT, at=1, bare="3EB0B", typed_in="api")
    assert any_sent.seen() == [(one, "3EB0B")]
    assert message(any_sent.post.db, one).status == "processing"


def _processing(session: Session, message_id: int) -> None:
    session.get_one(QueueMessage, message_id).status = "processing"


@pytest.mark.parametrize(
    ("text", "at", "chat"),
    [
        ("Other words", 1, CHAT),
        (TEXT, 700, CHAT),
        (TEXT, -700, CHAT),
        (TEXT, 1, "393339998888@c.us"),
        (" ", 1, CHAT),
    ],
    ids=["words", "much later", "much earlier", "somebody else", "no words"],
)
def test_what_is_not_close_is_no_repeat(
    sent: Sent, text: str, at: float, chat: str
) -> None:
    """Other words, another time, another person, a picture without words."""
    sent.message(known_as="3EB0A")
    sent.post.typed(text, at=at, bare="3EB0B", typed_in="api", chat=chat)
    assert sent.seen() == []


def test_the_other_account_is_another_sender(sent: Sent) -> None:
    """Groom and bride may well say the same to the same guest."""
    sent.post.wrote("Ciao", at=-1000, account="bride")
    sent.message(known_as="3EB0A", account="groom")
    sent.post.typed(TEXT, at=1, bare="3EB0B", typed_in="api", account="bride")
    assert sent.seen() == []


def test_the_same_person_under_another_name_is_the_same(sent: Sent) -> None:
    """WAHA may tell the repeat under the guest's LID."""
    sent.post.wrote("Sono io", at=-900, chat=LID, phone=PHONE)
    one = sent.message(known_as="3EB0A")
    sent.post.typed(TEXT, at=1, bare="3EB0B", typed_in="api", chat=LID)
    assert sent.seen() == [(one, "3EB0B")]
