"""The least a program could be that takes a message and keeps it: FastAPI, one INSERT.

    BENCH_FILE=… granian --interface asgi bench.bare:app

No login, no check, no key, no guest first: what `python -m bench.send` measures our
route against. `POST /send` commits each message by itself on the event loop; `POST
/grouped` hands it to a thread that commits together what waits, as our database does.
Both wait for the disk before they answer (WAL, synchronous=FULL), as we do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
import uuid

from fastapi import FastAPI
from pydantic import BaseModel

_BATCH = 64
_INSERT = "INSERT INTO message (task_id, recipient, text) VALUES (?, ?, ?)"
_Row = tuple[str, str, str]
_Told = asyncio.Future[None]


class Message(BaseModel):
    to: str
    text: str
    client_message_id: str


def _open() -> sqlite3.Connection:
    made = sqlite3.connect(os.environ["BENCH_FILE"], check_same_thread=False)
    made.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        made.execute(f"PRAGMA {pragma}")
    made.execute(
        "CREATE TABLE IF NOT EXISTS message "
        "(id INTEGER PRIMARY KEY, task_id TEXT, recipient TEXT, text TEXT)"
    )
    return made


class _Writer:
    """One thread that commits what waits."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[_Row, _Told]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    async def write(self, row: _Row) -> None:
        told = asyncio.get_running_loop().create_future()
        self._waiting.put((row, told))
        await told

    def _run(self) -> None:
        connection = _open()
        while True:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < _BATCH:
                    batch.append(self._waiting.get_nowait())
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [row for row, _ in batch])
            connection.execute("COMMIT")
            batch[0][1].get_loop().call_soon_threadsafe(_tell, batch)


def _tell(batch: list[tuple[_Row, _Told]]) -> None:
    for _, told in batch:
        if not told.done():
            told.set_result(None)


app = FastAPI()
_connection = _open()
_writer = _Writer()


@app.post("/send", status_code=202)
async def send(message: Message) -> dict[str, str]:
    row = _row(message)
    _connection.execute(_INSERT, row)  # commits: nothing has begun a transaction
    return _answer(row)


@app.post("/grouped", status_code=202)
async def grouped(message: Message) -> dict[str, str]:
    row = _row(message)
    await _writer.write(row)
    return _answer(row)


def _row(message: Message) -> _Row:
    return str(uuid.uuid4()), message.to, message.text


def _answer(row: _Row) -> dict[str, str]:
    return {"task_id": row[0], "to": row[1], "status": "queued"}
