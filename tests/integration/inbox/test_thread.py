"""One conversation: all lines of a person in time order, read and unread, answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from tests.builders import make_couple, message, phases_of, put
from tests.fakes import NOON
from tests.integration.inbox.conftest import CARLA, LID, UGO, Post
from wedding_wa.domain.errors import NotFound, Refused
from wedding_wa.models import HandMessage, QueueMessage
from wedding_wa.services import (
    enqueue,
    inbox_marks,
    inbox_match,
    inbox_naming,
    opt_outs,
    replies,
)
from wedding_wa.services.inbox_people import group_of
from wedding_wa.services.inbox_screen import Asked, Conversation, conversation
from wedding_wa.services.inbox_thread import STEP


def opened(post: Post, chat: int, **asked: object) -> Conversation:
    """The conversation as the page reads it."""

    def look(session: Session) -> Conversation:
        group = group_of(session, post.wedding, chat)
        return conversation(
            session,
            group,
            Asked(chat, **asked),  # type: ignore[arg-type]
            now=NOON + timedelta(hours=5),
        )

    return post.database.read_now(look)


def said(found: Conversation) -> list[str]:
    return [line.text for line in found.lines.lines]


def answer(post: Post, chat: int, text: str = "Grazie!", key: str = "k1") -> int:
    return post.database.write_now(
        replies.reply,
        post.wedding,
        chat,
        text=text,
        key=key,
        by=None,
        now=NOON + timedelta(hours=1),
    ).id


def sent(post: Post, message_id: int, *, minutes: float) -> None:
    """The message left at that time, as the worker would have it."""
    at = NOON + timedelta(minutes=minutes)

    def write(session: Session) -> None:
        row = session.get_one(QueueMessage, message_id)
        row.status, row.dispatched_at, row.finished_at = "sent", at, at
        session.add(row)

    post.database.write_now(write)


def by_hand(post: Post, account: str, chat_id: str, text: str, minutes: float) -> None:
    def write(session: Session) -> None:
        session.add(
            HandMessage(
                wedding_id=post.wedding,
                account_id=getattr(post.couple, account),
                chat_id=chat_id,
                message_id=f"3F{minutes}",
                body=text,
                at=NOON + timedelta(minutes=minutes),
            )
        )

    post.database.write_now(write)


def test_lines_of_all_chats_stand_in_time_order(any_post: Post) -> None:
    """In, out and typed by hand, of both numbers; what waits stands at the end, what
    left stands where it left."""
    chat = any_post.writes(CARLA, "uno", minutes=0)
    first = put(any_post.database, any_post.couple, to=CARLA, text="due").id
    by_hand(any_post, "groom", "393331112222@c.us", "tre", 3)
    any_post.writes(CARLA, "quattro", account="bride", minutes=4)
    waits = put(any_post.database, any_post.couple, to=CARLA, text="aspetta").id
    sent(any_post, first, minutes=2)
    any_post.writes(CARLA, "cinque", minutes=200)
    found = opened(any_post, chat)
    assert said(found) == ["uno", "due", "tre", "quattro", "cinque", "aspetta"]
    kinds = [line.kind for line in found.lines.lines]
    assert kinds == ["in", "out", "hand", "in", "in", "out"]
    accounts = [line.account for line in found.lines.lines]
    assert accounts == ["groom", "groom", "groom", "bride", "groom", "groom"]
    assert found.lines.lines[-1].id == waits
    assert [found.lines.lines[i].state for i in (1, 5)] == ["sent", "waiting"]


def test_going_back_meets_every_line_once(any_post: Post) -> None:
    """From the newest page backwards each line comes once; what arrives meanwhile
    comes below and moves nothing. Lines of the same second keep their order."""
    for n in range(STEP * 2 + 7):
        chat = any_post.writes(CARLA, f"{n}", minutes=n // 4)
        if n % 10 == 0:
            by_hand(any_post, "groom", "393331112222@c.us", f"h{n}", n // 4)
    page = opened(any_post, chat)
    assert len(page.lines.lines) == STEP
    any_post.writes(CARLA, "new", minutes=300)
    steps = 0
    while page.lines.earlier:
        before = said(page)
        page = opened(any_post, chat, since=page.lines.since, more=STEP)
        assert said(page)[-len(before) :][:-1] == before[1:] or "new" in said(page)
        steps += 1
    lines = said(page)
    assert steps == 2
    assert len(lines) == len(set(lines)) == STEP * 2 + 7 + 7 + 1
    numbers = [int(text) for text in lines if text.isdigit()]
    assert numbers == sorted(numbers)
    assert lines[-1] == "new"


def test_read_and_unread_count_for_the_whole_person(any_post: Post) -> None:
    """Looking at one chat reads all of the person's; marked unread, it is one again,
    and what comes late counts when it comes."""
    chat = any_post.writes(CARLA, minutes=10)
    any_post.writes(CARLA, account="bride", minutes=11)
    assert opened(any_post, chat).unread == 2
    write = any_post.database.write_now
    assert write(inbox_marks.mark_read, any_post.wedding, chat)
    assert not write(inbox_marks.mark_read, any_post.wedding, chat)
    assert any_post.page().counts.unread == 0
    write(inbox_marks.mark_unread, any_post.wedding, chat)
    write(inbox_marks.mark_unread, any_post.wedding, chat)
    assert any_post.page().counts.unread == 1
    write(inbox_marks.mark_read, any_post.wedding, chat)
    any_post.writes(CARLA, "In ritardo", minutes=12)
    assert any_post.page().counts.unread == 1


def test_an_answer_goes_where_they_wrote_last(any_post: Post) -> None:
    """From the number and to the very chat, before all others, and noted as a reply;
    not to the chat that was opened."""
    guest = any_post.guest("Zia Carla", CARLA)
    first = any_post.writes(CARLA, minutes=1)
    hidden = any_post.writes(LID.format(2), account="bride", minutes=2, phone=CARLA)
    assert any_post.row(hidden).guest_id == guest
    row = message(any_post.database, answer(any_post, first))
    assert row.account_id == any_post.couple.bride
    assert row.chat_id == LID.format(2)
    assert (row.kind, row.priority) == ("reply", 1)


def test_one_sheet_is_sent_once(any_post: Post) -> None:
    """The same key twice is one message; another key is another."""
    chat = any_post.writes(CARLA)
    first = answer(any_post, chat, key="sheet-1")
    assert answer(any_post, chat, key="sheet-1") == first
    assert answer(any_post, chat, "Ancora", key="sheet-2") != first
    with pytest.raises(Refused):
        answer(any_post, chat, key="no key; at all")


def test_two_connections_with_one_sheet_send_it_once(
    any_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the other connection commits between our look and our write, the database
    says so, and ours gives back theirs."""
    chat = any_post.writes(CARLA)
    first = answer(any_post, chat, key="sheet-1")
    made, looks = enqueue._made_before, []

    def blind_at_first(*args: object) -> object:
        looks.append(1)
        return None if len(looks) == 1 else made(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(enqueue, "_made_before", blind_at_first)
    assert answer(any_post, chat, key="sheet-1") == first
    assert len(looks) == 2


def test_who_wants_no_more_gets_no_answer(any_post: Post) -> None:
    """After STOP the conversation says so in their words, and the queue refuses."""
    chat = any_post.writes(CARLA, "STOP")
    found = opened(any_post, chat)
    assert found.opted_out is not None
    assert found.opted_out.sentence == "STOP"
    assert found.why is None
    with pytest.raises((Refused, IntegrityError)):
        answer(any_post, chat)
    assert [row.opted_out for row in any_post.page().rows] == [True]


def test_a_question_stands_in_its_conversation(any_post: Post) -> None:
    """With the sentence and its line; answered, it is gone."""
    chat = any_post.writes(CARLA, "Stop the car near the church?")
    [question] = opened(any_post, chat).questions
    assert question.sentence == "Stop the car near the church?"
    any_post.database.write_now(
        opt_outs.answer_question,
        any_post.wedding,
        question.id,
        stop=False,
        by=None,
        now=NOON,
    )
    assert opened(any_post, chat).questions == ()


def test_another_weddings_chat_is_not_found(any_post: Post) -> None:
    """Reading, marking, answering, naming: for another wedding the chat is none."""
    chat = any_post.writes(CARLA)
    other = make_couple(any_post.database).wedding
    write = any_post.database.write_now
    asked = {"by": None, "now": NOON}
    for change, more in (
        (inbox_marks.mark_read, {}),
        (inbox_marks.mark_unread, {}),
        (replies.reply, {"text": "x", "key": "k", **asked}),
        (inbox_naming.ignore, asked),
        (inbox_naming.add_as_guest, {"name": "X", "side": "groom", **asked}),
        (inbox_naming.link_to, {"household_id": 1, "guest_id": None, **asked}),
    ):
        with pytest.raises(NotFound):
            write(change, other, chat, **more)
    assert any_post.row(chat).unread == 1


def test_an_answer_to_a_message_is_noted_once(any_post: Post) -> None:
    """What the guest writes after a message of ours arrived: `replied`, on the newest
    that had left, and once."""
    any_post.writes(CARLA, "Ciao", minutes=0)
    old = put(any_post.database, any_post.couple, to=CARLA, text="Prima").id
    new = put(any_post.database, any_post.couple, to=CARLA, text="Seconda").id
    sent(any_post, old, minutes=1)
    sent(any_post, new, minutes=2)
    put(any_post.database, any_post.couple, to=CARLA, text="Aspetta")
    any_post.writes(CARLA, "Sì!", minutes=3)
    chat = any_post.writes(CARLA, "E grazie", minutes=4)
    assert "replied" not in phases_of(any_post.database, old)
    assert phases_of(any_post.database, new).count("replied") == 1
    lines = {line.text: line.answered for line in opened(any_post, chat).lines.lines}
    assert (lines["Prima"], lines["Seconda"], lines["Aspetta"]) == (False, True, False)


def test_a_stranger_becomes_a_guest_with_one_click(any_post: Post) -> None:
    """Name and number are taken over, the chat is linked, and nobody is unknown."""
    chat = any_post.writes(UGO, name="Ugo")
    any_post.database.write_now(
        inbox_naming.add_as_guest,
        any_post.wedding,
        chat,
        name="Ugo Rossi",
        side="groom",
        by=None,
        now=NOON,
    )
    [row] = any_post.page().rows
    assert (row.person.name, row.person.phone) == ("Ugo Rossi", "+39 333 444 5555")
    assert any_post.row(chat).linked_how == "hand"
    assert any_post.page().counts.unknown == 0


def test_a_likeness_is_only_suggested(any_post: Post) -> None:
    """Whole words of the name are suggested, the likeliest first; nobody is linked by
    it. A search finds by parts of words, by number, and households."""
    any_post.guest("Carla Bianchi", household="Famiglia Bianchi")
    any_post.guest("Carlo Verdi", "+39 347 1234567")
    any_post.guest("Maria Bianchi")
    chat = any_post.writes(UGO, name="carla bianchi ♥")

    def names(call: object, text: str) -> list[str]:
        found = any_post.database.read_now(call, any_post.wedding, text)
        return [one.name for one in found]

    assert names(inbox_match.suggested, "carla bianchi ♥") == [
        "Carla Bianchi",
        "Maria Bianchi",
    ]
    assert names(inbox_match.suggested, "♥") == []
    assert names(inbox_match.find, "carl") == ["Carla Bianchi", "Carlo Verdi"]
    assert names(inbox_match.find, "347 123") == ["Carlo Verdi"]
    assert "Famiglia Bianchi" in names(inbox_match.find, "fami bian")
    assert names(inbox_match.find, " ") == []
    assert any_post.row(chat).household_id is None


def test_a_waiting_answer_says_why(post: Post) -> None:
    """Before it is written: the sentence's rule is the one the queue would give."""
    chat = post.writes(CARLA)
    found = opened(post, chat)
    assert found.account == "groom"
    assert found.why is not None
    rows = post.database.read_now(lambda s: s.exec(select(QueueMessage)).all())
    assert list(rows) == []
