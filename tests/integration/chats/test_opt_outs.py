"""STOP ends what waits for a person; START or a person of the couple begins again."""

from __future__ import annotations

import itertools

import pytest
from sqlmodel import Session, select

from tests import accounts as see
from tests.builders import events_of, message, phases_of, put
from tests.integration.chats.conftest import CHAT, LID, PHONE, Post, later
from wedding_wa.domain.errors import NotFound, OptedOut
from wedding_wa.models import Evidence, StopQuestion
from wedding_wa.services import chats, guest_merge, opt_outs

OTHER_PHONE, OTHER_CHAT = "+393337778888", "393337778888@c.us"


def undo(post: Post, at: float = 500) -> None:
    post.db.write_now(
        opt_outs.undo,
        post.couple.wedding,
        post.opt_outs()[0].id or 0,
        by=None,
        now=later(at),
    )


def unwilling(post: Post, *ids: str) -> set[str]:
    return post.db.read_now(opt_outs.wants_none, post.couple.wedding, ids)


def questions(post: Post) -> list[StopQuestion]:
    return post.db.read_now(lambda s: list(s.exec(select(StopQuestion)).all()))


def test_stop_ends_what_waits_from_both_numbers(any_post: Post) -> None:
    """Also under the hidden id of the same person; skipped, with the reason; the
    household says so; the sentence is kept."""
    home, _ = any_post.household("Rossi", ("Maria", PHONE))
    any_post.wrote("Ciao", at=1)
    any_post.wrote("Ciao", at=2, account="bride", chat=LID, phone=PHONE)
    mine = put(any_post.db, any_post.couple, to=CHAT, now=later(3))
    theirs = put(any_post.db, any_post.couple, account="bride", to=LID, now=later(3))
    any_post.wrote("Stop, grazie!", at=10)
    for one in (mine, theirs):
        row = message(any_post.db, one.id)
        assert (row.status, row.skip_reason) == ("skipped", "opted_out")
        assert phases_of(any_post.db, one.id)[-1] == "skipped"
        assert events_of(any_post.db, one.id)[-1].data["reason"] == "opted_out"
    assert any_post.stage(home) == "opted_out"
    assert {row.chat_id for row in any_post.opt_outs()} == {CHAT, LID}
    assert {row.sentence for row in any_post.opt_outs()} == {"Stop, grazie!"}
    assert unwilling(any_post, CHAT, LID, "1@c.us") == {CHAT, LID}


def test_the_other_one_of_the_household_goes_on(post: Post) -> None:
    """STOP is one person's word; the household is opted out once all of it is."""
    home, _ = post.household("Rossi", ("Maria", PHONE), ("Pino", "+393339998888"))
    post.wrote("Ciao", at=1, chat="393339998888@c.us")
    post.wrote("STOP", at=2)
    assert post.stage(home) == "active"
    post.wrote("stop", at=3, chat="393339998888@c.us")
    assert post.stage(home) == "opted_out"


def test_a_stop_read_back_counts_as_if_heard(post: Post) -> None:
    """After a hearing gap it is applied with the rest."""
    post.wrote("STOP", source=Evidence.HISTORY)
    assert unwilling(post, CHAT) == {CHAT}


def test_start_begins_again(any_post: Post) -> None:
    """The guest's own START undoes it, with the time they wrote it; a chat that
    comes later is free as well."""
    home, _ = any_post.household("Rossi", ("Maria", PHONE))
    any_post.wrote("STOP", at=10)
    any_post.wrote("START", at=20)
    assert any_post.opt_outs() == []
    done = any_post.opt_outs(active=False)[0]
    assert done.undone_at == later(20)
    assert done.undone_inbound_id is not None
    assert any_post.stage(home) == "active"
    put(any_post.db, any_post.couple, to=CHAT, now=later(30))


def test_an_older_start_that_comes_late_changes_nothing(post: Post) -> None:
    """Order of writing counts, not of hearing."""
    post.wrote("STOP", at=20)
    post.wrote("START", at=10)
    assert len(post.opt_outs()) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("last", [("STOP", 30), ("START", 30), ("STOP", 15)])
