"""services: putting a backup in place, whole or not at all.

The copy is brought into the data directory, checked and made today's there, beside the
database; then it takes the database's name in one step. What was there keeps a name of
its own: nothing is deleted. Killed at any moment, either the old or the new database
is there, whole. A restored wedding sends nothing before WAHA has told what was sent
since the copy was taken (services.restore_check).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from wedding_wa.db import opened
from wedding_wa.domain.errors import Refused
from wedding_wa.models import Account, Wedding
from wedding_wa.services import backup_file, backup_tables, migrations
from wedding_wa.services.backup import database_file, make_backup
from wedding_wa.services.clock import Clock
from wedding_wa.services.processes import ProcessIdentity, is_dead
from wedding_wa.services.sql import table

_STAGE = ".restoring"
_ACCOUNTS = table(Account)


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in place now. `before` is where the former database went, if any."""

    messages: int
    revision: str
    copied_at: datetime
    before: Path | None


def holds_a_wedding(url: str) -> bool:
    """Whether there is anything that a restore would take the place of.

    A database that cannot be read counts as something.
    """
    place = database_file(url)
    if place is not None and not place.exists():
        return False
    try:
        if place is not None and not backup_file.is_sqlite(place):
            return True  # not even opened: SQLite would tidy up beside it
        with opened(url) as database, database.engine.connect() as connection:
            if not sa.inspect(connection).has_table("wedding"):
                return False
            counted = sa.select(sa.func.count()).select_from(table(Wedding))
            return connection.execute(counted).scalar_one() > 0
    except (sa.exc.DatabaseError, OSError):
        return True


def restore(url: str, file: Path, data_dir: Path, *, clock: Clock) -> Restored:
    """Put the backup `file` in the place of the database at `url`.

    Raises Refused: no backup of ours, damaged, newer than this version, or a process
    works on the database; BackupFailed: the disk. Then nothing was changed.
    """
    with backup_file.told(file), _stage(data_dir, url) as stage:
        draft = _bring(file, stage)
        contents = _make_ready(draft, clock)
        place = database_file(url)
        if place is not None:
            before = _swap(draft, place, clock.now())
        else:
            before = _pour(draft, url, data_dir, clock)
    return Restored(contents.messages, contents.revision, contents.copied_at, before)


@contextlib.contextmanager
def _stage(data_dir: Path, url: str) -> Iterator[Path]:
    """A folder beside the database, ours alone; what a killed restore left is gone."""
    place = database_file(url)
    folder = place.parent if place is not None else data_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"{_STAGE}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("backup.error.two_restores") from None
        stage = folder / _STAGE
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(mode=0o700)
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
            Path(lock.name).unlink(missing_ok=True)


def _bring(file: Path, stage: Path) -> Path:
    """Copy the backup into the stage, with the `-wal` of one copied by hand."""
    if not file.is_file():
        raise Refused("backup.error.no_file", file=str(file))
    if not backup_file.is_sqlite(file):
        raise Refused("backup.error.not_ours")
    draft = stage / "draft.db"
    shutil.copyfile(file, draft)
    draft.chmod(backup_file.MODE)
    if (beside := file.with_name(file.name + "-wal")).exists():
        shutil.copyfile(beside, draft.with_name(draft.name + "-wal"))
    return draft


def _make_ready(draft: Path, clock: Clock) -> backup_file.Contents:
    """Check it as it came, then make it today's and mark it.

    A copy that was made by hand does not say when: then it is when anything last
    happened in it.
    """
    try:
        backup_file.one_file(draft)
    except sqlite3.DatabaseError as error:
        raise Refused("backup.error.damaged", why=str(error)) from error
    backup_file.check(draft)
    with opened(f"sqlite:///{draft}") as database:
        migrations.migrate(database.engine)
    marked = backup_file.is_marked(draft)
    newest = None if marked else backup_file.newest_moment(draft)
    return backup_file.finish(draft, at=newest or clock.now())


