"""db: one database, and the two ways to it.

`write` is durable when it returns. On SQLite one writer thread commits together what
waits (db/writer.py); on PostgreSQL it is a pooled session each. Services never commit;
`write` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db.engines import READERS, engine_of
from wedding_wa.db.writer import CHANGES, Joined, Work, Writer

log = logging.getLogger(__name__)

P = ParamSpec("P")
A = TypeVar("A")
T = TypeVar("T")
Listener = Callable[[list[Any]], None]

# PostgreSQL gives one of two writers up: serialization failure, deadlock.
_GIVEN_UP = ("40001", "40P01")
_TRIES = 5


class Database:
    """One database. Nothing is opened before the first use; `close` ends it.

    `on_commit` is called, on the committing thread, with what services noted in
    `session.info["changes"]`; a rolled-back function notes nothing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = engine_of(url)
        self.on_commit: list[Listener] = []
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="db")
        self._writer = Writer(self.engine, self.committed) if self.is_sqlite else None

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
        result: T = await self._done(lambda session: fn(session, *args, **kwargs))
        return result

    async def write_together(
        self, fn: Callable[[Session, Sequence[A]], Sequence[T | Exception]], one: A
    ) -> T:
        """`write` for what is done quicker for many than for each.

        `fn` gets all that wait for it just now, and returns for each what it came to,
        or the error that its asker gets; of such a one it must not have written
        anything. Where `fn` itself fails it is called once more for each alone.
        """
        result: T = await self._done(Joined(fn, one))
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
        if not self._writer:
            return self._threads.submit(self._commit_one, work)
        answer: Future[Any] = Future()
        self._writer.submit(work, answer)
        return answer

    async def _done(self, work: Work) -> Any:
        """What came of it. A caller who is cancelled waits no longer; it is done."""
        loop = asyncio.get_running_loop()
        if not self._writer:
            done = loop.run_in_executor(self._threads, self._commit_one, work)
            return await asyncio.shield(done)
        answer: asyncio.Future[Any] = loop.create_future()
        self._writer.submit(work, answer)
        return await answer

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


@contextlib.contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database for the length of a `with` block."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
