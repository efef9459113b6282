"""A copy comes back whole; what was there is kept; what is no copy stays out."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.accounts import update
from tests.builders import make_couple, put
from tests.fakes import NOON, FakeClock
from tests.integration.backup.full import OTHER, code_of, make_full, rows, same_rows
from wedding_wa.db import Database, opened
from wedding_wa.domain.errors import OptedOut, Refused
from wedding_wa.models import Account
from wedding_wa.services.backup import make_backup
from wedding_wa.services.migrations import migrate
from wedding_wa.services.restore import holds_a_wedding, restore


@pytest.mark.postgres
def test_a_wedding_moves_to_postgresql_and_back(
    database: Database, postgres: sa.URL, places: Path, clock: FakeClock
) -> None:
    """SQLite to PostgreSQL to SQLite: every row the same, the guards work again and
    new rows get new ids."""
    couple = make_full(database)
    first = make_backup(database.url, places / "1.db", overwrite=False, clock=clock)
    url = _new_postgres(postgres, "moved")
    assert not holds_a_wedding(url)
    done = restore(url, first.file, places, clock=clock)
    assert (done.messages, done.before) == (6, None)
    with opened(url) as there:
        same_rows(database, there)
        with pytest.raises(OptedOut):
            put(there, couple, to=OTHER)
        new = put(there, couple, text="neu").id
        assert new == 7
        counters = rows(there)["queue_counter"]
    second = make_backup(url, places / "2.db", overwrite=False, clock=clock)
    home = places / "home.db"
    restore(f"sqlite:///{home}", second.file, places, clock=clock)
    with opened(f"sqlite:///{home}") as back:
        assert rows(back)["queue_counter"] == counters
        with pytest.raises(OptedOut):
            put(back, couple, to=OTHER)


@pytest.mark.postgres
def test_postgresql_is_replaced_in_one_piece_and_kept(
    database: Database, postgres: sa.URL, places: Path, clock: FakeClock
) -> None:
    """What was there is backed up first; not while somebody is connected."""
    make_full(database)
    made = make_backup(database.url, places / "b.db", overwrite=False, clock=clock)
    url = _new_postgres(postgres, "replaced")
    with opened(url) as there:
        migrate(there.engine)
        make_couple(there)
        assert holds_a_wedding(url)
        with there.engine.connect(), pytest.raises(Refused) as caught:
            restore(url, made.file, places, clock=clock)
        assert code_of(caught) == "connected"
        assert rows(there)["queue_message"] == []
    done = restore(url, made.file, places, clock=clock)
    assert done.before is not None
    with opened(f"sqlite:///{done.before}") as kept:
        assert len(rows(kept)["account"]) == 2
        assert rows(kept)["queue_message"] == []
    with opened(url) as there:
        same_rows(database, there)


def _new_postgres(server: sa.URL, name: str) -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.mark.parametrize("spoilt", ["page", "cut", "header", "foreign", "newer"])
def test_what_is_no_whole_backup_of_ours_is_refused(
    database: Database, places: Path, clock: FakeClock, spoilt: str
) -> None:
    """Damaged, cut off, another program's, newer: what is in place stays."""
    make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    code = _spoil(file, spoilt)
    before = rows(database)
    database.close()
    folder = Path(database.url.removeprefix("sqlite:///")).parent
    there = sorted(os.listdir(folder))
    with pytest.raises(Refused) as caught:
        restore(database.url, file, folder, clock=clock)
    assert code_of(caught) == code
    assert sorted(os.listdir(folder)) == there
    with opened(database.url) as again:
        assert rows(again) == before