def test_the_newest_wish_holds_in_any_order(
    post: Post, order: tuple[int, ...], last: tuple[str, int]
) -> None:
    """STOP at 10, START at 20, and another: by the time they were written."""
    said = [("STOP", 10), ("START", 20), last]
    for number in order:
        text, at = said[number]
        post.wrote(text, at=at, bare=f"3A{number}")
    assert unwilling(post, CHAT) == ({CHAT} if last == ("STOP", 30) else set())


def test_a_person_undoes_it_and_a_replay_does_not_bring_it_back(
    any_post: Post,
) -> None:
    """The same STOP again, by any way, is no news; a new one is."""
    any_post.wrote("STOP", at=10, bare="3AX")
    undo(any_post)
    for source in (Evidence.WEBHOOK, Evidence.FEED, Evidence.HISTORY):
        any_post.wrote("STOP", at=10, bare="3AX", source=source)
    assert any_post.opt_outs() == []
    any_post.wrote("STOP", at=600)
    assert len(any_post.opt_outs()) == 1


def test_undo_is_for_all_chats_of_the_person_and_only_of_this_wedding(
    post: Post,
) -> None:
    """One click; what was left unsent stays unsent."""
    post.wrote("Ciao", at=1, account="bride", chat=LID, phone=PHONE)
    post.wrote("Ciao", at=1)
    waiting = put(post.db, post.couple, to=CHAT, now=later(2))
    post.wrote("STOP", at=10)
    with pytest.raises(NotFound):
        post.db.write_now(
            opt_outs.undo, 4711, post.opt_outs()[0].id or 0, by=None, now=later(1)
        )
    undo(post)
    assert post.opt_outs() == []
    assert message(post.db, waiting.id).status == "skipped"


def test_who_turns_out_to_be_the_same_person_is_left_in_peace_too(
    any_post: Post,
) -> None:
    """A LID said STOP; then its number is known, which the bride's account knows."""
    any_post.wrote("Ciao", at=1, account="bride")
    waiting = put(any_post.db, any_post.couple, account="bride", to=CHAT, now=later(2))
    any_post.wrote("STOP", at=10, chat=LID)
    assert message(any_post.db, waiting.id).status == "pending"
    any_post.wrote("anzi, ciao", at=11, chat=LID, phone=PHONE)
    assert message(any_post.db, waiting.id).skip_reason == "opted_out"
    assert {row.chat_id for row in any_post.opt_outs()} == {CHAT, LID}


def test_a_link_by_hand_takes_the_wish_along_and_an_unlink_takes_it_back(
    any_post: Post,
) -> None:
    """A wrong click must not silence somebody who never said a word."""
    home, _ = any_post.household("Rossi", ("Maria", PHONE))
    any_post.wrote("Ciao", at=1)
    any_post.wrote("STOP", at=2, chat=LID)
    row = any_post.chat(LID).id or 0
    maria = any_post.guest("Maria").id
    any_post.db.write_now(
        chats.link,
        row,
        household_id=home,
        guest_id=maria,
        how="hand",
        by=None,
        now=later(50),
    )
    assert unwilling(any_post, CHAT, LID) == {CHAT, LID}
    assert any_post.stage(home) == "opted_out"
    any_post.db.write_now(chats.unlink, row, by=None, now=later(60))
    assert unwilling(any_post, CHAT, LID) == {LID}
    assert any_post.stage(home) == "active"


