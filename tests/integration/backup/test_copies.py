"""A copy holds everything, is checked, knows what it is, and comes back whole."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.accounts import account, gaps, update
from tests.builders import make_couple, put
from tests.fakes import NOON, FakeClock
from tests.integration.backup.full import OTHER, make_full, rows
from wedding_wa.db import Database, opened
from wedding_wa.domain.errors import OptedOut, Refused
from wedding_wa.models import Account, Notice
from wedding_wa.services import backup_file, notices
from wedding_wa.services.backup import make_backup
from wedding_wa.services.backup_file import BackupFailed
from wedding_wa.services.migrations import migrate
from wedding_wa.services.restore import holds_a_wedding, restore
from wedding_wa.words import say

ROOT = Path(__file__).parents[3]
# What a copy says otherwise, on purpose.
MARKED = {"account", "hearing_gap", "notice"}


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A folder for copies, away from the database."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def code_of(caught: pytest.ExceptionInfo[Any]) -> str:
    assert say("en", caught.value.code, **caught.value.params) != caught.value.code
    return str(caught.value.code).removeprefix("backup.error.")


def same_rows(one: Database, other: Database) -> None:
    """Equal in every table that a copy does not mark."""
    first, second = rows(one), rows(other)
    for told in (first, second):  # a copy's stream has a mark at its end besides
        told["stream_entry"] = [e for e in told["stream_entry"] if e[2] != "restored"]
    for name in first.keys() - MARKED:
        assert second[name] == first[name], name
    assert [a[0] for a in first["account"]] == [a[0] for a in second["account"]]


def test_a_copy_holds_every_row_and_is_for_its_owner_alone(
    any_database: Database, places: Path, clock: FakeClock
) -> None:
    """Of both databases: all tables, ids, times to the microsecond, bytes, emoji; the
    file is readable by its owner only, and nothing lies beside it."""
    make_full(any_database)
    made = make_backup(any_database.url, places / "b.db", overwrite=False, clock=clock)
    assert (made.messages, made.copied_at) == (6, NOON)
    assert made.size == made.file.stat().st_size
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(places) == ["b.db"]
    with opened(f"sqlite:///{made.file}") as copy:
        same_rows(any_database, copy)


def test_a_copy_knows_that_it_is_one_and_the_original_does_not(
    any_database: Database, places: Path, clock: FakeClock
) -> None:
    """In the copy every account is held and doubts what it heard since, nobody has its
    lease, and an older waiting is not taken for this one; the original is untouched."""
    couple = make_full(any_database)
    update(
        any_database, couple.groom, lease_owner="h|1|1", lease_until=NOON, lease_token=4
    )
    any_database.write_now(
        lambda s: s.add(
            Notice(
                wedding_id=couple.wedding,
                account_id=couple.groom,
                scope=couple.groom,
                kind=notices.RESTORED,
                at=NOON,
            )
        )
    )
    before = rows(any_database)
    clock.advance(60)
    made = make_backup(any_database.url, places / "b.db", overwrite=False, clock=clock)
    assert rows(any_database) == before
    with opened(f"sqlite:///{made.file}") as copy:
        groom = account(copy, couple.groom)
        assert groom.restored_from == clock.now()
        assert (groom.lease_owner, groom.lease_until) == (None, None)
        assert groom.lease_token == 4
        assert [(g.since, g.closed_at) for g in gaps(copy, couple.groom)] == [
            (clock.now(), None)
        ]
        ended = copy.read_now(lambda s: s.exec(select(Notice.ended_at)).all())
        assert ended == [clock.now()]


def test_a_copy_of_a_copy_keeps_the_older_moment(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """What the first restore has not asked yet, the second must ask too."""
    couple = make_full(database)
    update(database, couple.groom, restored_from=NOON)
    clock.advance(3600)
    made = make_backup(database.url, places / "b.db", overwrite=False, clock=clock)
    with opened(f"sqlite:///{made.file}") as copy:
        assert account(copy, couple.groom).restored_from == NOON
        assert account(copy, couple.bride).restored_from == clock.now()


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


def test_a_writer_goes_on_while_the_copy_is_made(
    database: Database, places: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the copy reads, commits go through; the copy is of one moment: each pair of
    rows written together is there whole or not at all."""
    couple = make_full(database)
    reading, go_on = threading.Event(), threading.Event()
    real = sqlite3.connect

    class Slow(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> Any:
            if not sql.startswith("VACUUM"):
                return super().execute(sql, *args)
            self.set_progress_handler(self._once, 200)
            return super().execute(sql, *args)

        def _once(self) -> int:
            reading.set()
            go_on.wait(30)
            return 0

    def connect(*args: Any, **more: Any) -> sqlite3.Connection:
        return real(*args, **({"factory": Slow} | more if more.get("uri") else more))

    monkeypatch.setattr("wedding_wa.services.backup.sqlite3.connect", connect)
    made: list[Any] = []
    thread = threading.Thread(
        target=lambda: made.append(
            make_backup(database.url, places / "b.db", overwrite=False, clock=clock)
        )
    )
    thread.start()
    assert reading.wait(30)
    written = [put(database, couple, text=f"meanwhile {n}").id for n in range(20)]
    go_on.set()
    thread.join(30)
    assert len(written) == 20
    assert made[0].messages == 6


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nowhere/b.db", "no_folder"),
        ("there.db", "exists"),
        ("notes.txt", "something_else"),
        ("folder", "something_else"),
        ("link", "something_else"),
    ],
)
def test_an_impossible_place_is_refused(
    database: Database, places: Path, clock: FakeClock, name: str, code: str
) -> None:
    """Nothing is written over without a word, and never what is no database."""
    make_full(database)
    make_backup(database.url, places / "there.db", overwrite=False, clock=clock)
    (places / "notes.txt").write_text("dear diary")
    (places / "folder").mkdir()
    (places / "link").symlink_to("/dev/null")
    before = sorted(os.listdir(places))
    with pytest.raises(Refused) as caught:
        make_backup(
            database.url, places / name, overwrite=code != "exists", clock=clock
        )
    assert code_of(caught) == code
    assert sorted(os.listdir(places)) == before


