"""SQLite's one writer: many functions, one commit, and nobody pays for another."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db import CHANGES, Database, opened


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Database]:
    """A database with one small table."""
    with opened(f"sqlite:///{tmp_path}/notes.db") as database:
        database.write_now(
            _run, "CREATE TABLE note (id INTEGER PRIMARY KEY, text NOT NULL)"
        )
        database.write_now(
            _run, "CREATE TABLE reply (note INTEGER REFERENCES note (id))"
        )
        yield database


def _run(session: Session, statement: str) -> None:
    session.execute(sa.text(statement))


def add(session: Session, text: str, *, tell: bool = False) -> str:
    session.execute(sa.text("INSERT INTO note (text) VALUES (:text)"), {"text": text})
    if tell:
        session.info.setdefault(CHANGES, []).append(text)
    return text


def fail(session: Session, text: str) -> None:
    add(session, text, tell=True)
    raise ValueError(text)


def texts(database: Database) -> list[str]:
    found = database.read_now(lambda s: s.execute(sa.text("SELECT text FROM note")))
    return sorted(found.scalars())


class Gate:
    """Holds the writer, so that what is handed in meanwhile is one batch."""

    def __init__(self, database: Database) -> None:
        self._open = threading.Event()
        self._inside = threading.Event()
        self._held = database._submit(self._wait)
        assert self._inside.wait(10)

    def _wait(self, _session: Session) -> None:
        self._inside.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()
        self._held.result(10)


def commits(database: Database) -> list[int]:
    """Counts the commits from now on, in a list that grows."""
    counted: list[int] = []
    sa.event.listen(database.engine, "commit", lambda _: counted.append(1))
    return counted


async def test_what_waits_is_committed_together(notes: Database) -> None:
    """Sixty functions that wait cost one commit, not sixty."""
    counted = commits(notes)
    gate = Gate(notes)
    asked = [asyncio.create_task(notes.write(add, f"{i:02}")) for i in range(60)]
    await asyncio.sleep(0)
    gate.open()
    assert await asyncio.gather(*asked) == [f"{i:02}" for i in range(60)]
    assert texts(notes) == [f"{i:02}" for i in range(60)]
    assert len(counted) == 2  # the gate's own and one for all


def add_all(session: Session, said: Sequence[str]) -> list[str | Exception]:
    """Adds all but "wrong", which it refuses; cannot do "poison"."""
    CALLS.append(list(said))
    for text in said:
        if text != "wrong":
            add(session, text, tell=True)
    if "poison" in said:
        raise KeyError("poison")
    return [ValueError(text) if text == "wrong" else text for text in said]


CALLS: list[list[str]] = []


async def _together(notes: Database, *said: str) -> list[Any]:
    """What is told of these, and of another write that comes after the second."""
    CALLS.clear()
    gate = Gate(notes)
    works = [notes.write_together(add_all, one) for one in said]
    works.insert(2, notes.write(add, "between"))
    asked = [asyncio.create_task(_outcome(work)) for work in works]
    await asyncio.sleep(0)
    gate.open()
    return list(await asyncio.gather(*asked))


async def _outcome(work: Coroutine[Any, Any, str]) -> str | type[Exception]:
    """What came back, or the kind of what was raised: an error is not handed over as
    if it were the answer."""
    try:
        return await work
    except Exception as error:
        return type(error)


async def test_what_can_be_done_together_is(notes: Database) -> None:
    """Neighbours are one call, in their order; a refused one is told to its asker."""
    told = await _together(notes, "a", "b", "c", "wrong", "d")
    assert CALLS == [["a", "b"], ["c", "wrong", "d"]]
    assert told == ["a", "b", "between", "c", ValueError, "d"]
    assert texts(notes) == ["a", "b", "between", "c", "d"]


async def test_what_fails_together_is_done_alone(notes: Database) -> None:
    """One that nothing can be done with spoils none of those beside it; what was noted
    of the vain attempt is not told."""
    heard: list[Any] = []
    notes.on_commit.append(heard.extend)
    told = await _together(notes, "a", "b", "c", "poison", "wrong")
    assert CALLS == [["a", "b"], ["c", "poison", "wrong"], ["c"], ["poison"], ["wrong"]]
    assert told == ["a", "b", "between", "c", KeyError, ValueError]
    assert texts(notes) == ["a", "b", "between", "c"]
    assert heard == ["a", "b", "c"]


async def test_only_those_of_one_function_are_together(notes: Database) -> None:
    """Neighbours of different functions are each done by their own."""

    def shout(session: Session, said: Sequence[str]) -> list[str | Exception]:
        return [add(session, text.upper()) for text in said]

    gate = Gate(notes)
    works = [
        notes.write_together(add_all, "a"),
        notes.write_together(shout, "b"),
        notes.write_together(shout, "c"),
        notes.write_together(add_all, "d"),
    ]
    asked = [asyncio.create_task(work) for work in works]
    await asyncio.sleep(0)
    gate.open()
    assert await asyncio.gather(*asked) == ["a", "B", "C", "d"]
    assert texts(notes) == ["B", "C", "a", "d"]


async def test_an_answer_too_few_hurts_only_who_asked(notes: Database) -> None:
    """A function that does not answer each of those that it was asked by is undone;
    nobody waits for ever, and the writer lives."""

    def forgetful(session: Session, said: Sequence[str]) -> list[str | Exception]:
        return [add(session, text) for text in said][1:]

    gate = Gate(notes)
    works = [notes.write_together(forgetful, one) for one in ("a", "b")]
    works.append(notes.write(add, "other"))
    asked = [asyncio.create_task(_outcome(work)) for work in works]
    await asyncio.sleep(0)
    gate.open()
    told = await asyncio.wait_for(asyncio.gather(*asked), 10)
    assert told == [ValueError, ValueError, "other"]
    assert texts(notes) == ["other"]


async def test_a_failing_function_undoes_only_itself(notes: Database) -> None:
    """In one batch the faulty write vanishes, its neighbours stay, each is told."""
    gate = Gate(notes)
    asked = [
        asyncio.create_task(notes.write(add, "before")),
        asyncio.create_task(notes.write(fail, "wrong")),
        asyncio.create_task(notes.write(_run, "INSERT INTO nowhere VALUES (1)")),
        asyncio.create_task(notes.write(add, "after")),
    ]
    await asyncio.sleep(0)
    gate.open()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert told[0] == "before"
    assert isinstance(told[1], ValueError)
    assert isinstance(told[2], sa.exc.OperationalError)
    assert told[3] == "after"
    assert texts(notes) == ["after", "before"]


async def test_changes_are_published_after_the_commit_and_only_then(
    notes: Database,
) -> None:
    """A listener sees the rows already committed; a failed function tells nothing."""
    heard: list[tuple[list[Any], list[str]]] = []
    notes.on_commit.append(lambda changes: heard.append((changes, texts(notes))))
    gate = Gate(notes)
    asked = [
        asyncio.create_task(notes.write(add, "silent")),
        asyncio.create_task(notes.write(fail, "wrong")),
        asyncio.create_task(notes.write(add, "told", tell=True)),
    ]
    await asyncio.sleep(0)
    assert heard == []
    gate.open()
    await asyncio.gather(*asked, return_exceptions=True)
    assert heard == [(["told"], ["silent", "told"])]


async def test_nothing_is_published_where_the_commit_fails(notes: Database) -> None:
    """A commit that fails reaches every caller, and no listener."""
    heard: list[Any] = []
    notes.on_commit.append(heard.append)

    def orphan(session: Session) -> None:
        """SQLite looks at this foreign key only when it commits."""
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        _run(session, "INSERT INTO reply VALUES (4711)")

    gate = Gate(notes)
    asked = [
        asyncio.create_task(notes.write(add, "one", tell=True)),
        asyncio.create_task(notes.write(fail, "two")),
        asyncio.create_task(notes.write(orphan)),
    ]
    await asyncio.sleep(0)
    gate.open()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [sa.exc.IntegrityError] * 3
    assert heard == []
    assert texts(notes) == []
    assert await notes.write(add, "later") == "later"
    assert texts(notes) == ["later"]


async def test_a_full_disk_loses_nothing_that_was_promised(notes: Database) -> None:
    """SQLite undoes the whole transaction when the disk is full: the innocent
    functions of that batch are done again, alone, and only the big one is refused."""

    def room_for_little(session: Session) -> str:
        add(session, "first")
        session.connection().exec_driver_sql("PRAGMA max_page_count=20")
        return "first"

    gate = Gate(notes)
    asked = [
        asyncio.create_task(notes.write(room_for_little)),
        asyncio.create_task(notes.write(add, "x" * 500_000)),
        asyncio.create_task(notes.write(add, "last")),
    ]
    await asyncio.sleep(0)
    gate.open()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert told[0] == "first"
    assert isinstance(told[1], sa.exc.OperationalError)
    assert "full" in str(told[1])
    assert told[2] == "last"
    assert texts(notes) == ["first", "last"]


async def test_a_cancelled_caller_does_not_lose_the_write(notes: Database) -> None:
    """What was handed in is done though nobody waits any more, and the writer lives:
    a caller that goes away while its function runs must not take all others along."""
    gate = Gate(notes)
    waiting = asyncio.create_task(notes.write(add, "kept"))
    beside = asyncio.create_task(notes.write(add, "beside"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.open()
    assert await asyncio.wait_for(beside, 10) == "beside"
    assert await asyncio.wait_for(notes.write(add, "next"), 10) == "next"
    assert texts(notes) == ["beside", "kept", "next"]


def test_a_loop_that_has_ended_stops_no_other(notes: Database) -> None:
    """Who asked from there hears nothing; it is done, and others are served."""
    gate = Gate(notes)

    async def ask() -> None:
        asyncio.create_task(notes.write(add, "kept")).add_done_callback(id)
        await asyncio.sleep(0)

    asyncio.run(ask())
    waiting = notes._submit(lambda session: add(session, "other"))
    gate.open()
    assert waiting.result(10) == "other"
    later = notes._submit(lambda session: add(session, "later"))
    assert later.result(10) == "later"
    assert texts(notes) == ["kept", "later", "other"]


async def test_whatever_a_function_raises_is_told(notes: Database) -> None:
    """Also what asyncio lets nobody raise; and the others of its batch are served."""

    def ends(_session: Session) -> None:
        next(iter(()))

    gate = Gate(notes)
    asked = [notes.write(ends), notes.write(add, "one")]
    tasks = [asyncio.create_task(one) for one in asked]
    await asyncio.sleep(0)
    gate.open()
    told = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
    assert isinstance(told[0], RuntimeError)
    assert told[1] == "one"


async def test_a_listener_that_fails_stops_neither_writer_nor_callers(
    notes: Database,
) -> None:
    """Listeners come after the fact: their faults are logged, the write is done."""
    heard: list[Any] = []

    def broken(_changes: list[Any]) -> None:
        raise RuntimeError("broken")

    notes.on_commit += [broken, heard.append]
    for text in ("one", "two"):
        assert await asyncio.wait_for(notes.write(add, text, tell=True), 10) == text
    assert heard == [["one"], ["two"]]


def test_close_finishes_what_was_handed_in(tmp_path: Path) -> None:
    """Everything handed in before the end is on disk when `close` returns."""
    url = f"sqlite:///{tmp_path}/closing.db"
    database = Database(url)
    database.write_now(_run, "CREATE TABLE note (text NOT NULL)")

    def slowly(session: Session, text: str) -> None:
        time.sleep(0.002)
        add(session, text)

    for number in range(150):  # more than one batch
        database._submit(lambda s, n=number: slowly(s, f"{n:03}"))
    database.close()
    with opened(url) as again:
        assert texts(again) == [f"{number:03}" for number in range(150)]


def test_a_write_that_comes_while_it_closes_holds_nobody_up(tmp_path: Path) -> None:
    """It is done, and `close` returns: the word that ends the writer is not taken by
    the one that was begun for the latecomer."""
    database = Database(f"sqlite:///{tmp_path}/closing.db")
    database.write_now(_run, "CREATE TABLE note (text NOT NULL)")
    gate = Gate(database)
    closing = threading.Thread(target=database.close, daemon=True)
    closing.start()
    deadline = time.monotonic() + 10
    while database._writer and database._writer._thread is not None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    late = database._submit(lambda session: add(session, "late"))
    gate.open()
    assert late.result(10) == "late"
    closing.join(10)
    assert not closing.is_alive()
    database.close()


async def test_what_a_read_writes_is_not_kept(notes: Database) -> None:
    """`read` never commits."""
    assert await notes.read(add, "never") == "never"
    assert texts(notes) == []


async def test_a_failure_inside_keeps_the_session_usable_for_the_next(
    notes: Database,
) -> None:
    """Fault after fault, the writer goes on."""
    for round_ in range(5):
        with pytest.raises(ValueError, match="wrong"):
            await notes.write(fail, "wrong")
        assert await notes.write(add, str(round_)) == str(round_)
    assert texts(notes) == list("01234")
