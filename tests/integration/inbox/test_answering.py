"""An answer goes the way of every message: real client, real HTTP, fake time."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from tests.builders import message, phases_of, put
from tests.fakes import NOON, FakeClock
from tests.integration.conftest import World
from tests.integration.inbox.conftest import CARLA, LID, UGO, Post
from wedding_wa.services import inbox_marks, replies
from wedding_wa.services.inbox_people import group_of
from wedding_wa.services.inbox_screen import Asked, Conversation, conversation
from wedding_wa.services.worker import AccountWorker


def answer(post: Post, chat: int, text: str) -> int:
    return post.database.write_now(
        replies.reply, post.wedding, chat, text=text, key="sheet", by=None, now=NOON
    ).id


def opened(post: Post, chat: int) -> Conversation:
    def look(session: Session) -> Conversation:
        group = group_of(session, post.wedding, chat)
        now = NOON + timedelta(minutes=30)
        return conversation(session, group, Asked(chat), now=now)

    return post.database.read_now(look)


async def test_an_answer_goes_before_what_waited_and_reaches_the_guest(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """Written after another message, sent before it, typed like by a person; the
    guest's next words mark it answered, once."""
    post = Post(world.database, world.couple)
    post.writes(UGO, name="Ugo")
    chat = post.writes(CARLA, "A che ora?")
    put(world.database, world.couple, to=UGO, text="Promemoria")
    sent = answer(post, chat, "Alle 11 ♥")
    await groom.step()

    assert [one["text"] for one in world.delivered()] == ["Alle 11 ♥"]
    assert [mark["type"] for mark in world.delivered()[0]["marks"]] == [
        "seen",
        "typing",
        "stopped",
    ]
    assert message(world.database, sent).status == "sent"
    minutes = (clock.now() - NOON).total_seconds() / 60 + 1
    post.writes(CARLA, "Perfetto", minutes=minutes)
    post.writes(CARLA, "A presto", minutes=minutes + 1)
    assert phases_of(world.database, sent).count("replied") == 1
    texts = [(line.kind, line.text) for line in opened(post, chat).lines.lines]
    assert texts == [
        ("in", "A che ora?"),
        ("out", "Alle 11 ♥"),
        ("in", "Perfetto"),
        ("in", "A presto"),
    ]
    assert post.page().rows[0].answered is False


async def test_an_answer_to_a_hidden_number_goes_to_that_chat(
    world: World, groom: AccountWorker
) -> None:
    """Where WhatsApp hides the number, the answer goes to the hidden id itself."""
    post = Post(world.database, world.couple)
    chat = post.writes(LID.format(7), "Chi sono?", name=None)
    sent = answer(post, chat, "Ciao!")
    await groom.step()
    row = message(world.database, sent)
    assert (row.status, row.chat_id) == ("sent", LID.format(7))
    assert post.page().rows[0].answered is True


async def test_an_answer_waits_where_its_number_is_down(
    world: World, groom: AccountWorker
) -> None:
    """The other number never takes over: the answer waits and the page says why."""
    post = Post(world.database, world.couple)
    chat = post.writes(CARLA, account="groom")

    def down(session: Session) -> None:
        from wedding_wa.models import Account

        account = session.get_one(Account, world.couple.groom)
        account.status = "FAILED"
        session.add(account)

    world.database.write_now(down)
    found = opened(post, chat)
    assert (found.account, found.why and found.why.rule) == ("groom", "account_down")
    sent = answer(post, chat, "Ciao!")
    await groom.step()
    row = message(world.database, sent)
    assert (row.status, row.account_id) == ("pending", world.couple.groom)
    assert world.delivered("bride") == []
    assert post.database.write_now(inbox_marks.mark_read, post.wedding, chat)
