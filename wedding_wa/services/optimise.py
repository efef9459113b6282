"""services: keeping the database quick, in steps that hold up no sender.

The tables that change most are counted anew, so that the planner knows how full they
are: on SQLite by a few hundred entries of each index. SQLite also carries what is in
the write-ahead log over into the file, as far as nobody reads it just now; the rest of
PostgreSQL's care is its autovacuum's.
"""

from __future__ import annotations

import asyncio
import contextlib

import sqlalchemy as sa

from wedding_wa.db import Database

# What changes with every message; the planner must know how much of it there is.
_HOT = (
    "queue_message",
    "message_event",
    "message_attempt",
    "webhook_log",
    "inbound_message",
    "chat",
    "stream_entry",
)


async def optimise(db: Database) -> None:
    """Do it."""
    await asyncio.to_thread(_sqlite if db.is_sqlite else _postgres, db.engine)


def _sqlite(engine: sa.Engine) -> None:
    """On a connection of its own, outside any transaction: a checkpoint wants none."""
    with contextlib.closing(engine.raw_connection()) as connection:
        run = connection.cursor().execute
        run("PRAGMA analysis_limit=400")
        for name in _HOT:
            run(f"ANALYZE {name}")  # a commit each: the writer waits for one at most
        run("PRAGMA wal_checkpoint(PASSIVE)")  # waits for nobody


def _postgres(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        for name in _HOT:
            connection.exec_driver_sql(f"ANALYZE {name}")
            connection.commit()  # one table at a time: nothing is locked for long
