"""The list: pages by key, searches, counts."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from tests.builders import make_couple
from tests.fakes import NOON
from tests.integration.guests.conftest import Book
from wedding_wa.db import Database
from wedding_wa.domain.guest_search import GuestQuery, parse_search
from wedding_wa.models import Household
from wedding_wa.services import guest_list
from wedding_wa.services.guest_list import GuestPage, guest_page, select_ids
from wedding_wa.services.guests import GuestForm, add_guest

EVERYBODY = GuestQuery()


def fill(book: Book, many: int, *, seed: int = 7) -> list[int]:
    """Guests in households of one to four, several with the same name."""
    rng = random.Random(seed)

    def write(session: Session) -> list[int]:
        ids: list[int] = []
        while len(ids) < many:
            home = None
            for _ in range(min(rng.randint(1, 4), many - len(ids))):
                form = GuestForm(
                    name=rng.choice(["Anna Rossi", "Ugo", "Élodie", "zoe"]),
                    household=rng.choice(["Rossi", "Bianchi", "de Luca"]),
                    household_id=home,
                )
                ids.append(add_guest(session, book.wedding, form, by=None, now=NOON))
                home = (
                    home
                    or guest_list.rows_of(session, book.wedding, [ids[-1]])[
                        0
                    ].household_id
                )
        return ids

    return book.database.write_now(write)


def page(book: Book, query: GuestQuery = EVERYBODY, **more: object) -> GuestPage:
    return book.database.read_now(guest_page, book.wedding, query, **more)


def walk(book: Book, query: GuestQuery = EVERYBODY) -> list[int]:
    """All ids, page by page, to the end."""
    found: list[int] = []
    at = page(book, query)
    while True:
        found += [row.id for row in at.rows]
        if not at.following:
            return found
        at = page(book, query, after=at.following)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_pages_are_the_whole_list(
    book: Book, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every guest on exactly one page, forwards and backwards, in one order; a
    household's people stand together, also across the end of a page."""
    monkeypatch.setattr(guest_list, "PAGE_SIZE", size)
    ids = fill(book, 23)
    found = walk(book)
    assert sorted(found) == sorted(ids)
    assert found == book.database.read_now(select_ids, book.wedding, EVERYBODY)
    homes = [book.guest(one).household_id for one in found]
    starts = [
        home for home, last in zip(homes, [0, *homes[:-1]], strict=True) if home != last
    ]
    assert len(starts) == len(set(homes))
    last = page(book)
    while last.following:
        last = page(book, after=last.following)
    back = [row.id for row in last.rows]
    while last.previous:
        last = page(book, before=last.previous)
        back = [row.id for row in last.rows if row.id not in back] + back
    assert back == found
    assert last.previous == ""


def test_a_page_stays_found_while_the_list_changes(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor names a place, not a number: nobody is shown twice or left out."""
    monkeypatch.setattr(guest_list, "PAGE_SIZE", 5)
    fill(book, 20)
    first = page(book)
    before = select(book)
    book.add("Aaron", household="Aaron")  # stands before all others
    second = page(book, after=first.following)
    assert [row.id for row in second.rows] == before[5:10]


def test_a_cursor_of_nonsense_shows_the_first_page(book: Book) -> None:
    """Links are typed wrong and cut short; they never fail."""
    fill(book, 3)
    good = [row.id for row in page(book).rows]
    for cursor in (
        "x",
        "!!!",
        "W10",
        "WyJhIiwxLDFd" * 9,
        "e30",
        "é",
        "WyJcdWQ4MDAiLDEsMV0",
    ):
        assert {row.id for row in page(book, after=cursor).rows} <= set(good)
        assert [row.id for row in page(book, before=cursor).rows] == good


def test_a_page_beyond_the_end_shows_what_there_is(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood there was deleted meanwhile: the page before it, not an empty one."""
    monkeypatch.setattr(guest_list, "PAGE_SIZE", 2)
    fill(book, 4)
    second = page(book, after=page(book).following)
    beyond = guest_list._write(("zzz", 10**6, 10**6))
    assert second.following == ""
    assert page(book, after=beyond).rows


def select(book: Book, text: str = "") -> list[int]:
    return book.database.read_now(select_ids, book.wedding, parse_search(text))


def test_a_search_finds_whom_it_names(book: Book) -> None:
    """Each qualifier, its opposite, and words in names, notes, numbers."""
    anna = book.add(
        "Ànna Rossi",
        phone="333 111 2222",
        tags=("family",),
        notes="No NUTS",
        household="Famiglia Rossi",
    )
    pia = book.add("Pia", contact_id=anna, side="bride", language="fr")
    ugo = book.add("Ugo Bianchi", side="bride", tags=("work", "family-friend"))
    home = book.guest(ugo).household_id
    book.database.write_now(
        lambda s: s.execute(
            sa.update(Household)
            .where(Household.id == home)
            .values(activated_at=NOON, language="de", invited_at=NOON)
        )
    )
    book.chat("1@lid", household=home, guest=ugo)
    everybody = {anna, pia, ugo}
    for text, found in {
        "anna": {anna},
        "ROSSI": {anna, pia},
        "rossi anna": {anna},
        "nuts": {anna},
        "3331112222": {anna, pia},
        "+39 333": {anna, pia},
        "phone:1112": {anna, pia},
        "side:bride": {pia, ugo},
        "tag:family": {anna},
        "-tag:family": {pia, ugo},
        "activated:no": {anna, pia},
        "stage:active": {ugo},
        "optedout:no": everybody,
        "optedout:yes": set(),
        "lang:en": {anna},
        "lang:fr": {pia},
        "lang:de": {ugo},
        "-lang:de": {anna, pia},
        'household:"famiglia ro"': {anna, pia},
        "-household:rossi": {ugo},
        "has:phone": {anna, pia},
        "-has:phone": {ugo},
        "has:tag": {anna, ugo},
        "has:notes": {anna},
        "-has:notes": {pia, ugo},
        "has:language": {pia, ugo},
        "has:chat": {ugo},
        "-anna": {pia, ugo},
        "-phone:333": {ugo},
        "side:bride -tag:work": {pia},
        "%": set(),
        "_": set(),
        "tga:family": set(),
        "-tga:family": set(),
        "side:": everybody,
    }.items():
        assert set(select(book, text)) == found, text
        shown = page(book, parse_search(text))
        assert ({row.id for row in shown.rows}, shown.total) == (found, len(found))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=40)
    | st.text(alphabet='-:#" tagside%\\_1')
)
def test_no_search_fails_on_the_database(book: Book, text: str) -> None:
    """Whatever is typed is answered, on both databases."""
    query = parse_search(text)
    found = book.database.read_now(select_ids, book.wedding, query)
    assert page(book, query).total == len(found) == 0