def test_the_database_itself_is_no_place(database: Database, clock: FakeClock) -> None:
    """Not even with --overwrite, nor by another name of it."""
    make_full(database)
    file = Path(database.url.removeprefix("sqlite:///"))
    for name in (file.name, f"{file.name}-wal", f"x/../{file.name}"):
        (file.parent / "x").mkdir(exist_ok=True)
        with pytest.raises(Refused) as caught:
            make_backup(database.url, file.parent / name, overwrite=True, clock=clock)
        assert code_of(caught) == "itself"


def test_an_older_backup_may_go_if_one_says_so(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """With `overwrite` the new one takes its name, once it is whole."""
    couple = make_full(database)
    make_backup(database.url, places / "b.db", overwrite=False, clock=clock)
    put(database, couple, text="one more")
    (places / "empty.db").touch()
    for name in ("b.db", "empty.db"):
        made = make_backup(database.url, places / name, overwrite=True, clock=clock)
        assert made.messages == 7
    (places / "empty.db").unlink()
    assert os.listdir(places) == ["b.db"]


def test_a_full_disk_leaves_nothing_and_the_older_backup(
    database: Database, places: Path
) -> None:
    """The file may grow to half of what it needs: exit 1, a sentence, no draft, the
    database whole, the older backup as it was."""
    couple = make_full(database)
    older = make_backup(
        database.url, places / "b.db", overwrite=False, clock=FakeClock()
    )
    bytes_before = older.file.read_bytes()
    for n in range(300):
        put(database, couple, text=f"{n} {'x' * 1000}")
    half = older.size // 2
    ended = _command(
        database,
        "backup",
        str(places / "b.db"),
        "--overwrite",
        limit=half,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Nothing was changed" in ended.stderr
    assert os.listdir(places) == ["b.db"]
    assert older.file.read_bytes() == bytes_before
    assert put(database, couple, text="still works").id


def _command(
    database: Database, *words: str, limit: int | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    def small() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "wedding_wa", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database.url, "LC_ALL": "en_US", **env},
        preexec_fn=small,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


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


# The step before which the process dies, as a program that patches it would.
KILLS = {
    "copying": ("shutil", "copyfile"),
    "naming": ("os", "link"),
    "replacing": ("pathlib.Path", "replace"),
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", KILLS)
def test_killed_in_the_middle_either_is_there_whole(
    database: Database, places: Path, clock: FakeClock, step: str, after: bool
) -> None:
    """kill -9 before and after each step of a restore: the database is the old one or
    the new one, whole; doing it again brings the new one, and keeps the old one."""
    couple = make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    put(database, couple, text="after the backup")
    database.close()
    program = _dying(*KILLS[step], after=after)
    ended = _run(database, program, "restore", str(file), "--yes")
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with opened(database.url) as found:
        assert len(rows(found)["queue_message"]) in (6, 7)
        assert (
            found.read_now(
                lambda s: s.execute(sa.text("PRAGMA integrity_check")).scalar()
            )
            == "ok"
        )
    again = _command(database, "restore", str(file), "--yes", "--json")
    assert again.returncode == 0, again.stderr
    with opened(database.url) as found:
        assert len(rows(found)["queue_message"]) == 6
    folder = Path(database.url.removeprefix("sqlite:///")).parent
    kept = [each for each in folder.iterdir() if ".before-" in each.name]
    assert kept
    counts = []
    for each in kept:
        if each.name.endswith(("-wal", "-shm")):
            continue
        with opened(f"sqlite:///{each}") as old:
            counts.append(len(rows(old)["queue_message"]))
    assert 7 in counts
    assert not (folder / ".restoring").exists()


@pytest.mark.parametrize("after", [False, True])
def test_a_backup_killed_in_the_middle_is_no_backup(
    database: Database, places: Path, after: bool
) -> None:
    """Before the last step there is no file of that name; the next backup is not
    disturbed by the draft that lies there."""
    make_full(database)
    program = _dying("pathlib.Path", "replace", after=after)
    ended = _run(database, program, "backup", str(places / "b.db"))
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert (places / "b.db").exists() is after
    again = _command(database, "backup", str(places / "b.db"), "--overwrite", "--json")
    assert again.returncode == 0, again.stderr
    assert os.listdir(places) == ["b.db"]


def _dying(module: str, name: str, *, after: bool) -> str:
    """The command line, with SIGKILL before or after the first call of a function."""
    owner = "pathlib.Path" if module.startswith("pathlib") else module
    return f"""
import os, shutil, pathlib, signal, sys
real = {owner}.{name}
def dies(*args, **more):
    if {after}:
        real(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
{owner}.{name} = dies
from wedding_wa.cli import main
main()
"""


def _run(
    database: Database, program: str, *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database.url, "LC_ALL": "en_US"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_key_is_named_because_it_is_not_in_the_copy(
    database: Database, places: Path
) -> None:
    """Output says what else to keep, in words and as JSON."""
    make_full(database)
    told = _command(database, "backup", str(places / "1.db"))
    assert told.returncode == 0, told.stderr
    assert "secret_key" in told.stdout
    as_json = _command(database, "backup", str(places / "2.db"), "--json")
    assert '"keep_too": "' in as_json.stdout
    assert b"PRIVATE" not in (places / "2.db").read_bytes()


def test_a_restore_without_a_person_needs_yes(
    database: Database, places: Path, clock: FakeClock
) -> None:
    """No terminal and no --yes: exit 3, nothing changed; with it: 0."""
    make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    database.close()
    ended = _command(database, "restore", str(file))
    assert (ended.returncode, "--yes" in ended.stderr) == (3, True), ended.stderr
    done = _command(database, "restore", str(file), "--yes")
    assert done.returncode == 0, done.stderr
    assert ".before-" in done.stdout


def test_a_failed_copy_says_why(
    database: Database, places: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk says is in the sentence; the draft is gone."""
    make_full(database)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_file, "sync", full)
    with pytest.raises(BackupFailed) as caught:
        make_backup(database.url, places / "b.db", overwrite=False, clock=clock)
    assert "No space left" in say("en", caught.value.code, **caught.value.params)
    assert os.listdir(places) == []
