"""services: a backup: a consistent copy of everything, taken while the app runs.

The copy is written beside its place, checked, put on the disk for good and only then
given its name: a file with the wanted name is whole. SQLite copies itself from one read
transaction; PostgreSQL's tables are read in one REPEATABLE READ transaction into a file
of the same kind, so that a wedding can move from the one to the other. Nobody waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from wedding_wa.domain.errors import Refused
from wedding_wa.services import backup_file, backup_tables, migrations
from wedding_wa.services.clock import Clock

_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made and checked. `copied_at` is aware UTC."""

    file: Path
    size: int
    messages: int
    revision: str
    copied_at: datetime
    took_seconds: float


def database_file(url: str) -> Path | None:
    """The SQLite file behind a database's address; None for PostgreSQL."""
    made = sa.make_url(url)
    if not made.drivername.startswith("sqlite"):
        return None
    return Path(made.database or "").resolve()


def make_backup(url: str, file: Path, *, overwrite: bool, clock: Clock) -> Backup:
    """Copy the database at `url` to `file` and check the copy.

    Raises Refused: an impossible place, a file that is there already (without
    `overwrite`, or that is no backup), no database; BackupFailed: the disk.
    """
    began = clock.monotonic()
    file = Path(os.path.abspath(file))
    source = database_file(url)
    _check_source(source)
    _check_place(file, source, overwrite=overwrite)
    part = file.with_name(file.name + ".part")
    at = clock.now()
    with backup_file.told(file), _own_part(part) as draft:
        if source is not None:
            _copy_sqlite(source, part)
        else:
            backup_tables.pull(url, part)
        contents = backup_file.finish(part, at=at)
        os.fsync(draft.fileno())
        _check_place(file, source, overwrite=overwrite)
        part.replace(file)
        backup_file.sync(file.parent)
    return Backup(
        file=file,
        size=file.stat().st_size,
        messages=contents.messages,
        revision=contents.revision,
        copied_at=contents.copied_at,
        took_seconds=round(clock.monotonic() - began, 3),
    )


def _check_source(source: Path | None) -> None:
    if source is not None and not source.is_file():
        raise Refused("backup.error.no_database", file=str(source))


def _check_place(file: Path, source: Path | None, *, overwrite: bool) -> None:
    if not file.parent.is_dir():
        raise Refused("backup.error.no_folder", folder=str(file.parent))
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise Refused("backup.error.not_writable", folder=str(file.parent))
    if source is not None and file.resolve() in _of_the_database(source):
        raise Refused("backup.error.itself", file=str(file))
    if not os.path.lexists(file):
        return
    if not _is_backup(file):
        raise Refused("backup.error.something_else", file=str(file))
    if not overwrite:
        raise Refused("backup.error.exists", file=str(file))


def _of_the_database(source: Path) -> set[Path]:
    ends = ("", *backup_file.BESIDE)
    return {source.with_name(source.name + end) for end in ends}


def _is_backup(file: Path) -> bool:
    """Only a database, or an empty file, is ever written over: no other by mistake."""
    told = file.lstat()
    whole = stat.S_ISREG(told.st_mode)
    return whole and (not told.st_size or backup_file.is_sqlite(file))


@contextlib.contextmanager
def _own_part(part: Path) -> Iterator[BinaryIO]:
    """The draft, empty, for us alone, readable by nobody else; gone if it fails.

    What a killed backup left there is written over.
    """
    number = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, backup_file.MODE)
    with os.fdopen(number, "r+b") as draft:
        try:
            fcntl.flock(draft, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("backup.error.two_at_once", file=str(part)) from None
        os.fchmod(number, backup_file.MODE)
        draft.truncate(0)
        backup_file.remove(part, ends=backup_file.BESIDE)
        try:
            yield draft
        except BaseException:
            backup_file.remove(part)
            raise


def _copy_sqlite(source: Path, part: Path) -> None:
    """VACUUM INTO is one read transaction: in WAL mode writers go on meanwhile."""
    with contextlib.closing(
        sqlite3.connect(
            f"{source.as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=_WAIT_SECONDS,
        )
    ) as live:
        found = live.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        ).fetchone()[0]
        if not found:
            raise Refused("backup.error.no_database", file=str(source))
        revision = live.execute("SELECT version_num FROM alembic_version").fetchone()
        if revision is None or revision[0] not in migrations.known():
            raise Refused("backup.error.newer", revision=str(revision and revision[0]))
        live.execute("VACUUM INTO ?", (str(part),))
