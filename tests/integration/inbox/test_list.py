"""The inbox's list: every person once, newest first, nothing counted twice."""

from __future__ import annotations

import re

import pytest
from sqlmodel import Session

from tests.builders import make_couple
from tests.fakes import NOON
from tests.integration.inbox.conftest import CARLA, LID, UGO, Post
from wedding_wa.services import inbox_list, inbox_marks, inbox_naming
from wedding_wa.services.inbox_list import PAGE_SIZE, Wish


def test_who_wrote_last_stands_first(any_post: Post) -> None:
    """The list is in the order in which guests wrote, with what they wrote last."""
    any_post.writes(CARLA, "Prima", minutes=1, name="Carla")
    any_post.writes(UGO, "Seconda", minutes=2, name="Ugo")
    any_post.writes(CARLA, "Terza", minutes=3, name="Carla")
    rows = any_post.page().rows
    assert [(row.person.push_name, row.text) for row in rows] == [
        ("Carla", "Terza"),
        ("Ugo", "Seconda"),
    ]


def test_one_guest_on_both_numbers_and_under_a_lid_is_one_conversation(
    any_post: Post,
) -> None:
    """The same phone on both accounts, and a hidden id linked to the same guest, are
    one row with one count of unread, from whichever chat it is looked at."""
    guest = any_post.guest("Zia Carla", CARLA)
    any_post.writes(CARLA, minutes=1)
    any_post.writes(CARLA, account="bride", minutes=2)
    hidden = any_post.writes(LID.format(1), "Sono io", account="bride", minutes=3)
    assert len(any_post.page().rows) == 2
    home = any_post.page().rows[1].person.household_id
    any_post.database.write_now(
        inbox_naming.link_to,
        any_post.wedding,
        hidden,
        household_id=home,
        guest_id=guest,
        by=None,
        now=NOON,
    )
    [row] = any_post.page().rows
    assert (row.person.name, row.unread, row.text) == ("Zia Carla", 3, "Sono io")
    assert row.accounts == ("bride", "groom")
    assert row.person.phone == "+39 333 111 2222"


def test_the_same_event_twice_counts_once(any_post: Post) -> None:
    """WAHA repeats itself; what is unread is counted by messages, not by events."""
    for _ in range(3):
        chat = any_post.writes(CARLA, message_id="3AAA")
    assert any_post.row(chat).unread == 1
    assert any_post.page().counts.unread == 1