def test_a_sentence_with_the_word_is_asked_about(any_post: Post) -> None:
    """Once; nothing is cancelled; the answer decides, the first one."""
    any_post.wrote("Ciao", at=1)
    waiting = put(any_post.db, any_post.couple, to=CHAT, now=later(2))
    for source in (Evidence.WEBHOOK, Evidence.HISTORY):
        any_post.wrote(
            "per favore smettete di scrivermi", at=3, bare="3AQ", source=source
        )
    (asked,) = questions(any_post)
    assert asked.word == "smettete di scrivermi"
    assert any_post.opt_outs() == []
    assert message(any_post.db, waiting.id).status == "pending"

    def answer(session: Session, *, stop: bool) -> None:
        opt_outs.answer_question(
            session,
            any_post.couple.wedding,
            asked.id or 0,
            stop=stop,
            by=None,
            now=later(100),
        )

    any_post.db.write_now(answer, stop=True)
    any_post.db.write_now(answer, stop=False)
    assert questions(any_post)[0].answer == "stop"
    assert message(any_post.db, waiting.id).skip_reason == "opted_out"
    (row,) = any_post.opt_outs()
    assert (row.sentence, row.at) == ("per favore smettete di scrivermi", later(100))


def test_just_talking_ends_the_question(post: Post) -> None:
    """And whoever says STOP after all need not be asked about."""
    post.wrote("can you stop writing to me at night?", at=1)
    post.db.write_now(
        opt_outs.answer_question,
        post.couple.wedding,
        questions(post)[0].id or 0,
        stop=False,
        by=None,
        now=later(5),
    )
    assert post.opt_outs() == []
    post.wrote("can you stop writing to me at night?", at=10)
    post.wrote("STOP", at=11)
    assert [one.answer for one in questions(post)] == ["go_on", "stop"]


def test_nothing_new_is_queued_for_who_wants_none(post: Post) -> None:
    """The door says no, and so does the database."""
    post.wrote("STOP", at=1)
    with pytest.raises(OptedOut):
        put(post.db, post.couple, to=CHAT, now=later(2))
    assert see.consents(post.db, post.couple.groom)[0].revoked_at is None


def test_a_wish_noted_by_hand(post: Post) -> None:
    """A guest told the couple in person: who noted it is kept."""
    post.wrote("Ciao", at=1)

    def told(session: Session) -> None:
        opt_outs.note_by_hand(
            session,
            session.merge(post.chat()),
            sentence="said at lunch",
            by=None,
            now=later(9),
        )

    post.db.write_now(told)
    assert unwilling(post, CHAT) == {CHAT}
    post.wrote("START", at=20)
    assert unwilling(post, CHAT) == set()


def test_two_entries_become_one_person_and_one_wish(any_post: Post) -> None:
    """Merged with somebody who said STOP: what waits in the other's chat is skipped at
    once, the database refuses more, and START in either ends it in both."""
    any_post.household("Rossi", ("Maria", PHONE), ("Mari", OTHER_PHONE))
    any_post.wrote("Ciao")
    any_post.wrote("Ciao", chat=OTHER_CHAT)
    waits = put(any_post.db, any_post.couple, to=CHAT, now=later(10))
    any_post.wrote("STOP", chat=OTHER_CHAT, at=20)
    ids = [any_post.guest(name).id for name in ("Maria", "Mari")]
    any_post.db.write_now(
        guest_merge.merge, any_post.couple.wedding, ids, by=None, now=later(30)
    )
    row = message(any_post.db, waits.id)
    assert (row.status, row.skip_reason) == ("skipped", "opted_out")
    assert {row.chat_id for row in any_post.opt_outs()} == {CHAT, OTHER_CHAT}
    any_post.wrote("START", at=40)
    assert any_post.opt_outs() == []


def test_a_persons_answer_holds_also_where_our_clock_is_behind(any_post: Post) -> None:
    """What the guest wrote before the answer ends nothing, whatever the clocks say; a
    START after it does."""
    any_post.wrote("START", at=100)
    any_post.wrote("No, please stop sending this to my wife as well, we said", at=110)
    any_post.wrote("Grazie", at=120)
    any_post.db.write_now(
        opt_outs.answer_question,
        any_post.couple.wedding,
        questions(any_post)[0].id or 0,
        stop=True,
        by=None,
        now=later(50),
    )
    assert unwilling(any_post, CHAT) == {CHAT}
    any_post.wrote("START", at=130)
    assert unwilling(any_post, CHAT) == set()