def test_a_row_tells_what_the_list_shows(book: Book) -> None:
    """Numbers nicely, whose phone it is, the language that counts, who comes first."""
    anna = book.add("Anna", phone="3331112222", household="Rossi", language="it")
    book.add("Pia", contact_id=anna, tags=("b", "a"), side="bride")
    first, second = page(book).rows
    assert (first.name, first.phone, first.first) == ("Anna", "+39 333 111 2222", True)
    assert (first.language, first.own_language, first.shares) == ("it", True, "")
    assert (second.phone, second.shares) == ("+39 333 111 2222", "Anna")
    assert (second.first, second.tags, second.side) == (False, ("a", "b"), "bride")
    assert (second.household, second.stage) == ("Rossi", "not_invited")


def test_a_kept_list_does_not_move(book: Book) -> None:
    """While somebody points at it the rows stay; what is new waits and is counted."""
    ugo = book.add("Ugo")
    anna = book.add("Anna")
    kept = page(book, keep=[ugo])
    assert [row.id for row in kept.rows] == [ugo]
    assert kept.fresh == 1
    assert [row.id for row in page(book).rows] == [anna, ugo]


def test_the_figures_are_of_the_whole_list(book: Book) -> None:
    """By side and by how far, whatever is searched for; another wedding's not."""
    anna = book.add("Anna", tags=("family",))
    book.add("Pia", household_id=book.guest(anna).household_id, tags=("family", "x"))
    book.add("Ugo", side="bride")
    Book(book.database, make_couple(book.database)).add("Eva")
    counts = book.database.read_now(guest_list.counts, book.wedding)
    assert (counts.guests, counts.households) == (3, 2)
    assert counts.sides == {"groom": 2, "bride": 1}
    assert counts.stages["not_invited"] == 3
    assert counts.tags == (("family", 2), ("x", 1))


def test_a_page_is_read_along_an_index(database: Database) -> None:
    """SQLite walks the households in order from the cursor on: it sorts nothing and
    reads no more of the list than the page."""
    couple = make_couple(database)
    book = Book(database, couple)
    fill(book, 30)

    def plan(session: Session, start: guest_list.Key | None, backward: bool) -> str:
        statement = guest_list._page_statement(
            couple.wedding, EVERYBODY, start, backward=backward
        )
        compiled = statement.compile(
            session.get_bind(), compile_kwargs={"literal_binds": True}
        )
        rows = session.execute(sa.text(f"EXPLAIN QUERY PLAN {compiled}"))
        return "\n".join(row.detail for row in rows)

    for start, backward in ((None, False), (("m", 3, 5), False), (("m", 3, 5), True)):
        told = database.read_now(plan, start, backward)
        assert "TEMP B-TREE" not in told, told
        assert "ix_household_wedding_id_folded_id" in told, told
        assert "ix_guest_household_id" in told, told
        assert "SCAN" not in told, told
