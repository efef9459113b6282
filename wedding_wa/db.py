"""db: the engine and the two ways to the database, `read` and `write`.

`write` is durable when it returns. On SQLite one writer thread runs the waiting
functions each in a savepoint and commits them together (group commit): one fsync
serves many, no writer starves, and a function that fails undoes only itself. On
PostgreSQL it is a pooled session each. Services never commit; `write` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session

from wedding_wa.domain.errors import NotFound

log = logging.getLogger(__name__)

P = ParamSpec("P")
A = TypeVar("A")
T = TypeVar("T")
Work = Callable[[Session], Any]
Came = tuple[Any, Exception | None]
Listener = Callable[[list[Any]], None]

CHANGES = "changes"
_BATCH = 64
_READERS = 8
# PostgreSQL gives one of two writers up: serialization failure, deadlock.
_GIVEN_UP = ("40001", "40P01")
_OUT_OF_RANGE = "22003"  # of its whole numbers
_TRIES = 5
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


class Database:
    """One database. Nothing is opened before the first use; `close` ends it.

    `on_commit` is called, on the committing thread, with what services noted in
    `session.info["changes"]`; a rolled-back function notes nothing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.on_commit: list[Listener] = []
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="db")
        self._writer = _Writer(self) if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    async def read(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, …)` on a thread of its own; nothing it writes is kept."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, lambda: self.read_now(fn, *args, **kwargs)
        )

    async def write(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, …)` and commit; return plain values, not rows.

        What was handed in is done even if the caller is cancelled meanwhile.
        """
        future = self._submit(lambda session: fn(session, *args, **kwargs))
        result: T = await asyncio.shield(asyncio.wrap_future(future))
        return result

    async def write_together(
        self, fn: Callable[[Session, Sequence[A]], Sequence[T | Exception]], one: A
    ) -> T:
        """`write` for what is done quicker for many than for each.

        `fn` gets all that wait for it just now, and returns for each what it came to,
        or the error that its asker gets; of such a one it must not have written
        anything. Where `fn` itself fails it is called once more for each alone.
        """
        future = self._submit(_Joined(fn, one))
        result: T = await asyncio.shield(asyncio.wrap_future(future))
        return result

    def read_now(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """`read` for code without an event loop (command line, threads)."""
        with Session(self.engine, expire_on_commit=False) as session:
            return fn(session, *args, **kwargs)

    def write_now(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """`write` for code without an event loop (command line, threads)."""
        result: T = self._submit(lambda session: fn(session, *args, **kwargs)).result()
        return result

    def close(self) -> None:
        """Finish what was handed in, then let go of the files."""
        if self._writer:
            self._writer.stop()
        self._threads.shutdown(wait=True)
        self.engine.dispose()

    def committed(self, changes: list[Any]) -> None:
        """Tell the listeners what a commit changed. None of them can undo it."""
        for listener in self.on_commit if changes else ():
            try:
                listener(changes)
            except Exception:
                log.exception("listener failed", extra={"action": "on_commit_failed"})

    def _submit(self, work: Work) -> Future[Any]:
        if self._writer:
            return self._writer.submit(work)
        return self._threads.submit(self._commit_one, work)

    def _commit_one(self, work: Work) -> Any:
        """Commit on PostgreSQL; what lost to another writer is done once more."""
        for _ in range(_TRIES - 1):
            try:
                return self._commit_once(work)
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _GIVEN_UP:
                    raise
        return self._commit_once(work)

    def _commit_once(self, work: Work) -> Any:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            result = work(session)
            changes = session.info.pop(CHANGES, [])
        self.committed(changes)
        return result


class _Writer:
    """SQLite's one writer: takes what waits, commits it together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, work: Work) -> Future[Any]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="db-writer", daemon=True
                )
                self._thread.start()
            future: Future[Any] = Future()
            future.set_running_or_notify_cancel()  # from here on nobody can cancel it
            self._waiting.put((work, future))
        return future

    def stop(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
            if thread:
                self._waiting.put(None)
        if thread:
            thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, stop = self._take(first)
            self._commit(batch)
            if stop:
                return

    def _take(
        self, first: tuple[Work, Future[Any]]
    ) -> tuple[list[tuple[Work, Future[Any]]], bool]:
        batch = [first]
        with contextlib.suppress(queue.Empty):
            while len(batch) < _BATCH:
                item = self._waiting.get_nowait()
                if item is None:
                    return batch, True
                batch.append(item)
        return batch, False

    def _commit(self, batch: list[tuple[Work, Future[Any]]]) -> None:
        try:
            results, changes = self._together(batch)
        except _AllUndone as undone:
            if len(batch) == 1:
                batch[0][1].set_exception(undone.cause)
            for one in batch if len(batch) > 1 else ():
                self._commit([one])
            return
        except BaseException as error:  # noqa: BLE001  # nobody may wait for ever
            for _, future in batch:
                future.set_exception(error)
            return
        self._database.committed(changes)
        for (_, future), (result, failure) in zip(batch, results, strict=True):
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)

    def _together(
        self, batch: list[tuple[Work, Future[Any]]]
    ) -> tuple[list[Came], list[Any]]:
        changes: list[Any] = []
        engine = self._database.engine.execution_options(writer=True)
        with Session(engine, expire_on_commit=False) as session:
            results = _run(session, [work for work, _ in batch], changes)
            session.commit()
        return results, changes


