"""Chats of a session: order, LIDs, marks."""

from __future__ import annotations

from wedding_wa.simulator.histories import History
from wedding_wa.simulator.messages import Message

LID, PHONE = "985550000007@lid", "6285550000007@c.us"


def message(bare: str, chat: str, at: int, *, from_me: bool = False) -> Message:
    return Message(
        id=bare,
        chat=chat,
        from_me=from_me,
        text=bare,
        timestamp=at,
        written_ms=at * 1000,
        ack=2,
    )


def test_a_known_lid_and_its_phone_are_one_chat() -> None:
    """What came before the link was known is merged, in the order of writing."""
    history = History()
    history.put(message("a", LID, 1))
    history.put(message("b", PHONE, 2, from_me=True))
    history.mark(LID, {"type": "seen", "timestamp": 1})
    history.learn(LID, PHONE)
    history.put(message("c", LID, 3))
    assert [each.id for each in history.chat(PHONE)] == ["a", "b", "c"]
    assert history.chat(LID) == history.chat(PHONE)
    assert list(history.chats()) == [PHONE]
    assert [mark["type"] for mark in history.take_marks(PHONE)] == ["seen"]
    assert history.take_marks(LID) == []


def test_one_id_is_one_message() -> None:
    """A message of a known id takes the first one's place, in another chat too."""
    history = History()
    history.put(message("a", PHONE, 1))
    history.put(message("a", "1@c.us", 2))
    assert history.chat(PHONE) == []
    assert [each.timestamp for each in history.chat("1@c.us")] == [2]


def test_what_the_store_knows() -> None:
    """Held messages and those that came with the store off are not found."""
    history = History()
    held, unstored = message("h", PHONE, 1), message("u", PHONE, 2)
    held.held, unstored.stored = True, False
    history.put(held)
    history.put(unstored)
    assert history.stored(PHONE) == []
    assert history.find("h") is history.find("u") is None
    assert [each.id for each in history.unread(PHONE)] == ["u"]


def test_typing_ends_with_stop_or_message() -> None:
    """The phone shows typing until it stops or the message is there."""
    history = History()
    history.mark(PHONE, {"type": "typing", "timestamp": 5})
    assert history.typing == {PHONE: 5}
    history.mark(PHONE, {"type": "stopped", "timestamp": 6})
    assert history.typing == {}
    history.mark(PHONE, {"type": "typing", "timestamp": 7})
    history.take_marks(PHONE)
    assert history.typing == {}