def _spoil(file: Path, how: str) -> str:
    if how == "newer":
        with sqlite3.connect(file) as copy:
            copy.execute("UPDATE alembic_version SET version_num = '9999'")
        return "newer"
    if how == "foreign":
        file.unlink()
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE recipes (name)")
        return "not_ours"
    whole = bytearray(file.read_bytes())
    if how == "cut":
        file.write_bytes(whole[: len(whole) // 2])
        return "damaged"
    if how == "header":
        whole[:16] = b"x" * 16
    else:
        for start in range(4096, len(whole), 4096):
            whole[start : start + 100] = b"\xff" * 100
    file.write_bytes(whole)
    return "not_ours" if how == "header" else "damaged"


def test_what_was_there_is_kept_under_another_name(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """Two restores in one second keep both; what was written after the backup is in the
    first of them, also what was still in the `-wal`."""
    couple = make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    put(database, couple, text="after the backup")
    database.close()
    folder = Path(database.url.removeprefix("sqlite:///")).parent
    first = restore(database.url, file, folder, clock=clock)
    second = restore(database.url, file, folder, clock=clock)
    assert first.before is not None
    assert second.before is not None
    assert first.before != second.before
    for kept, count in ((first.before, 7), (second.before, 6)):
        with opened(f"sqlite:///{kept}") as old:
            assert len(rows(old)["queue_message"]) == count
    with opened(database.url) as now:
        assert len(rows(now)["queue_message"]) == 6


def test_a_database_in_use_is_left_alone(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """One idle connection of any process is enough; and a lease of another machine."""
    couple = make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    folder = Path(database.url.removeprefix("sqlite:///")).parent
    with pytest.raises(Refused) as caught:
        restore(database.url, file, folder, clock=clock)
    assert code_of(caught) == "in_use"
    later = NOON.replace(hour=13)
    update(database, couple.groom, lease_owner="elsewhere|1|1", lease_until=later)
    database.close()
    with pytest.raises(Refused) as caught:
        restore(database.url, file, folder, clock=clock)
    assert code_of(caught) == "leased"
    clock.advance(7200)
    restore(database.url, file, folder, clock=clock)


def test_a_damaged_database_is_set_aside_in_all_its_parts(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """A restore is for just that; the `-wal` of the old one must not be played into the
    new one."""
    make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    database.close()
    place = Path(database.url.removeprefix("sqlite:///"))
    place.write_bytes(b"x" * 5000)
    place.with_name(f"{place.name}-wal").write_bytes(b"y" * 5000)
    assert holds_a_wedding(database.url)
    done = restore(database.url, file, place.parent, clock=clock)
    assert done.before is not None
    assert done.before.read_bytes() == b"x" * 5000
    beside = done.before.with_name(f"{done.before.name}-wal")
    assert beside.read_bytes() == b"y" * 5000
    with opened(database.url) as now:
        assert len(rows(now)["queue_message"]) == 6


def test_a_copy_made_by_hand_asks_too(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """Three files copied with cp: the `-wal` is taken in, and the moment is the newest
    that anything in it tells of."""
    couple = make_full(database)
    put(database, couple, text="in the -wal", now=NOON.replace(minute=7))
    place = Path(database.url.removeprefix("sqlite:///"))
    for end in ("", "-wal"):
        shutil.copy(f"{place}{end}", places / f"hand.db{end}")
    database.close()
    done = restore(database.url, places / "hand.db", place.parent, clock=clock)
    assert (done.messages, done.copied_at) == (7, NOON.replace(minute=7))
    with opened(database.url) as now:
        moments = now.read_now(lambda s: s.exec(select(Account.restored_from)).all())
    assert set(moments) == {NOON.replace(minute=7)}


def test_an_older_backup_is_brought_up_to_date(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """A copy of the tables as they were before this version is migrated on its way in;
    the file itself stays as it is."""
    from alembic import command
    from wedding_wa.services import migrations

    make_full(database)
    old = places / "old.db"
    shutil.copy(
        make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file,
        old,
    )
    with opened(f"sqlite:///{old}") as copy, copy.engine.connect() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0009")
        connection.commit()
    before = old.read_bytes()
    database.close()
    folder = Path(database.url.removeprefix("sqlite:///")).parent
    restore(database.url, old, folder, clock=clock)
    assert old.read_bytes() == before
    with opened(database.url) as now:
        moments = now.read_now(lambda s: s.exec(select(Account.restored_from)).all())
        assert all(moments)
