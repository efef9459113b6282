"""A chat's row: the newest line, what is unread, whatever the order."""

from __future__ import annotations

import random

import pytest

from tests import accounts as see
from tests.integration.chats.conftest import CHAT, LID, PHONE, Post, later
from wedding_wa.models import Evidence
from wedding_wa.services.live import Change


def test_the_same_message_counts_once_however_it_comes(any_post: Post) -> None:
    """By webhook, by feed and read back: one unread, one line, one message."""
    for source in (Evidence.WEBHOOK, Evidence.FEED, Evidence.HISTORY):
        any_post.wrote("Ciao!", at=5, bare="3A01", source=source)
    chat = any_post.chat()
    assert (chat.unread, chat.last_text, chat.last_from_us) == (1, "Ciao!", False)
    assert chat.last_at == chat.last_inbound_at == later(5)
    assert len(see.inbound(any_post.db, any_post.couple.groom)) == 1


@pytest.mark.parametrize("seed", range(8))
def test_messages_in_any_order_end_the_same(post: Post, seed: int) -> None:
    """The newest line is the newest by its own time; unread is what came after the
    couple's own words."""
    steps = [
        lambda: post.wrote("one", at=1, bare="3A1"),
        lambda: post.wrote("two", at=2, bare="3A2"),
        lambda: post.typed("ours", at=3, bare="3A3"),
        lambda: post.wrote("four", at=4, bare="3A4"),
        lambda: post.wrote("five", at=5, bare="3A5", source=Evidence.HISTORY),
        lambda: post.wrote("five", at=5, bare="3A5"),
        lambda: post.typed("ours", at=3, bare="3A3", source=Evidence.HISTORY),
    ]
    random.Random(seed).shuffle(steps)
    for step in steps:
        step()
    chat = post.chat()
    assert (chat.last_text, chat.last_from_us, chat.unread) == ("five", False, 2)
    assert (chat.human_at, chat.read_at) == (later(3), later(3))
    assert chat.last_inbound_at == later(5)


def test_what_came_before_the_app_is_not_unread(post: Post) -> None:
    """What stood on the phone before the number was linked, the couple has seen."""
    see.update(post.db, post.couple.groom, linked_at=later(10))
    post.wrote("old", at=1, source=Evidence.HISTORY)
    assert post.chat().unread == 0
    post.wrote("new", at=11)
    assert post.chat().unread == 1


def test_the_couples_own_chat_is_nobodys_inbox(post: Post) -> None:
    """What bride and groom write to each other is put aside, and "basta" between them
    is no wish."""
    bride = "393470000002@c.us"
    post.wrote("basta!", chat=bride)
    assert post.chat(bride).ignored_at is not None
    assert post.opt_outs() == []


def test_pages_hear_of_the_chat(post: Post) -> None:
    """A change "chat" with the row's id is told after the commit."""
    told: list[Change] = []
    post.db.on_commit.append(told.extend)
    post.wrote("Ciao!")
    assert Change("chat", post.couple.wedding, post.chat().id) in told


@pytest.mark.parametrize(
    ("more", "media"),
    [
        ({"_data": {"message": {"imageMessage": {}}}, "hasMedia": True}, "image"),
        ({"_data": {"message": {"audioMessage": {"ptt": True}}}}, "voice"),
        ({"_data": {"message": {"audioMessage": {}}}}, "audio"),
        (
            {
                "_data": {
                    "message": {
                        "messageContextInfo": {},
                        "documentWithCaptionMessage": {
                            "message": {"documentMessage": {}}
                        },
                    }
                }
            },
            "document",
        ),
        ({"_data": {"Message": {"stickerMessage": {}}}}, "sticker"),
        ({"_data": {"type": "vcard"}, "vCards": ["BEGIN:VCARD"]}, "contact"),
        ({"location": {"latitude": 1.0}}, "location"),
        ({"hasMedia": True, "media": {"mimetype": "video/mp4"}}, "video"),
        ({"hasMedia": True, "media": None}, "other"),
        ({"_data": {"message": {"pollCreationMessageV3": {}}}}, "poll"),
        ({"_data": {"message": {"conversation": "Ciao"}}}, None),
        ({"_data": 7, "media": "x", "location": []}, None),
    ],
)
def test_the_kind_of_media_is_kept(
    post: Post, more: dict[str, object], media: str | None
) -> None:
    """In every engine's shape; nonsense is words alone."""
    post.wrote("", **more)
    assert [i.media for i in see.inbound(post.db, post.couple.groom)] == [media]


def test_a_reaction_is_no_message(post: Post) -> None:
    """A heart on our message is neither a line of the chat nor a consent."""
    post.wrote("", _data={"message": {"reactionMessage": {"text": "❤️"}}})
    assert see.inbound(post.db, post.couple.groom) == []
    assert see.consents(post.db, post.couple.groom) == []


def test_a_hidden_id_learns_its_number(post: Post) -> None:
    """The number behind a LID is kept for its chats with both accounts."""
    for account in ("groom", "bride"):
        post.wrote("Ciao", chat=LID, account=account)
    post.wrote("Ciao", chat=LID, phone=PHONE)
    assert [post.chat(LID, who).phone for who in ("groom", "bride")] == [PHONE, PHONE]
    assert post.chat(LID).last_text == "Ciao"
    assert CHAT != LID
