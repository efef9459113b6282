"""Whoever has read up to an id has missed none below it, however many write at once."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col

from tests.builders import GUEST, Couple, guest_wrote, make_couple, put
from tests.fakes import NOON, FakeClock
from wedding_wa.db import Database
from wedding_wa.domain.messages import Phase, Status
from wedding_wa.models import QueueMessage, Source
from wedding_wa.services import events, stream_listener
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.retention import retain
from wedding_wa.services.stream import AT_ONCE, read
from wedding_wa.services.stream_channel import Channel
from wedding_wa.services.stream_listener import Listener, Means
from wedding_wa.services.stream_places import (
    ENTRIES,
    LAST_PART,
    Lost,
    Place,
    Start,
    forget_entries,
    mark_copy,
    newest,
    parse,
    start,
)

BEGIN = Place(0)
WRITERS, EACH = 6, 25


@pytest.fixture
def couple(any_database: Database) -> Couple:
    return make_couple(any_database)


def a_phase(session: Session, couple: Couple, number: int) -> None:
    events.begin(
        session, number, Phase.HELD, wedding_id=couple.wedding, attempt=0, at=NOON
    )


def places(db: Database, wedding: int, after: Place = BEGIN) -> list[Place]:
    """Everything after a place, batch by batch, to the end."""
    found: list[Place] = []
    while True:
        batch = db.read_now(read, wedding, after)
        found += [one.place for one in batch.envelopes]
        if batch.upto == after:
            return found
        after = batch.upto


def test_nobody_is_missed_while_many_write(
    any_database: Database, couple: Couple
) -> None:
    """Readers that go on from where they were, beside six writers, have in the end
    just what one has who reads it all afterwards: no gap, no double."""
    guest_wrote(any_database, couple.groom)
    number = put(any_database, couple).id
    over = threading.Event()

    def write() -> None:
        for _ in range(EACH):
            any_database.write_now(a_phase, couple, number)

    def follow() -> list[Place]:
        seen: list[Place] = []
        after, last = Place(0), False
        while True:
            batch = any_database.read_now(read, couple.wedding, after)
            seen += [one.place for one in batch.envelopes]
            if last and batch.upto == after:
                return seen
            after, last = batch.upto, over.is_set()

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        readers = [pool.submit(follow) for _ in range(2)]
        writers = [pool.submit(write) for _ in range(WRITERS)]
        wait(writers, timeout=120)
        over.set()
        followed = [one.result(timeout=60) for one in readers]
    whole = places(any_database, couple.wedding)
    assert len(whole) == len(set(whole)) == 2 + 2 + WRITERS * EACH
    assert followed == [whole, whole]


@pytest.mark.postgres
def test_a_later_number_is_never_seen_before_an_earlier_one(
    any_database: Database, couple: Couple
) -> None:
    """On PostgreSQL two transactions could be numbered in one order and committed in
    the other: each gets its numbers when it commits, and one that is slow holds up
    nobody."""
    if any_database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    guest_wrote(any_database, couple.groom)
    number = put(any_database, couple).id
    before = any_database.read_now(newest, couple.wedding)
    with Session(any_database.engine) as first:
        a_phase(first, couple, number)
        any_database.write_now(a_phase, couple, number)
        quick = places(any_database, couple.wedding, before)
        assert len(quick) == 1
        first.commit()
    slow = places(any_database, couple.wedding, quick[0])
    assert len(slow) == 1
    assert slow > quick


@pytest.mark.postgres
def test_whoever_writes_for_both_numbers_is_in_nobodys_way(
    any_database: Database, couple: Couple
) -> None:
    """One that queues for groom and bride in a transaction, and one that has a row of
    the bride's in hand and notes a phase: neither waits for the other in a ring."""
    if any_database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    for account in (couple.groom, couple.bride):
        guest_wrote(any_database, account)
    theirs = put(any_database, couple, account="bride").id

    def asked(account: str) -> EnqueueRequest:
        return EnqueueRequest(account=account, to=GUEST, text="Ciao")

    with ThreadPoolExecutor(1) as pool, ExitStack() as sessions:
        many, sender = (
            sessions.enter_context(Session(any_database.engine)) for _ in range(2)
        )
        enqueue(many, couple.wedding, asked("groom"), now=NOON)
        sender.execute(
            sa.update(QueueMessage)
            .where(col(QueueMessage.id) == theirs)
            .values(status=Status.PROCESSING.value)
        )
        other = pool.submit(enqueue, many, couple.wedding, asked("bride"), now=NOON)
        assert not wait([other], timeout=0.3).done  # the bride's counters are taken
        a_phase(sender, couple, theirs)
        sender.commit()
        other.result(timeout=30)
        many.commit()
    assert len(places(any_database, couple.wedding)) == 2 * 3 + 1 + 2 * 2


