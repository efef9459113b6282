"""Done once by the zygote before it forks: a small wedding, from the link to the sends.

What a process learns while it works for the first time (its imports, the statements
that SQLAlchemy compiles, the code that Python specialises) its children know already.
That changes how soon they are busy, not what they do.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import select

from tests.shared import share_certificates, share_statements
from wedding_wa import engine
from wedding_wa import runtime as runtimes
from wedding_wa.models import QueueMessage
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.weddings import the_wedding
from wedding_wa.settings import Settings
from wedding_wa.simulator import SimulatorServer

_PATIENCE = 30.0


def warm_up() -> None:
    """Leaves no thread, no open file and no connection."""
    from tests.crash.places import make_template

    share_certificates()
    share_statements()
    logging.disable(logging.ERROR)
    unheard = io.StringIO()
    with (
        contextlib.redirect_stdout(unheard),
        contextlib.redirect_stderr(unheard),
        tempfile.TemporaryDirectory() as folder,
        SimulatorServer(speed=200) as simulator,
    ):
        data = make_template(Path(folder) / "data", simulator)
        settings = Settings(
            data_dir=data,
            sim_port=simulator.port,
            port=18_099,
            database_url="",
            _env_file=None,  # type: ignore[call-arg]
        )
        for _ in range(2):
            _bring(settings)
            asyncio.run(_send(runtimes.build(settings)))
        _bring_a_file(settings)
    runtimes.install(None)
    logging.disable(logging.NOTSET)
    deadline = time.monotonic() + _PATIENCE
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() == 1, threading.enumerate()


def _bring(settings: Settings) -> None:
    from tests.crash.places import GUESTS

    made = runtimes.build(settings)
    wedding, _ = made.db.read_now(the_wedding)
    now = datetime.now(UTC)
    for account, guest in GUESTS.items():
        for kind in ("message", "notification"):
            request = EnqueueRequest(account, guest, "Ciao", kind=kind)
            made.db.write_now(enqueue, wedding, request, now=now)
    made.db.close()


def _bring_a_file(settings: Settings) -> None:
    from wedding_wa.cli import app

    file = settings.data_dir / "warm.jsonl"
    file.write_text('{"account": "groom", "to": "+393331110001", "text": "Ciao"}\n')
    before = dict(os.environ)
    os.environ |= {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": ""}
    try:
        with contextlib.suppress(SystemExit):
            app(["enqueue", "--file", str(file)], standalone_mode=False)
    finally:
        os.environ.clear()
        os.environ.update(before)


async def _send(made: runtimes.Runtime) -> None:
    deadline = time.monotonic() + _PATIENCE
    async with engine.running(made, worker=True):
        while time.monotonic() < deadline:
            found = await made.db.read(
                lambda s: s.exec(select(QueueMessage.status)).all()
            )
            if set(found) == {"sent"}:
                break
            await asyncio.sleep(0.05)
    await made.aclose()
