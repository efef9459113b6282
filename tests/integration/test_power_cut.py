"""Accepted means on the disk: what a door has said yes to survives a power cut."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from tests.synced import Disk
from wedding_wa.db import Database, opened
from wedding_wa.models import QueueMessage
from wedding_wa.services.enqueue import EnqueueRequest, enqueue

_CUTS = itertools.count(1)


@pytest.fixture
def wedding(database: Database, tmp_path: Path) -> Couple:
    """A wedding with a guest, on a file that nobody has open."""
    couple = make_couple(database)
    guest_wrote(database, couple.groom)
    database.close()
    home = tmp_path / "home"
    home.mkdir()
    for each in tmp_path.glob("test.db*"):
        each.rename(home / each.name)
    return couple


@pytest.fixture
def disk(wedding: Couple, tmp_path: Path) -> Iterator[Disk]:
    """The disk on which the database lies."""
    made = Disk(tmp_path / "home", tmp_path / "survivors")
    with made.below_sqlite() as there:
        if not there:
            pytest.skip("this Python carries a SQLite of its own inside")
        yield made


@pytest.fixture
def live(disk: Disk) -> Iterator[Database]:
    with opened(f"sqlite:///{disk.folder}/test.db") as made:
        yield made


def survives(disk: Disk, tmp_path: Path) -> set[int]:
    """The messages that are there when the power is back."""
    copy = tmp_path / f"after-{next(_CUTS)}"
    place = disk.after_power_cut("test.db", copy)
    with opened(f"sqlite:///{place}") as found:
        assert found.read_now(_integrity) == "ok"
        return set(found.read_now(lambda s: s.exec(select(QueueMessage.id)).all()))


def _integrity(session: object) -> object:
    return session.execute(sa.text("PRAGMA integrity_check")).scalar()  # type: ignore[attr-defined]


def test_each_accepted_message_is_on_the_disk(
    disk: Disk, live: Database, wedding: Couple, tmp_path: Path
) -> None:
    """One after the other: at the moment of each yes the power goes, and it is there.
    One sync of the log each, no more."""
    put(live, wedding, text="the first makes the log")
    before = disk.syncs["test.db-wal"]
    for n in range(5):
        number = put(live, wedding, text=f"Ciao {n}").id
        assert number in survives(disk, tmp_path)
    assert disk.syncs["test.db-wal"] - before == 5


async def test_a_group_shares_a_sync_and_nobody_is_told_before_it(
    disk: Disk, live: Database, wedding: Couple, tmp_path: Path
) -> None:
    """Sixty at once: whoever is told yes finds the message on the disk, though there
    are fewer syncs than messages."""
    put(live, wedding, text="the first makes the log")
    before = disk.syncs["test.db-wal"]
    told: list[set[int]] = []

    async def one(n: int) -> int:
        request = EnqueueRequest("groom", "+393331112222", f"Ciao {n}")
        done = await live.write(enqueue, wedding.wedding, request, now=NOON)
        if n % 20 == 0:
            told.append({done.id} - survives(disk, tmp_path))
        return done.id

    ids = await asyncio.gather(*(one(n) for n in range(60)))
    assert told == [set()] * 3
    assert set(ids) <= survives(disk, tmp_path)
    assert 1 <= disk.syncs["test.db-wal"] - before < 60


def test_the_shim_would_see_a_lost_message(
    disk: Disk, live: Database, wedding: Couple, tmp_path: Path
) -> None:
    """A disk that lies about its syncs loses the message: so these tests can fail."""
    put(live, wedding, text="kept")
    disk.honest = False
    number = put(live, wedding, text="lost").id
    assert number not in survives(disk, tmp_path)


def test_every_connection_waits_for_the_disk(database: Database) -> None:
    """Also those that are opened later, in the pool and beyond, and after one broke."""
    for round_ in range(2):
        connections = [database.engine.connect() for _ in range(12)]
        for each in connections:
            pragmas = ("synchronous", "foreign_keys", "journal_mode")
            found = [each.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas]
            assert found == [2, 1, "wal"], round_
        for each in connections:
            each.invalidate()
            each.close()


@pytest.mark.postgres
def test_postgresql_waits_for_the_disk_even_where_told_not_to(
    postgres: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`synchronous_commit` is on in every connection of ours, whatever the database's
    own default; a stronger one of its owner's stays."""
    url = postgres.render_as_string(hide_password=False)
    for default, ours in (("off", "on"), ("remote_apply", "remote_apply")):
        monkeypatch.setenv("PGOPTIONS", f"-c synchronous_commit={default}")
        with opened(url) as database:
            connections = [database.engine.connect() for _ in range(3)]
            ask = "SHOW synchronous_commit"
            assert {c.exec_driver_sql(ask).scalar() for c in connections} == {ours}
            for each in connections:
                each.close()
