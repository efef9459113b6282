"""What the pages are told: wishes once each, questions, and the proof of consents."""

from __future__ import annotations

from tests.integration.chats.conftest import CHAT, LID, PHONE, Post, later
from wedding_wa.models import Evidence
from wedding_wa.services import consent, opt_outs
from wedding_wa.services.consent_views import (
    WORDS,
    proofs_of_chats,
    proofs_of_guest,
    proofs_of_household,
)
from wedding_wa.services.opt_out_list import OptOutList, opt_out_list


def listed(post: Post) -> OptOutList:
    return post.db.read_now(opt_out_list, post.couple.wedding)


def test_a_wish_is_listed_once_where_it_was_told(any_post: Post) -> None:
    """It holds in both chats; shown is the number they wrote STOP to, their name and
    their words."""
    any_post.household("Rossi", ("Maria", PHONE), ("Pino", ""))
    any_post.wrote("Ciao", at=1)
    any_post.wrote("basta!", at=5, account="bride", chat=LID, phone=PHONE)
    assert len(any_post.opt_outs()) == 2
    (wish,) = listed(any_post).active
    assert (wish.person.name, wish.person.household) == ("Maria", "Rossi")
    assert (wish.account, wish.sentence, wish.at) == ("bride", "basta!", later(5))
    assert wish.chat == any_post.chat(LID, "bride").id


def test_how_a_wish_ended_is_told(post: Post) -> None:
    """By the guest's START, or by a person; the newest end first."""
    post.wrote("STOP", at=1)
    post.wrote("START", at=2)
    post.wrote("STOP", at=3)
    (wish,) = listed(post).active
    post.db.write_now(
        opt_outs.undo, post.couple.wedding, wish.id, by=None, now=later(9)
    )
    found = listed(post)
    assert found.active == ()
    assert [(one.by_start, one.undone_at) for one in found.undone] == [
        (False, later(9)),
        (True, later(2)),
    ]


def test_open_questions_are_listed_with_the_sentence(post: Post) -> None:
    """Of this wedding only, until they are answered."""
    post.wrote("can you stop writing at night?", at=1)
    (asked,) = listed(post).questions
    assert (asked.sentence, asked.word, asked.account) == (
        "can you stop writing at night?",
        "stop writing",
        "groom",
    )
    assert post.db.read_now(opt_out_list, 4711).questions == ()


def test_the_proof_of_a_consent(any_post: Post) -> None:
    """Who wrote when, to which number, how it was heard, with the first words; a
    guest's own, and all of a household's."""
    home, code = any_post.household("Rossi", ("Maria", PHONE), ("Pino", ""))
    any_post.wrote("x" * 500, at=1, source=Evidence.HISTORY)
    any_post.wrote("and more", at=2)
    any_post.wrote(f"anche noi {code}", at=3, account="bride", chat=LID)
    maria = any_post.guest("Maria").id or 0
    wedding = any_post.couple.wedding
    (mine,) = any_post.db.read_now(proofs_of_guest, wedding, maria)
    assert (mine.account, mine.how, mine.at) == ("groom", "history", later(1))
    assert (len(mine.words), mine.phone) == (WORDS, "+39 333 111 2222")
    assert (mine.given_to, mine.revoked) == ("+39 347 000 0001", "")
    both = any_post.db.read_now(proofs_of_household, wedding, home)
    assert [one.account for one in both] == ["bride", "groom"]
    assert any_post.db.read_now(proofs_of_guest, 4711, maria) == ()


def test_what_holds_no_more_says_so(post: Post) -> None:
    """Revoked, with the reason; or valid and not wanted."""
    post.wrote("STOP", at=1)
    row = post.chat(CHAT).id or 0
    (one,) = post.db.read_now(proofs_of_chats, post.couple.wedding, [row])
    assert one.wants_none
    post.db.write_now(consent.revoke, one.id, reason="erased", now=later(5))
    (one,) = post.db.read_now(proofs_of_chats, post.couple.wedding, [row])
    assert (one.revoked, one.revoked_at, one.wants_none) == ("erased", later(5), False)
