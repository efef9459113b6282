"""Whose chat it is: by number, by code, by hand; never by a guess."""

from __future__ import annotations

import itertools

import pytest
from sqlmodel import Session, select

from tests.integration.chats.conftest import CHAT, LID, PHONE, Post, later
from wedding_wa.domain.errors import NotFound
from wedding_wa.models import AuditEntry
from wedding_wa.services import chats, guests


def linked(post: Post, chat: str = CHAT, account: str = "groom") -> tuple[object, ...]:
    row = post.chat(chat, account)
    return row.household_id, row.guest_id, row.linked_how


def test_a_number_in_the_guest_list_says_who_writes(any_post: Post) -> None:
    """The guest's household is active at once."""
    home, _ = any_post.household("Rossi", ("Maria", PHONE), ("Pino", ""))
    any_post.wrote("Ciao!")
    assert linked(any_post) == (home, any_post.guest("Maria").id, "number")
    assert any_post.stage(home) == "active"


def test_a_code_says_which_household_writes_from_a_hidden_id(any_post: Post) -> None:
    """Of several people one of them; of one, that one."""
    home, code = any_post.household("Rossi", ("Maria", ""), ("Pino", ""))
    any_post.wrote(f"Ciao, siamo noi ({code})", chat=LID)
    assert linked(any_post, LID) == (home, None, "code")
    alone, code = any_post.household("Bianchi", ("Ada", "+393339998888"))
    any_post.wrote(f"ciao {code.lower()}!", chat="11111@lid")
    assert linked(any_post, "11111@lid") == (alone, any_post.guest("Ada").id, "code")
    assert [any_post.stage(one) for one in (home, alone)] == ["active", "active"]


def test_an_unknown_writer_is_nobodys(post: Post) -> None:
    """Neither number nor code: nobody's, also where a word looks like a code."""
    home, _ = post.household("Rossi", ("Maria", "+393339998888"))
    post.wrote("Ciao ragazzi, tanti auguri da Maria Rossi (ABCDE)")
    assert linked(post) == (None, None, None)
    assert post.stage(home) == "not_invited"


def test_the_number_goes_before_a_forwarded_code(any_post: Post) -> None:
    """An aunt who presses the button of a cousin's invitation is still the aunt."""
    aunt, _ = any_post.household("Aunt", ("Maria", PHONE))
    cousin, code = any_post.household("Cousin", ("Ada", ""))
    any_post.wrote(f"Eccomi! ({code})")
    assert linked(any_post) == (aunt, any_post.guest("Maria").id, "number")
    assert any_post.stage(cousin) == "not_invited"


def test_a_known_other_number_is_not_the_households_one_guest(post: Post) -> None:
    """The code came from another phone than the list has: somebody of the household,
    and the list's number is left as it is."""
    home, code = post.household("Rossi", ("Maria", "+393339998888"))
    post.wrote(f"Ciao {code}")
    assert linked(post) == (home, None, "code")
    assert post.guest("Maria").phone == "+393339998888"


def test_a_number_told_by_a_code_is_not_written_into_the_list(post: Post) -> None:
    """It is shown, and a person takes it over."""
    home, code = post.household("Rossi", ("Maria", ""))
    post.wrote(f"Ciao {code}")
    assert linked(post) == (home, post.guest("Maria").id, "code")
    assert post.guest("Maria").phone is None
    assert post.chat().phone == PHONE


def test_a_hidden_id_that_shows_its_number_is_matched_again(any_post: Post) -> None:
    """First by the code, then by the number: the number knows better."""
    other, _ = any_post.household("Bianchi", ("Ada", PHONE))
    home, code = any_post.household("Rossi", ("Maria", "+393339998888"))
    any_post.wrote(f"Ciao {code}", chat=LID, at=1)
    assert linked(any_post, LID) == (home, any_post.guest("Maria").id, "code")
    any_post.wrote("di nuovo", chat=LID, at=2, phone=PHONE)
    assert linked(any_post, LID) == (other, any_post.guest("Ada").id, "number")
    assert [any_post.stage(one) for one in (other, home)] == ["active", "not_invited"]


