"""A database in trouble: its disk is full, its file read-only, or locked from outside.

SQLite itself refuses here, with the errors that it has for the real thing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy import event

from wedding_wa.db import Database

_NO_END = 4_294_967_294  # pages: SQLite's own bound


class Trouble:
    """Puts a database in trouble and out of it; new connections are like the old."""

    def __init__(self, database: Database, *, patience_ms: int = 100) -> None:
        self.database = database
        self._pragmas = {
            "busy_timeout": patience_ms,
            "max_page_count": _NO_END,
            "query_only": 0,
        }
        event.listen(database.engine, "checkout", self._tell)

    @property
    def path(self) -> str:
        return self.database.url.removeprefix("sqlite:///")

    def fill_the_disk(self) -> None:
        """From now on the file cannot grow; what fits into its pages still does."""
        self._pragmas["max_page_count"] = 1

    def make_room(self) -> None:
        self._pragmas["max_page_count"] = _NO_END

    def make_read_only(self) -> None:
        self._pragmas["query_only"] = 1

    def make_writable(self) -> None:
        self._pragmas["query_only"] = 0

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else holds the file for writing, longer than anybody waits."""
        other = sqlite3.connect(self.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    def is_whole(self) -> bool:
        """SQLite's own check of every page and index, and of all references."""
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            (checked,) = connection.execute("PRAGMA integrity_check").fetchone()
            loose = connection.execute("PRAGMA foreign_key_check").fetchall()
        return bool(checked == "ok" and not loose)

    def _tell(self, connection: sqlite3.Connection, *_: object) -> None:
        for name, value in self._pragmas.items():
            connection.execute(f"PRAGMA {name}={value}")