def test_a_wedding_sees_its_own_alone(any_database: Database, couple: Couple) -> None:
    """The numbers are shared, the entries are not."""
    stranger = make_couple(any_database)
    both = ((couple, "+393331112222"), (stranger, "+393334445555"))
    for one, phone in both:
        guest_wrote(any_database, one.groom, phone)
    for _ in range(3):
        for one, phone in both:
            put(any_database, one, to=phone)
    mine = places(any_database, couple.wedding)
    theirs = places(any_database, stranger.wedding)
    assert len(mine) == len(theirs) == 2 + 3 * 2
    assert not set(mine) & set(theirs)
    text = "".join(
        one.text
        for one in any_database.read_now(read, couple.wedding, Place(0)).envelopes
    )
    assert "393334445555" not in text


def entries(db: Database, couple: Couple, many: int, *, at: datetime = NOON) -> None:
    """So many entries that point at nothing."""
    rows = [
        {"wedding_id": couple.wedding, "source": "message", "ref": 9_999, "at": at}
        for _ in range(many)
    ]
    db.write_now(lambda s: s.execute(sa.insert(ENTRIES), rows) and None)


async def test_what_is_forgotten_is_told_as_a_gap(
    any_database: Database, couple: Couple
) -> None:
    """Who comes back from before the oldest that is kept learns that something is
    lost, and goes on from there; who comes from behind it misses nothing."""
    entries(any_database, couple, 5)
    later = NOON + timedelta(days=2)
    entries(any_database, couple, 5, at=later)
    stranger = make_couple(any_database)
    entries(any_database, stranger, 3)
    cutoff = NOON + timedelta(days=1)
    assert await forget_entries(any_database, couple.wedding, cutoff) == 4
    assert await forget_entries(any_database, couple.wedding, cutoff) == 0
    floor = Place(5, LAST_PART)

    def begin(after: Place | None, wedding: int = couple.wedding) -> Start:
        return any_database.read_now(start, wedding, after)

    assert begin(Place(0)) == begin(Place(4, 1)) == Start(floor, Lost.FORGOTTEN)
    assert begin(Place(5)) == Start(Place(5))
    assert begin(Place(7, 1)) == Start(Place(7, 1))
    assert begin(Place(0), stranger.wedding) == Start(Place(0))
    assert begin(None) == Start(Place(10, LAST_PART))


async def test_what_one_wedding_forgets_another_keeps(
    any_database: Database, couple: Couple
) -> None:
    """Also what has smaller numbers."""
    stranger = make_couple(any_database)
    entries(any_database, stranger, 3)
    entries(any_database, couple, 3)
    assert await forget_entries(any_database, couple.wedding, NOON + timedelta(1)) == 2
    theirs = sa.select(ENTRIES.c.id).where(ENTRIES.c.wedding_id == stranger.wedding)
    kept = any_database.read_now(lambda s: s.execute(theirs).scalars().all())
    assert len(kept) == 3


async def test_what_is_forgotten_while_it_is_read_back_is_told_as_a_gap(
    any_database: Database, couple: Couple
) -> None:
    """A reader may be slow; retention overtakes it, and it is told so. Who was told all
    of it by then learns of no loss."""
    guest_wrote(any_database, couple.groom)
    number = put(any_database, couple).id
    for _ in range(AT_ONCE):
        any_database.write_now(a_phase, couple, number)
    channel = Channel(couple.wedding, any_database.read_now(newest, couple.wedding))
    slow = _listener(any_database, channel, couple)
    slow.begin(Start(BEGIN), after=BEGIN, now=NOON)
    texts = await slow.next()
    assert await forget_entries(any_database, couple.wedding, NOON + timedelta(1))
    (lost,) = map(json.loads, await slow.next())
    assert (lost["event"], lost["data"]["reason"]) == ("gap", "forgotten")
    told = parse(json.loads(texts[-1])["id"])
    assert told is not None
    assert str(Place(told.entry, LAST_PART)) == lost["data"]["after"]
    assert parse(lost["id"]) == channel.seen
    again = any_database.read_now(read, couple.wedding, Place(channel.seen.entry))
    assert not again.forgotten


