"""db: how each kind of database is opened."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from wedding_wa.domain.errors import NotFound

READERS = 8
_OUT_OF_RANGE = "22003"  # of PostgreSQL's whole numbers
_WAL_TRIES = 200
_WAL_WAIT_SECONDS = 0.05
_PRAGMAS = (
    "busy_timeout=10000",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-8000",
)
_WAITS_FOR_THE_DISK = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)


def engine_of(url: str) -> sa.Engine:
    """The engine for this address, set up as this app needs it.

    SQLite: WAL, durable, foreign keys; `writer=True` among the execution options
    begins with the write lock. PostgreSQL: waits for the disk.
    """
    # What a statement carries is guests' numbers and texts: never in a log.
    hidden = {"hide_parameters": True}
    if not url.startswith("sqlite"):
        return _postgres(url, hidden)
    engine = sa.create_engine(url, pool_size=READERS + 2, **hidden)
    event.listen(engine, "handle_error", _beyond_all_rows, retval=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        # pysqlite's own transaction handling would commit savepoints too early
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        _use_wal(connection)

    @event.listens_for(engine, "reset")
    def _given_back(
        connection: sqlite3.Connection, _record: object, _state: object
    ) -> None:
        # a COMMIT that failed leaves the transaction open, and the file locked
        if connection.in_transaction:
            connection.rollback()

    @event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        writer = connection.get_execution_options().get("writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _postgres(url: str, hidden: dict[str, bool]) -> sa.Engine:
    engine = sa.create_engine(
        url, pool_size=5, max_overflow=10, pool_pre_ping=True, **hidden
    )
    event.listen(engine, "handle_error", _beyond_all_rows, retval=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # a database whose default is not to wait for its disk would forget, after a
        # power cut, what a door has said yes to
        connection.execute(_WAITS_FOR_THE_DISK)
        connection.commit()

    return engine


def _beyond_all_rows(failed: sa.engine.ExceptionContext) -> Exception | None:
    """A number larger than any column holds is the number of nothing there is."""
    error = failed.original_exception
    too_large = getattr(error, "sqlstate", None) == _OUT_OF_RANGE
    return NotFound() if too_large or isinstance(error, OverflowError) else None


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL. SQLite does not wait for others that do the same."""
    for _ in range(_WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            threading.Event().wait(_WAL_WAIT_SECONDS)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")
