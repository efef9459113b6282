"""Which messages a page of the queue shows, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.services import queue, queue_list
from wedding_wa.services.queue_list import PageOfIds, Wish, page_of

MARIA, UGO = "+393331112222", "+393334445555"


@pytest.fixture
def couple(any_database: Database) -> Couple:
    """Two guests who wrote to both numbers."""
    made = make_couple(any_database)
    for account in (made.groom, made.bride):
        guest_wrote(any_database, account, MARIA)
        guest_wrote(any_database, account, UGO)
    return made


def look(database: Database, couple: Couple, **wish: str) -> PageOfIds:
    accounts = (couple.groom, couple.bride)
    return database.read_now(page_of, couple.wedding, accounts, Wish(**wish))


def walk(database: Database, couple: Couple, **wish: str) -> list[tuple[int, ...]]:
    """All pages from the first to the last by their `older` cursors."""
    pages = [look(database, couple, **wish)]
    while pages[-1].older:
        pages.append(look(database, couple, **wish, after=pages[-1].older))
    return [page.ids for page in pages]


def test_pages_hold_every_message_once_newest_first(
    any_database: Database, couple: Couple
) -> None:
    """Walking forward shows each message once, in falling order of its id."""
    ids = [put(any_database, couple).id for _ in range(60)]
    pages = walk(any_database, couple)
    assert [i for page in pages for i in page] == ids[::-1]
    assert [len(page) for page in pages] == [25, 25, 10]


def test_walking_back_shows_the_same_pages(
    any_database: Database, couple: Couple
) -> None:
    """`newer` leads back to what was seen before; the first page has no `newer`."""
    for _ in range(60):
        put(any_database, couple)
    first, second, third = walk(any_database, couple)
    last = look(any_database, couple, after=str(second[-1]))
    assert last.ids == third
    back = look(any_database, couple, before=last.newer)
    assert back.ids == second
    start = look(any_database, couple, before=back.newer)
    assert (start.ids, start.newer) == (first, "")


def test_the_waiting_stand_in_the_order_in_which_they_go(
    any_database: Database, couple: Couple
) -> None:
    """Waiting: by priority, then place in the line, across both accounts and pages."""
    puts = [
        (put(any_database, couple, account=account, priority=priority).id, priority)
        for priority in (3, 1, 5)
        for account in ("groom", "bride")
        for _ in range(10)
    ]
    expected = [i for i, priority in sorted(puts, key=lambda p: (p[1], p[0]))]
    pages = walk(any_database, couple, state="waiting")
    assert [i for page in pages for i in page] == expected
    assert (
        look(any_database, couple, state="waiting", before="nonsense").ids == (pages[0])
    )


def test_a_state_shows_only_itself(any_database: Database, couple: Couple) -> None:
    """Each counter filters exactly what it counts."""
    gone, waits = put(any_database, couple).id, put(any_database, couple).id
    later = put(any_database, couple, due_at=NOON + timedelta(hours=1)).id
    any_database.write_now(queue.cancel, couple.wedding, gone, now=NOON)
    assert look(any_database, couple, state="skipped").ids == (gone,)
    assert look(any_database, couple, state="waiting").ids == (waits,)
    assert look(any_database, couple, state="held").ids == (later,)
    assert look(any_database, couple, state="no such").ids == (later, waits, gone)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zia maria", True),
        ("TI ASPETT", True),
        ("333 111", True),
        ("+39 333 1112222", True),
        ("100%", False),
        ("_", False),
        ("33", False),
        ("444", False),
    ],
)
def test_search_finds_names_numbers_and_texts(
    any_database: Database, couple: Couple, words: str, found: bool
) -> None:
    """A name, three digits of a number or words of the text find it; % is a letter."""
    one = put(any_database, couple, to=MARIA)
    assert look(any_database, couple, search=words).ids == ((one.id,) if found else ())


def test_search_looks_at_the_newest_only(
    any_database: Database, couple: Couple, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search costs the same with any history: what is older is not read."""
    monkeypatch.setattr(queue_list, "SEARCH_REACH", 5)
    old = put(any_database, couple, text="the needle").id
    for _ in range(4):
        put(any_database, couple)
    assert look(any_database, couple, search="needle").ids == (old,)
    put(any_database, couple)
    assert look(any_database, couple, search="needle").ids == ()


def test_no_page_sorts_the_history(database: Database) -> None:
    """Every list of the page comes out of an index in order (SQLite's own plan)."""
    couple = make_couple(database)
    for state in ("", "sent", "waiting", "held"):
        for plan in _plans(database, couple, state):
            assert "USING INDEX ix_queue_message" in plan
            assert "TEMP B-TREE" not in plan


def _plans(database: Database, couple: Couple, state: str) -> list[str]:
    listed = queue_list._list(
        couple.wedding, (couple.groom, couple.bride), Wish(state=state)
    )
    plans = []
    for branch in listed.branches:
        keys = listed.key(queue_list.MESSAGES.c)
        order = [key.desc() for key in keys] if listed.descending else keys
        statement = branch.order_by(*order).limit(26)
        text = statement.compile(
            database.engine, compile_kwargs={"literal_binds": True}
        )
        with database.engine.connect() as connection:
            rows = connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")).all()
        plans.append("\n".join(row[3] for row in rows))
    return plans
