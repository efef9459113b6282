"""`backup` and `restore` as processes: killed, without room, without a person."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import put
from tests.commands import Commands
from tests.fakes import FakeClock
from tests.integration.backup.full import make_full, rows
from wedding_wa.db import Database, opened
from wedding_wa.services.backup import make_backup


class Program:
    """The command line on this database."""

    def __init__(self, commands: Commands, database: Database) -> None:
        self._commands = commands
        self._env = {"DATABASE_URL": database.url, "LC_ALL": "en_US"}

    def __call__(
        self, *words: str | Path, before: str = "", largest: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self._commands.run(
            *map(str, words), env=self._env, before=before, largest=largest
        )


@pytest.fixture
def program(commands: Commands, database: Database) -> Program:
    return Program(commands, database)


def test_a_full_disk_leaves_nothing_and_the_older_backup(
    program: Program, database: Database, places: Path
) -> None:
    """The file may grow to half of what it needs: exit 1, a sentence, no draft, the
    database whole, the older backup as it was."""
    couple = make_full(database)
    older = make_backup(
        database.url, places / "b.db", overwrite=False, clock=FakeClock()
    )
    bytes_before = older.file.read_bytes()
    for n in range(80):
        put(database, couple, text=f"{n} {'x' * 4000}")
    half = older.size // 2
    ended = program("backup", places / "b.db", "--overwrite", largest=half)
    assert ended.returncode == 1, ended.stderr
    assert "Nothing was changed" in ended.stderr
    assert os.listdir(places) == ["b.db"]
    assert older.file.read_bytes() == bytes_before
    assert put(database, couple, text="still works").id


# The step before which the process dies, as a program that patches it would.
KILLS = {
    "copying": ("shutil", "copyfile"),
    "naming": ("os", "link"),
    "replacing": ("pathlib.Path", "replace"),
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", KILLS)
def test_killed_in_the_middle_either_is_there_whole(
    program: Program,
    database: Database,
    places: Path,
    clock: FakeClock,
    step: str,
    after: bool,
) -> None:
    """kill -9 before and after each step of a restore: the database is the old one or
    the new one, whole; doing it again brings the new one, and keeps the old one."""
    couple = make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    put(database, couple, text="after the backup")
    database.close()
    dying = _dying(*KILLS[step], after=after)
    ended = program("restore", file, "--yes", before=dying)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with opened(database.url) as found:
        assert len(rows(found)["queue_message"]) in (6, 7)
        assert (
            found.read_now(
                lambda s: s.execute(sa.text("PRAGMA integrity_check")).scalar()
            )
            == "ok"
        )
    again = program("restore", file, "--yes", "--json")
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
    program: Program, database: Database, places: Path, after: bool
) -> None:
    """Before the last step there is no file of that name; the next backup is not
    disturbed by the draft that lies there."""
    make_full(database)
    dying = _dying("pathlib.Path", "replace", after=after)
    ended = program("backup", places / "b.db", before=dying)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert (places / "b.db").exists() is after
    again = program("backup", places / "b.db", "--overwrite", "--json")
    assert again.returncode == 0, again.stderr
    assert os.listdir(places) == ["b.db"]


def _dying(module: str, name: str, *, after: bool) -> str:
    """Code that lets a process die before or after its first call of a function."""
    return f"""
import os, pathlib, shutil, signal
real = {module}.{name}
def dies(*args, **more):
    if {after}:
        real(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{name} = dies
"""


def test_the_key_is_named_because_it_is_not_in_the_copy(
    program: Program, database: Database, places: Path
) -> None:
    """Output says what else to keep, in words and as JSON."""
    make_full(database)
    told = program("backup", places / "1.db")
    assert told.returncode == 0, told.stderr
    assert "secret_key" in told.stdout
    as_json = program("backup", places / "2.db", "--json")
    assert '"keep_too": "' in as_json.stdout
    assert b"PRIVATE" not in (places / "2.db").read_bytes()


def test_a_restore_without_a_person_needs_yes(
    program: Program, database: Database, places: Path, clock: FakeClock
) -> None:
    """No terminal and no --yes: exit 3, nothing changed; with it: 0."""
    make_full(database)
    file = make_backup(database.url, places / "b.db", overwrite=False, clock=clock).file
    database.close()
    ended = program("restore", file)
    assert (ended.returncode, "--yes" in ended.stderr) == (3, True), ended.stderr
    done = program("restore", file, "--yes")
    assert done.returncode == 0, done.stderr
    assert ".before-" in done.stdout
