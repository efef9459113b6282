"""services: a database that cannot be used just now, told apart from a defect.

Nothing of what was asked for is done then; whoever asked may ask again.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Awaitable
from enum import StrEnum

import sqlalchemy as sa

#: What a database, or the way to it, raises where the question was not at fault.
ERRORS = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)

_PRIMARY = 0xFF  # SQLite's extended codes have the plain one in their lowest byte
_SQLITE_BUSY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
# PostgreSQL: connection lost, shut down, too many connections, given up for another.
_POSTGRES_BUSY = ("08", "57P", "53", "40001", "40P01", "55P03")


class Trouble(StrEnum):
    """Why it cannot be used; the value is the key of the sentence."""

    BUSY = "error.database_busy"
    FULL = "error.database_full"
    READ_ONLY = "error.database_read_only"


def trouble_of(error: Exception) -> Trouble | None:
    """Say what `error` tells of the database; None: it is a defect of ours."""
    if isinstance(error, sa.exc.TimeoutError):
        return Trouble.BUSY  # every connection is in use
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code & _PRIMARY)
    if isinstance(cause, sqlite3.Error):
        return None
    if isinstance(error, ERRORS):
        return _of_postgres(getattr(cause, "sqlstate", None))
    return None


async def in_passing(note: Awaitable[object]) -> None:
    """Await a write that nobody misses: one who only reads is not turned away
    because it could not be noted that they were here."""
    with contextlib.suppress(*ERRORS):
        await note


def _of_sqlite(code: int) -> Trouble | None:
    if code == sqlite3.SQLITE_FULL:
        return Trouble.FULL
    if code == sqlite3.SQLITE_READONLY:
        return Trouble.READ_ONLY
    return Trouble.BUSY if code in _SQLITE_BUSY else None


def _of_postgres(state: str | None) -> Trouble | None:
    """`state` None: the connection broke, or there was none to be had."""
    if state == "53100":
        return Trouble.FULL
    if state == "25006":
        return Trouble.READ_ONLY
    busy = state is None or state.startswith(_POSTGRES_BUSY)
    return Trouble.BUSY if busy else None
