"""Known troubles end in a sentence and an exit code, never in a traceback."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.builders import GUEST, guest_wrote
from tests.integration.cli.conftest import Terminal
from wedding_wa.cli.troubles import told

LINE = json.dumps({"to": GUEST, "text": "Ciao"})
COMMANDS = [
    ("enqueue", "--to", GUEST, "--text", "Ciao"),
    ("queue", "list"),
    ("rescue",),
    ("show", "1"),
    ("policy", "get", "--account", "groom"),
]


@pytest.fixture(autouse=True)
def _let_go(terminal: Terminal) -> None:
    """The test's own connections hold nothing while it spoils the file."""
    guest_wrote(terminal.db, terminal.couple.groom)
    terminal.db.engine.dispose()


def file(terminal: Terminal) -> Path:
    return terminal.folder / "data" / "wedding_wa.db"


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_file_that_is_no_database(terminal: Terminal, words: tuple[str, ...]) -> None:
    """Somebody put another file there."""
    for part in file(terminal).parent.glob("wedding_wa.db*"):
        part.unlink()
    file(terminal).write_bytes(b"not a database at all, " * 500)
    done = terminal(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "put a backup in its place" in done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_database_of_a_newer_version(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    """It is told, and not touched."""
    with sqlite3.connect(file(terminal)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    done = terminal(*words)
    assert (done.exit_code, "newer version" in done.stderr) == (1, True)
    with sqlite3.connect(file(terminal)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row == ("9999_later",)


def test_a_database_that_somebody_locks(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits its ten seconds (here none), then says so; nothing is half done."""
    monkeypatch.setattr("wedding_wa.db.engines._PRAGMAS", ("busy_timeout=50",))
    holder = sqlite3.connect(file(terminal), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = terminal("enqueue", "--to", GUEST, "--text", "Ciao")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "try again in a moment" in done.stderr
    loaded = terminal.file(LINE)
    several = terminal("enqueue", "--file", loaded)
    assert (several.exit_code, several.stdout) == (1, "")
    assert "Queued 0 messages" in several.stderr
    holder.execute("ROLLBACK")
    holder.close()
    assert terminal("enqueue", "--to", GUEST, "--text", "Ciao").exit_code == 0


def test_a_folder_that_cannot_be_made(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands in its way."""
    monkeypatch.setenv("DATA_DIR", str(file(terminal) / "below"))
    done = terminal("queue", "list")
    assert (done.exit_code, "DATA_DIR" in done.stderr) == (1, True)


def test_before_the_setup(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new folder has a database, and no wedding: refused, in words."""
    monkeypatch.setenv("DATA_DIR", str(terminal.folder / "new"))
    for words in (("queue", "list"), ("process-retries",)):
        done = terminal(*words)
        assert (done.exit_code, done.stdout) == (3, "")
        assert "wedding" in done.stderr


class _Answer(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__()
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "cannot be reached"),
        ("28P01", "cannot be reached"),
        ("3D000", "cannot be reached"),
        ("57P03", "in a moment"),
        ("53100", "no room"),
        ("25006", "not written"),
        ("42P01", "not the ones"),
    ],
)
def test_postgres_is_told_apart(state: str | None, words: str) -> None:
    """No server, wrong password, no such database; starting, full, a standby."""
    assert words in told(OperationalError("SELECT", None, _Answer(state)), "en")


def test_the_terminals_language(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentences are in it, as far as there are words in it."""
    monkeypatch.setenv("LC_ALL", "it_IT.UTF-8")
    assert "Questo messaggio" in terminal("show", "9").stderr
    done = terminal("enqueue", "--file", terminal.file("oops"))
    assert done.stderr.startswith("Riga 1: ")


def test_words_in_another_encoding(terminal: Terminal) -> None:
    """Latin-1 bytes among the arguments: told, whatever command gets them."""
    odd = b"Anne-Zo\xeb".decode("utf-8", "surrogateescape")
    for words in (
        ("queue", "list", "--search", odd),
        ("queue", "list", "--account", odd),
        ("policy", "get", "--account", odd),
    ):
        done = terminal(*words)
        assert (done.exit_code, "UTF-8" in done.stderr) == (2, True)
    sent = ("enqueue", "--to", GUEST, "--text", "Ciao", "--account", odd)
    assert terminal(*sent).exit_code == 3


def test_who_reads_our_output_may_go(terminal: Terminal) -> None:
    """`… | head -1`: no traceback about a pipe."""
    loaded = terminal.file(*[LINE] * 150)
    done = subprocess.run(
        f"{sys.executable} -m wedding_wa enqueue --file {loaded} | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
