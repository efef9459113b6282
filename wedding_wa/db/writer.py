"""db: SQLite's one writer.

It runs the waiting functions each in a savepoint and commits them together (group
commit): one fsync serves many, no writer starves, and a function that fails undoes
only itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlmodel import Session

Work = Callable[[Session], Any]
#: Where what came of it is told: to a thread, or to who waits on an event loop.
Answer = Future[Any] | asyncio.Future[Any]
Asked = tuple[Work, Answer]
Came = tuple[Any, BaseException | None]
_Waiting: TypeAlias = "queue.SimpleQueue[Asked | None]"

CHANGES = "changes"
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Joined:
    """One of those that `fn` can do together; called, it is done alone."""

    fn: Callable[[Session, Sequence[Any]], Sequence[Any]]
    one: Any

    def __call__(self, session: Session) -> Any:
        (came,) = self.fn(session, [self.one])
        if isinstance(came, Exception):
            raise came
        return came


class Writer:
    """SQLite's one writer: takes what waits, commits it together."""

    def __init__(
        self, engine: sa.Engine, committed: Callable[[list[Any]], None]
    ) -> None:
        self._engine = engine.execution_options(writer=True)
        self._committed = committed
        self._waiting: _Waiting = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, work: Work, answer: Answer) -> None:
        """Do it when its turn comes; `answer` is told what came of it."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run,
                    args=(self._waiting,),
                    name="db-writer",
                    daemon=True,
                )
                self._thread.start()
            self._waiting.put((work, answer))

    def stop(self) -> None:
        """Do what waits. Whoever comes later has a thread and a queue of their own:
        from one queue the new thread would take the word that ends the old one."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread:
                self._waiting.put(None)
                self._waiting = queue.SimpleQueue()
        if thread:
            thread.join()

    def _run(self, waiting: _Waiting) -> None:
        while (first := waiting.get()) is not None:
            batch, stop = _taken(waiting, first)
            self._commit(batch)
            if stop:
                return

    def _commit(self, batch: list[Asked]) -> None:
        try:
            results, changes = self._together(batch)
        except _AllUndone as undone:
            if len(batch) == 1:
                _tell(batch, [(None, undone.cause)])
            for one in batch if len(batch) > 1 else ():
                self._commit([one])
            return
        except BaseException as error:  # noqa: BLE001  # nobody may wait for ever
            _tell(batch, [(None, error)] * len(batch))
            return
        self._committed(changes)
        _tell(batch, results)

    def _together(self, batch: list[Asked]) -> tuple[list[Came], list[Any]]:
        changes: list[Any] = []
        with Session(self._engine, expire_on_commit=False) as session:
            results = _run(session, [work for work, _ in batch], changes)
            session.commit()
        return results, changes


def _taken(waiting: _Waiting, first: Asked) -> tuple[list[Asked], bool]:
    """What waits just now, and whether it is the last of all."""
    batch = [first]
    with contextlib.suppress(queue.Empty):
        while len(batch) < _BATCH:
            item = waiting.get_nowait()
            if item is None:
                return batch, True
            batch.append(item)
    return batch, False


class _AllUndone(Exception):
    """SQLite undid the whole transaction (disk full, I/O), not the one statement."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _tell(batch: Sequence[Asked], results: Sequence[Came]) -> None:
    """Each what came of theirs; an event loop is woken once for all who wait on it."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Answer, Came]]] = {}
    for (_, answer), came in zip(batch, results, strict=True):
        if isinstance(answer, asyncio.Future):
            loops.setdefault(answer.get_loop(), []).append((answer, came))
        else:
            _settle([(answer, came)])
    for loop, told in loops.items():
        with contextlib.suppress(RuntimeError):  # it is closed: nobody waits there
            loop.call_soon_threadsafe(_settle, told)


def _settle(told: Sequence[tuple[Answer, Came]]) -> None:
    for answer, (result, failure) in told:
        if answer.done():  # whoever asked has gone
            continue
        if failure is None:
            answer.set_result(result)
        elif isinstance(failure, StopIteration):  # which no awaiting one can be told
            answer.set_exception(RuntimeError("StopIteration"))
        else:
            answer.set_exception(failure)


def _run(session: Session, works: Sequence[Work], changes: list[Any]) -> list[Came]:
    """Run them in their order; neighbours that one function can do are one."""
    results: list[Came] = []
    for _, some in itertools.groupby(works, _joins):
        results += _run_neighbours(session, list(some), changes)
    return results


def _joins(work: Work) -> object:
    return work.fn if isinstance(work, Joined) else None


def _run_neighbours(
    session: Session, works: list[Work], changes: list[Any]
) -> list[Came]:
    joined = [work for work in works if isinstance(work, Joined)]
    if len(joined) > 1:
        fn, ones = joined[0].fn, [work.one for work in joined]
        # one answer too few or too many fails here, where only they are undone
        came, failure = _run_one(
            session, lambda s: list(zip(fn(s, ones), ones, strict=True)), changes
        )
        if failure is None:
            return [
                (one, one if isinstance(one, Exception) else None) for one, _ in came
            ]
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