def test_a_number_that_is_not_the_guests_leaves_the_household(post: Post) -> None:
    """A LID taken for the one guest turns out to be another phone of the household."""
    home, code = post.household("Rossi", ("Maria", "+393339998888"))
    post.wrote(f"Ciao {code}", chat=LID, at=1)
    post.wrote("di nuovo", chat=LID, at=2, phone=PHONE)
    assert linked(post, LID) == (home, None, "code")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_several_codes_the_first_written_counts(
    post: Post, order: tuple[int, ...]
) -> None:
    """In whatever order the messages are heard."""
    first, code = post.household("Rossi", ("Maria", ""))
    _, other = post.household("Bianchi", ("Ada", ""))
    said = [("auguri", 5), (f"Ciao {code}", 10), (f"bello {other}", 20)]
    for n in order:
        text, at = said[n]
        post.wrote(text, at=at, chat=LID, bare=f"3A{n}")
    assert linked(post, LID)[0] == first


def test_a_new_guests_number_finds_the_chat_that_was_there(any_post: Post) -> None:
    """Whoever wrote before they were on the list is known, and active, once they
    are; and no more once the list gives the number to nobody."""
    any_post.wrote("Ciao!")
    home, _ = any_post.household("Rossi", ("Maria", PHONE))
    assert linked(any_post)[0] == home
    assert any_post.stage(home) == "active"
    form = guests.GuestForm(name="Maria", household_id=home, side="groom")
    any_post.db.write_now(
        guests.edit_guest,
        any_post.couple.wedding,
        any_post.guest("Maria").id or 0,
        form,
        by=None,
        now=later(50),
    )
    assert linked(any_post) == (None, None, None)
    assert any_post.stage(home) == "not_invited"


def by_hand(post: Post, chat: str, household: int, guest: int | None = None) -> None:
    post.db.write_now(
        chats.link,
        post.chat(chat).id or 0,
        household_id=household,
        guest_id=guest,
        how="hand",
        by=None,
        now=later(60),
    )


def test_a_link_by_hand_counts_at_once_and_stays(any_post: Post) -> None:
    """The consent given before counts for the guest; neither a code nor a number
    moves the chat again; who did it is in the audit."""
    home, _ = any_post.household("Rossi", ("Maria", ""))
    other, theirs = any_post.household("Bianchi", ("Ada", ""))
    any_post.wrote("Ciao!", at=1)
    by_hand(any_post, CHAT, home)
    assert any_post.stage(home) == "active"
    any_post.wrote(f"ecco {theirs}", at=2)
    assert linked(any_post) == (home, None, "hand")
    assert any_post.stage(other) == "not_invited"
    assert "chat_linked" in any_post.db.read_now(_audited)


def _audited(session: Session) -> list[str]:
    return list(session.exec(select(AuditEntry.action)).all())


def test_a_link_by_hand_takes_the_same_persons_other_chats_along(post: Post) -> None:
    """The same phone wrote to both numbers: one click."""
    home, _ = post.household("Rossi", ("Maria", ""))
    post.wrote("Ciao!", at=1)
    post.wrote("Ciao!", at=2, account="bride")
    by_hand(post, CHAT, home)
    assert linked(post, CHAT, "bride")[0] == home


def test_what_is_unlinked_by_hand_is_linked_by_hand_only(any_post: Post) -> None:
    """It is nobody's, the household is as before, and no code takes it back."""
    home, code = any_post.household("Rossi", ("Maria", PHONE))
    any_post.wrote("Ciao!", at=1)
    any_post.db.write_now(chats.unlink, any_post.chat().id or 0, by=None, now=later(60))
    any_post.wrote(f"Ciao {code}", at=2)
    assert linked(any_post) == (None, None, "hand")
    assert any_post.stage(home) == "not_invited"
    assert "chat_unlinked" in any_post.db.read_now(_audited)


def test_a_chat_is_linked_within_its_wedding_only(post: Post) -> None:
    """A household that is not there, or a guest of another one, is refused."""
    home, _ = post.household("Rossi", ("Maria", ""))
    other, _ = post.household("Bianchi", ("Ada", ""))
    post.wrote("Ciao!")
    with pytest.raises(NotFound):
        by_hand(post, CHAT, 4711)
    with pytest.raises(NotFound):
        by_hand(post, CHAT, home, post.guest("Ada").id)
    assert linked(post) == (None, None, None)
    assert other != home


def test_a_chat_put_aside_can_be_taken_back(post: Post) -> None:
    """Ignoring is a mark, audited; nothing else changes."""
    post.wrote("offerta imperdibile!")
    row = post.chat().id or 0
    post.db.write_now(chats.ignore, row, by=None, now=later(1))
    assert post.chat().ignored_at == later(1)
    post.db.write_now(chats.ignore, row, ignored=False, by=None, now=later(2))
    assert post.chat().ignored_at is None
    assert post.db.read_now(_audited).count("chat_ignored") == 2
