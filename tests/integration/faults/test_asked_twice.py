"""Who asks again because no answer came gets the first answer, and one message."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import func, select

from tests.builders import GUEST, Couple, guest_wrote, make_couple, put
from tests.commands import Commands
from tests.fakes import NOON
from tests.integration.queue.desk import Desk
from wedding_wa.db import Database, opened
from wedding_wa.domain.errors import WeddingError
from wedding_wa.models import QueueMessage

KEY = "invitation-7"
# The program is killed at the moment in which it would answer.
KILLED_AT_THE_ANSWER = """
import builtins, os, signal
builtins.print = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""


def messages(database: Database) -> int:
    count = select(func.count()).select_from(QueueMessage)
    return database.read_now(lambda s: s.exec(count).one())


def test_fifty_at_once_are_one(any_database: Database) -> None:
    """The same key fifty times in one moment: one row, and all hear of it."""
    couple = make_couple(any_database)
    guest_wrote(any_database, couple.groom)

    def ask(_: int) -> object:
        return put(any_database, couple, idempotency_key=KEY)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(50)))
    assert len(set(answers)) == 1
    assert messages(any_database) == 1


def test_a_key_does_not_grow_old(database: Database) -> None:
    """Two days later, the message long sent: still the first answer."""
    desk = Desk.of(database)
    one = desk.put(idempotency_key=KEY)
    claim = desk.claim()
    desk.mark(claim)
    assert desk.sent(claim)
    desk.later(timedelta(days=2).total_seconds())
    assert desk.put(idempotency_key=KEY) == one
    assert (messages(database), desk.row(one).status) == (1, "sent")
    assert desk.step().claim is None


def test_the_same_key_of_another_wedding_is_another_one(database: Database) -> None:
    """Keys are a wedding's own."""
    first, second = make_couple(database), make_couple(database)
    for couple in (first, second):
        guest_wrote(database, couple.groom)
    ids = {put(database, c, idempotency_key=KEY).id for c in (first, second)}
    assert len(ids) == 2


@pytest.mark.parametrize("other", [{"text": "Something else"}, {"account": "bride"}])
def test_the_same_key_for_something_else_is_refused(
    database: Database, other: dict[str, str]
) -> None:
    """Else the second message is lost, and its sender believes it accepted."""
    couple = make_couple(database)
    for account_id in (couple.groom, couple.bride):
        guest_wrote(database, account_id)
    put(database, couple, idempotency_key=KEY)
    with pytest.raises(WeddingError):
        put(database, couple, idempotency_key=KEY, **other)


@dataclass
class Program:
    """The command line's door on a database of its own, as a process each time."""

    database: Database
    couple: Couple
    folder: Path
    commands: Commands

    def asks(self, *, killed: bool = False) -> subprocess.CompletedProcess[str]:
        words = ["enqueue", "--to", GUEST, "--text", "Ciao", "--idempotency-key", KEY]
        return self.commands.run(
            *words,
            env={"DATA_DIR": str(self.folder), "LC_ALL": "C"},
            before=KILLED_AT_THE_ANSWER if killed else "",
        )


@pytest.fixture
def program(template: Path, tmp_path: Path, commands: Commands) -> Iterator[Program]:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(template, folder / "wedding_wa.db")
    with opened(f"sqlite:///{folder}/wedding_wa.db") as database:
        couple = make_couple(database)
        guest_wrote(database, couple.groom, at=NOON)
        yield Program(database, couple, folder, commands)


def test_killed_between_the_commit_and_the_answer(program: Program) -> None:
    """kill -9 when the row is there and nobody was told: asked again, the same id."""
    assert program.asks(killed=True).returncode == -9
    assert messages(program.database) == 1
    (queued,) = program.database.read_now(lambda s: s.exec(select(QueueMessage.id)))
    again = program.asks()
    assert (again.returncode, again.stdout.strip()) == (0, str(queued)), again.stderr
    assert messages(program.database) == 1


def test_programs_that_ask_at_once_are_told_the_same(program: Program) -> None:
    """Two processes with one key: one row, one answer."""
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: program.asks(), range(2)))
    assert {one.returncode for one in done} == {0}
    assert len({one.stdout for one in done}) == 1
    assert messages(program.database) == 1
