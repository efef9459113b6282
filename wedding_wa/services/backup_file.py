"""services: the file of a backup: whether it is one of ours, whole, and how it is made.

It is a SQLite file with all tables, of whichever database it was taken, in one piece
(no `-wal` beside it). A copy knows that it is one: every account in it is held until
WAHA has told what was sent since (services.restore_check), whoever puts it in place.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from wedding_wa.db import opened
from wedding_wa.domain.errors import Refused, WeddingError
from wedding_wa.models import Account, HearingGap, MessageEvent, Notice, QueueMessage
from wedding_wa.services import hearing, migrations, notices
from wedding_wa.services.sql import table
from wedding_wa.services.stream_places import mark_copy

MODE = 0o600
#: What SQLite may keep beside a file, by the end of its name.
BESIDE = ("-wal", "-shm", "-journal")

_HEADER = b"SQLite format 3\x00"
_ACCOUNTS = table(Account)
_GAPS = table(HearingGap)
_NOTICES = table(Notice)
# How SQLite tells that it cannot read on: an application's file, or a broken one.
_BROKEN = (sqlite3.DatabaseError, sa.exc.DatabaseError)


class BackupFailed(WeddingError):
    """The copy could not be written or read to its end; nothing was changed."""

    code = "backup.error.failed"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a checked copy holds. `copied_at` is when it was taken, aware UTC."""

    messages: int
    revision: str
    copied_at: datetime


def is_sqlite(path: Path) -> bool:
    """Whether the file begins as every SQLite file does. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def check(path: Path) -> str:
    """Read the whole file; return its newest migration.

    Raises Refused: no SQLite file, damaged, not ours, or of a newer version.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as file:
            found = file.execute("PRAGMA integrity_check(1)").fetchone()[0]
            dangling = file.execute("PRAGMA foreign_key_check").fetchone()
            revision = _revision(file)
    except sqlite3.DatabaseError as error:
        raise Refused("backup.error.damaged", str(error), why=str(error)) from error
    if found != "ok" or dangling is not None:
        why = found if found != "ok" else f"foreign key in {dangling[0]}"
        raise Refused("backup.error.damaged", why, why=why)
    if revision is None:
        raise Refused("backup.error.not_ours")
    if revision not in migrations.known():
        raise Refused("backup.error.newer", revision=revision)
    return revision


def finish(path: Path, *, at: datetime) -> Contents:
    """Bring a copy to today's tables, mark it as a copy taken at `at`, make it one file
    and check it whole. Raises Refused where it is not what it should be.
    """
    with opened(f"sqlite:///{path}") as database:
        migrations.migrate(database.engine)
        with database.engine.begin() as connection:
            mark(connection, at=at)
    one_file(path)
    revision = check(path)
    contents = read(path)
    sync(path)
    return Contents(contents[0], revision, contents[1] or at)


def mark(connection: sa.Connection, *, at: datetime) -> None:
    """Say in the copy's tables that it is one: accounts held and doubted since `at`.

    A copy of a copy that has not asked yet keeps the older moment. No process works
    on it: nobody has its leases.
    """
    known = sa.func.coalesce(_ACCOUNTS.c.restored_from, at)
    connection.execute(
        sa.update(_ACCOUNTS).values(
            restored_from=sa.case((known < at, known), else_=at),
            lease_owner=None,
            lease_until=None,
        )
    )
    connection.execute(
        sa.update(_NOTICES)
        .where(_NOTICES.c.kind == notices.RESTORED, _NOTICES.c.ended_at.is_(None))
        .values(ended_at=at)
    )
    _doubt_what_is_said(connection, at=at)
    mark_copy(connection, at=at)


def _doubt_what_is_said(connection: sa.Connection, *, at: datetime) -> None:
    """What guests say after `at` is not in the copy, their STOP neither: a gap."""
    still_open = _GAPS.c.closed_at.is_(None)
    connection.execute(
        sa.update(_GAPS)
        .where(still_open)
        .values(since=sa.case((_GAPS.c.since > at, at), else_=_GAPS.c.since), tries=0)
    )
    have = sa.select(_GAPS.c.account_id).where(still_open)
    linked = connection.execute(
        sa.select(_ACCOUNTS.c.id, _ACCOUNTS.c.wedding_id).where(
            _ACCOUNTS.c.own_chat_id.is_not(None), _ACCOUNTS.c.id.not_in(have)
        )
    ).all()
    for account_id, wedding_id in linked:
        connection.execute(
            sa.insert(_GAPS).values(
                account_id=account_id,
                wedding_id=wedding_id,
                since=at,
                opened_at=at,
                reason=hearing.ABSENCE,
                tries=0,
            )
        )


def is_marked(path: Path) -> bool:
    """Whether every account in it knows that it is a copy."""
    unmarked = sa.select(_ACCOUNTS.c.id).where(_ACCOUNTS.c.restored_from.is_(None))
    with reading(path) as file:
        return file.execute(unmarked).first() is None


def newest_moment(path: Path) -> datetime | None:
    """When anything last happened in the copy, for one that was made by hand."""
    events = table(MessageEvent)
    moments = (
        sa.select(sa.func.max(events.c.at)),
        sa.select(sa.func.max(_ACCOUNTS.c.last_heard_at)),
        sa.select(sa.func.max(_ACCOUNTS.c.status_seen_at)),
    )
    with opened(f"sqlite:///{path}") as database, database.engine.connect() as file:
        found = [file.execute(each).scalar() for each in moments]
    return max((_aware(each) for each in found if each is not None), default=None)


def read(path: Path) -> tuple[int, datetime | None]:
    """How many messages it holds, and when it was taken."""
    counted = sa.select(sa.func.count()).select_from(table(QueueMessage))
    with reading(path) as file:
        messages = file.execute(counted).scalar_one()
        taken = file.execute(sa.select(sa.func.min(_ACCOUNTS.c.restored_from))).scalar()
    return messages, None if taken is None else _aware(taken)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sa.Connection]:
    """The copy for reading, as it lies there: no `-wal`, no lock, nothing written."""
    where = f"{path.resolve().as_uri()}?mode=ro"
    plain = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(where, uri=True),
        poolclass=sa.pool.NullPool,
    )
    with plain.connect() as connection:
        yield connection


def one_file(path: Path) -> None:
    """Fold the `-wal` in. Raises sqlite3.OperationalError while anybody has it open."""
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as file:
        file.execute("PRAGMA journal_mode=DELETE").fetchall()


def sync(path: Path) -> None:
    """On the disk for good, the file or the folder's list of names."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def remove(path: Path, *, ends: Sequence[str] = ("", *BESIDE)) -> None:
    """Throw a file of ours away with what SQLite put beside it."""
    for end in ends:
        path.with_name(path.name + end).unlink(missing_ok=True)


@contextlib.contextmanager
def told(place: Path) -> Iterator[None]:
    """Turn what the disk and SQLite say into a sentence. Raises BackupFailed."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise BackupFailed(str(error), file=str(place), why=why) from error
    except _BROKEN as error:
        why = str(getattr(error, "orig", error))
        raise BackupFailed(str(error), file=str(place), why=why) from error


def _revision(file: sqlite3.Connection) -> str | None:
    names = {row[0] for row in file.execute("SELECT name FROM sqlite_master")}
    if not {"alembic_version", "account", "queue_message"} <= names:
        return None
    row = file.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