async def test_what_is_read_back_in_slices_is_told_whole(
    any_database: Database, couple: Couple, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little fits at a time."""
    monkeypatch.setattr(stream_listener, "_REPLAYED", 1000)
    guest_wrote(any_database, couple.groom)
    for _ in range(4):
        put(any_database, couple)
    channel = Channel(couple.wedding, any_database.read_now(newest, couple.wedding))
    reader = _listener(any_database, channel, couple)
    reader.begin(Start(BEGIN), after=BEGIN, now=NOON)
    everything, told = places(any_database, couple.wedding), list[Place | None]()
    async with asyncio.timeout(20):
        while len(told) < len(everything):
            told += [parse(json.loads(text)["id"]) for text in await reader.next()]
    assert told == everything


async def test_who_knows_more_than_was_read_here_hears_it_not_again(
    any_database: Database, couple: Couple
) -> None:
    """They come from another process, whose reader was quicker than ours."""
    guest_wrote(any_database, couple.groom)
    channel = Channel(couple.wedding, any_database.read_now(newest, couple.wedding))
    put(any_database, couple)
    known = any_database.read_now(newest, couple.wedding)
    ahead = _listener(any_database, channel, couple)
    ahead.begin(Start(known), after=known, now=NOON)
    told = asyncio.create_task(ahead.next())
    await asyncio.sleep(0)  # it looks, and waits
    put(any_database, couple, text="Another")
    channel.add(any_database.read_now(read, couple.wedding, channel.seen))
    ahead.wake()
    places = [parse(json.loads(text)["id"]) for text in await told]
    assert places == [Place(known.entry + 1), Place(known.entry + 1, 1)]


def _listener(db: Database, channel: Channel, couple: Couple) -> Listener:
    bearer = Bearer(couple.wedding, frozenset(Scope), 1, None, None, "screen")
    return Listener(Means(db, FakeClock()), channel, bearer, None)


async def test_retention_forgets_the_stream_with_the_numbers_past(
    any_database: Database, couple: Couple
) -> None:
    """After 90 days where the owner says nothing else."""
    entries(any_database, couple, 3)
    entries(any_database, couple, 3, at=NOON + timedelta(days=5))
    await retain(any_database, now=NOON + timedelta(days=89))
    begin = any_database.read_now(start, couple.wedding, Place(1))
    assert begin.lost is None
    await retain(any_database, now=NOON + timedelta(days=91))
    begin = any_database.read_now(start, couple.wedding, Place(1))
    assert begin == Start(Place(3, LAST_PART), Lost.FORGOTTEN)


async def test_all_of_it_may_be_old(any_database: Database, couple: Couple) -> None:
    """The mark stays, and new numbers come behind it."""
    entries(any_database, couple, 3)
    assert await forget_entries(any_database, couple.wedding, NOON + timedelta(1)) == 2
    entries(any_database, couple, 1)
    assert places(any_database, couple.wedding) == []
    assert any_database.read_now(newest, couple.wedding) == Place(4, LAST_PART)


def test_a_place_that_this_database_does_not_know(
    any_database: Database, couple: Couple
) -> None:
    """From the future, in whatever size: a gap, and on with what comes."""
    entries(any_database, couple, 2)
    lost = Start(Place(2, LAST_PART), Lost.UNKNOWN)
    for after in (Place(3), Place(2**31), Place(10**18 - 1)):
        assert any_database.read_now(start, couple.wedding, after) == lost


def test_a_copy_put_back_knows_who_was_told_more(
    any_database: Database, couple: Couple
) -> None:
    """It goes on far behind its end: who was told what the copy does not know is told
    of a gap, also after the copy has had as many entries as the former database; who
    was not misses nothing."""
    entries(any_database, couple, 3)
    with any_database.engine.begin() as connection:
        mark_copy(connection, at=NOON)
        if not any_database.is_sqlite:
            connection.exec_driver_sql(
                "SELECT setval('stream_entry_id_seq', max(id)) FROM stream_entry"
            )
    entries(any_database, couple, 5)

    def begin(after: Place) -> Start:
        return any_database.read_now(start, couple.wedding, after)

    mark = any_database.read_now(
        lambda s: s.execute(
            sa.select(sa.func.max(ENTRIES.c.id)).where(
                ENTRIES.c.source == Source.RESTORED
            )
        ).scalar_one()
    )
    assert begin(Place(3, 1)) == Start(Place(3, 1))
    assert begin(Place(5)) == Start(Place(mark, LAST_PART), Lost.UNKNOWN)
    assert begin(Place(mark + 1)) == Start(Place(mark + 1))


@settings(max_examples=200)
@given(st.integers(0, 10**18 - 1), st.integers(0, 1))
def test_a_place_reads_as_it_is_written(entry: int, part: int) -> None:
    """An id that was told is understood when it comes back."""
    place = Place(entry, part)
    assert parse(str(place)) == place


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_nonsense_is_no_place(text: str) -> None:
    """What is no id is None, and never an error."""
    found = parse(text)
    assert found is None or parse(str(found)) == found