def _swap(draft: Path, place: Path, now: datetime) -> Path | None:
    """Give the draft the database's name; return what the former is called now."""
    if not place.exists():
        backup_file.remove(place, ends=backup_file.BESIDE)
        draft.replace(place)
        backup_file.sync(place.parent)
        return None
    before = _free_name(place, now)
    with _nobody_else(place, now) as readable:
        _name_it_too(place, before)
        if not readable:
            _set_aside(place, before)
        draft.replace(place)
        backup_file.sync(place.parent)
    return before


def _name_it_too(place: Path, before: Path) -> None:
    """A second name for the file; a copy of it where the disk knows no such names."""
    try:
        os.link(place, before)
    except OSError:
        shutil.copy2(place, before)
        backup_file.sync(before)
    backup_file.sync(place.parent)


def _free_name(place: Path, now: datetime) -> Path:
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    name = f"{place.name}.before-{stamp}"
    number = 1
    while (found := place.with_name(name)).exists():
        number += 1
        name = f"{place.name}.before-{stamp}-{number}"
    return found


@contextlib.contextmanager
def _nobody_else(place: Path, now: datetime) -> Iterator[bool]:
    """Hold the database alone, as one file. Raises Refused while a process has it.

    Every process of ours keeps connections in WAL mode, and that mode can be left only
    by the last one. False: what lies there is damaged, and nobody can hold it.
    """
    try:
        live = sqlite3.connect(place, timeout=0, isolation_level=None)
    except sqlite3.DatabaseError:
        yield False
        return
    with contextlib.closing(live):
        try:
            mode = live.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
            live.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise Refused("backup.error.in_use") from None
            raise  # the disk, or its rights: not the database's own damage
        except sqlite3.DatabaseError:
            mode = None
        if mode == "delete":
            _no_lease_elsewhere(live, now)
        yield mode == "delete"


def _no_lease_elsewhere(live: sqlite3.Connection, now: datetime) -> None:
    """A worker on another host, with the same folder, is seen by its lease alone."""
    names = {row[0] for row in live.execute("SELECT name FROM sqlite_master")}
    held: list[tuple[str, str]] = []
    if "account" in names:
        held = live.execute(
            "SELECT lease_owner, key FROM account "
            "WHERE lease_owner IS NOT NULL AND lease_until > ?",
            (f"{now:%Y-%m-%d %H:%M:%S}",),
        ).fetchall()
    for owner, key in held:
        if not is_dead(ProcessIdentity.parse(owner)):
            raise Refused("backup.error.leased", account=key)


def _set_aside(place: Path, before: Path) -> None:
    """Of a damaged database all parts are kept, under names that belong together."""
    for end in backup_file.BESIDE:
        part = place.with_name(place.name + end)
        if part.exists():
            part.replace(before.with_name(before.name + end))


def _pour(draft: Path, url: str, data_dir: Path, clock: Clock) -> Path | None:
    """Into PostgreSQL, in one transaction; what was there is backed up before."""
    before: Path | None = None
    with opened(url) as database:
        migrations.migrate(database.engine)
    if holds_a_wedding(url):
        _nobody_in(url)
        before = _free_name(data_dir / "postgresql.db", clock.now())
        make_backup(url, before, overwrite=False, clock=clock)
    with opened(url) as database, database.engine.begin() as to:
        _check_alone(to)
        backup_tables.empty(to)
        with backup_file.reading(draft) as from_:
            backup_tables.copy_tables(from_, to)
    return before


def _nobody_in(url: str) -> None:
    with opened(url) as database, database.engine.connect() as connection:
        _check_alone(connection)


def _check_alone(connection: sa.Connection) -> None:
    """Nobody else is connected, and no worker's lease is alive. Raises Refused."""
    others = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).scalar_one()
    if others:
        raise Refused("backup.error.connected", n=others)
    leased = connection.execute(
        sa.select(_ACCOUNTS.c.lease_owner, _ACCOUNTS.c.key).where(
            _ACCOUNTS.c.lease_owner.is_not(None),
            _ACCOUNTS.c.lease_until > sa.func.now(),
        )
    ).all()
    for owner, key in leased:
        if not is_dead(ProcessIdentity.parse(owner)):
            raise Refused("backup.error.leased", account=key)
