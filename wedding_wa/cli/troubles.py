"""cli: known troubles in words: what happened, and what to do."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa
from alembic.util import CommandError

from wedding_wa.services.database_trouble import trouble_of
from wedding_wa.words import say

TROUBLES: tuple[type[Exception], ...] = (sa.exc.SQLAlchemyError, CommandError, OSError)

# Of SQLite's plain codes, beside those that only waiting or room will mend.
_SQLITE = {
    sqlite3.SQLITE_CANTOPEN: "cli.trouble.unreachable",
    sqlite3.SQLITE_NOTADB: "cli.trouble.not_a_database",
    sqlite3.SQLITE_CORRUPT: "cli.trouble.not_a_database",
}
_PRIMARY = 0xFF
# Of PostgreSQL's classes of states: a wrong password, no such database.
_NOT_LET_IN = ("28", "3D")


def told(error: Exception, language: str) -> str:
    """The sentence for one of TROUBLES."""
    if isinstance(error, CommandError):  # a revision that this code does not have
        return say(language, "cli.trouble.newer")
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        return say(language, "cli.trouble.folder", file=error.filename or "", why=why)
    return say(language, _key(error))


def _key(error: Exception) -> str:
    cause = getattr(error, "orig", None)
    state = getattr(cause, "sqlstate", None)
    if isinstance(cause, sqlite3.Error):
        known = _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & _PRIMARY)
        if known is not None:
            return known
    elif state is None or state.startswith(_NOT_LET_IN):
        return "cli.trouble.unreachable"
    return trouble_of(error) or "cli.trouble.tables"
