"""A copy holds everything, is checked, and knows what it is."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests.accounts import account, gaps, update
from tests.builders import put
from tests.fakes import NOON, FakeClock
from tests.integration.backup.full import code_of, make_full, rows, same_rows
from wedding_wa.db import Database, opened
from wedding_wa.domain.errors import Refused
from wedding_wa.models import Notice
from wedding_wa.services import backup_file, notices
from wedding_wa.services.backup import make_backup
from wedding_wa.services.backup_file import BackupFailed
from wedding_wa.words import say


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