class _AllUndone(Exception):
    """SQLite undid the whole transaction (disk full, I/O), not the one statement."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class _Joined:
    """One of those that `fn` can do together; called, it is done alone."""

    fn: Callable[[Session, Sequence[Any]], Sequence[Any]]
    one: Any

    def __call__(self, session: Session) -> Any:
        (came,) = self.fn(session, [self.one])
        if isinstance(came, Exception):
            raise came
        return came


def _run(session: Session, works: Sequence[Work], changes: list[Any]) -> list[Came]:
    """Run them in their order; neighbours that one function can do are one."""
    results: list[Came] = []
    for _, some in itertools.groupby(works, _joins):
        results += _run_neighbours(session, list(some), changes)
    return results


def _joins(work: Work) -> object:
    return work.fn if isinstance(work, _Joined) else None


def _run_neighbours(
    session: Session, works: list[Work], changes: list[Any]
) -> list[Came]:
    joined = [work for work in works if isinstance(work, _Joined)]
    if len(joined) > 1:
        fn, ones = joined[0].fn, [work.one for work in joined]
        came, failure = _run_one(session, lambda s: fn(s, ones), changes)
        if failure is None:
            return [(one, one if isinstance(one, Exception) else None) for one in came]
    return [_run_one(session, work, changes) for work in works]


def _run_one(session: Session, work: Work, changes: list[Any]) -> Came:
    """Run `work` in a savepoint. Raises _AllUndone if more than that was undone."""
    session.info.pop(CHANGES, None)
    connection = session.connection().connection.dbapi_connection
    try:
        with session.begin_nested():
            result = work(session)
    except Exception as error:  # handed to the one who asked
        if not getattr(connection, "in_transaction", True):
            raise _AllUndone(_first_cause(error)) from error
        session.expunge_all()
        return None, error
    changes.extend(session.info.pop(CHANGES, []))
    session.expunge_all()
    return result, None


def _first_cause(error: Exception) -> Exception:
    """What went wrong at first: undoing the savepoint failed only because of it."""
    before = error.__context__
    while isinstance(before, sa.exc.DBAPIError):
        error, before = before, before.__context__
    return error


def _engine(url: str) -> sa.Engine:
    # What a statement carries is guests' numbers and texts: never in a log.
    hidden = {"hide_parameters": True}
    if not url.startswith("sqlite"):
        return _postgres(url, hidden)
    engine = sa.create_engine(url, pool_size=_READERS + 2, **hidden)
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


@contextlib.contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database for the length of a `with` block."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