def test_a_page_after_a_page_shows_everybody_once(any_post: Post) -> None:
    """Going older, then newer again, meets everybody once and in the same order, also
    where several wrote in the same second and one person has three chats."""
    for n in range(PAGE_SIZE * 2 + 5):
        any_post.writes(f"+3933300{n:05}", minutes=n // 3, name=f"P{n}")
    any_post.writes("+393330000004", account="bride", minutes=0, name="P4")
    seen: list[str] = []
    wish, pages = Wish(), []
    while True:
        page = any_post.page(wish)
        pages.append([row.key for row in page.rows])
        seen += [row.person.push_name for row in page.rows]
        if not page.older:
            break
        wish = Wish(after=page.older)
    assert len(pages) == 3
    assert len(seen) == len(set(seen)) == PAGE_SIZE * 2 + 5
    back = any_post.page(Wish(before=page.newer))
    assert [row.key for row in back.rows] == pages[1]
    assert [row.key for row in any_post.page(Wish(before=back.newer)).rows] == pages[0]


def test_nonsense_in_the_address_is_the_first_page(post: Post) -> None:
    """A cursor that cannot be one shows the first page, never an error."""
    post.writes(CARLA)
    for cursor in (
        "x",
        "1",
        "9" * 17 + ".1",
        "1.99999999999999999",
        "'; DROP",
        "1.2.3",
    ):
        assert len(post.page(Wish(after=cursor, before="no")).rows) in (0, 1)
    assert post.names(Wish(after="zzz")) == ["Zia Carla"]


def test_views_show_what_they_say(any_post: Post) -> None:
    """Unread, unknown, to decide, and put aside; one put aside is counted nowhere."""
    any_post.guest("Ugo Rossi", UGO)
    any_post.writes(UGO, "Ho letto", minutes=1, name="Ugo")
    read = any_post.page().rows[0].chat
    any_post.database.write_now(inbox_marks.mark_read, any_post.wedding, read)
    stranger = any_post.writes(CARLA, "Chi sono?", minutes=2, name="Carla")
    aside = any_post.writes("+393337777777", "Pizza!", minutes=3, name="Pizzeria")
    any_post.database.write_now(
        inbox_naming.ignore, any_post.wedding, aside, by=None, now=NOON
    )
    assert any_post.names() == ["Carla", "Ugo Rossi"]
    assert any_post.names(Wish("unread")) == ["Carla"]
    assert any_post.names(Wish("unknown")) == ["Carla"]
    assert any_post.names(Wish("ignored")) == ["Pizzeria"]
    assert any_post.names(Wish("questions")) == []
    found = any_post.page().counts
    assert (found.unread, found.unknown, found.questions) == (1, 1, 0)
    any_post.database.write_now(
        inbox_naming.ignore,
        any_post.wedding,
        aside,
        by=None,
        now=NOON,
        ignored=False,
    )
    assert any_post.names(Wish("unknown")) == ["Pizzeria", "Carla"]
    assert any_post.row(stranger).household_id is None


def test_one_number_shows_who_wrote_to_it(any_post: Post) -> None:
    """By account: whoever wrote there, also where they wrote to the other later."""
    any_post.writes(CARLA, "Al groom", account="groom", minutes=1, name="Carla")
    any_post.writes(CARLA, "Alla bride", account="bride", minutes=2, name="Carla")
    any_post.writes(UGO, account="bride", minutes=3, name="Ugo")
    assert any_post.names(Wish(account="groom")) == ["Carla"]
    assert any_post.names(Wish(account="bride")) == ["Ugo", "Carla"]


def test_search_finds_names_numbers_and_words(any_post: Post) -> None:
    """By the name in the guest list, with or without its accents, by what they call
    themselves, by digits of the number, and by words of theirs."""
    any_post.guest("Zoë Müller", CARLA, household="Famiglia Müller")
    any_post.writes(CARLA, "Porto il tiramisù", minutes=1, name="Zo")
    any_post.writes(UGO, "Grazie", minutes=2, name="Ugo")
    for words in ("zoe", "MÜLLER", "333 111", "tiramisù", "Zo"):
        assert any_post.names(Wish(search=words)) == ["Zoë Müller"], words
    assert any_post.names(Wish(search="100%")) == []


def test_a_question_marks_its_person(any_post: Post) -> None:
    """A sentence with a stop word in it puts its writer among what is to be decided."""
    any_post.writes(CARLA, "Stop the car near the church?", minutes=1, name="Carla")
    any_post.writes(UGO, "Ciao", minutes=2, name="Ugo")
    assert any_post.page().counts.questions == 1
    assert any_post.names(Wish("questions")) == ["Carla"]
    assert [row.question for row in any_post.page().rows] == [False, True]


def test_another_wedding_sees_nothing(any_post: Post) -> None:
    """Rows, counts, search and questions are one wedding's own."""
    any_post.writes(CARLA, "Stop or not?")
    other = make_couple(any_post.database)
    theirs = Post(any_post.database, other)
    assert theirs.page().rows == ()
    assert theirs.page(Wish(search="Stop")).rows == ()
    found = theirs.page().counts
    assert (found.unread, found.unknown, found.questions) == (0, 0, 0)


def test_a_kept_list_does_not_move(post: Post) -> None:
    """While somebody points at it: the same people in the same order, and how many
    stand ready before them."""
    first = post.writes(CARLA, minutes=1, name="Carla")
    second = post.writes(UGO, minutes=2, name="Ugo")
    post.writes(CARLA, "Ancora", minutes=3, name="Carla")
    post.writes("+393337777777", minutes=4, name="Nuovo")
    page = post.page(keep=[second, first])
    assert [row.person.push_name for row in page.rows] == ["Ugo", "Carla"]
    assert page.rows[1].text == "Ancora"
    assert page.fresh == 1


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish("unread"),
        Wish("questions"),
        Wish("ignored"),
        Wish(account="groom"),
        Wish(search="333 111"),
    ],
)
def test_a_page_is_found_by_indexes(post: Post, wish: Wish) -> None:
    """People come out of the index in their order; besides "wrote nowhere later"
    nothing is asked anew for each row, whatever is filtered or searched."""

    def plan(session: Session) -> str:
        statement = inbox_list.people_query(post.wedding, wish, None, newer=False)
        compiled = statement.compile(
            session.get_bind(), compile_kwargs={"render_postcompile": True}
        )
        rows = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}",
            tuple(compiled.construct_params()[name] for name in compiled.positiontup),
        )
        return "\n".join(str(row[3]) for row in rows)

    told = post.database.read_now(plan)
    assert "SEARCH c USING INDEX ix_chat_inbox" in told
    assert told.count("CORRELATED SCALAR SUBQUERY") == 3
    for name in ("chat_id", "phone", "guest_id"):
        assert re.search(rf"SEARCH later USING INDEX \w+ \((\w+=\? AND )?{name}=", told)
    assert "USE TEMP B-TREE FOR ORDER BY" not in told


def test_the_account_filter_knows_its_wedding(post: Post) -> None:
    """Two weddings both have a groom: the filter means one's own."""
    post.writes(CARLA, name="Carla")
    other = make_couple(post.database)
    Post(post.database, other).writes(CARLA, name="Altra Carla")
    assert post.names(Wish(account="groom")) == ["Carla"]
