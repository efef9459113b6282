"""Backed up while it sends, restored later: nothing goes twice, nothing is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from tests.builders import message, phases_of
from tests.crash.places import (
    GUESTS,
    ROOT,
    Place,
    WhatsApp,
    make_template,
    opened_place,
    until,
)
from tests.crash.zygote import Zygote
from wedding_wa.db import Database
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services import hearing
from wedding_wa.services.backup import make_backup
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue

pytestmark = pytest.mark.crash


@dataclass
class Copying:
    """Backups taken one after the other beside a worker that sends."""

    place: Place
    files: list[Path] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.enough.wait(0.1):
            file = self.place.folder / f"copy-{len(self.files)}.db"
            url = self.place.database.url
            make_backup(url, file, overwrite=False, clock=Clock())
            self.files.append(file)


@pytest.fixture
def place(tmp_path: Path, zygote: Zygote) -> Iterator[Place]:
    """A world of its own: what others sent to the same guests, or twice on purpose
    here, is nobody else's business."""
    with WhatsApp(tmp_path / "whatsapp", zygote) as whatsapp:
        template = make_template(tmp_path / "data", whatsapp)
        with opened_place(template, tmp_path / "place", whatsapp, zygote) as made:
            yield made


@pytest.fixture
def written(place: Place) -> Iterator[Place]:
    """Guests who truly wrote: WAHA's chats know them."""
    for account, guest in GUESTS.items():
        place.whatsapp.guest_writes(account, guest, "Ciao!")
    now = datetime.now(UTC)

    def doubt(session: object) -> None:
        for row in session.exec(select(Account)).all():  # type: ignore[attr-defined]
            hearing.open_gap(session, row, reason="absence", now=now)  # type: ignore[arg-type]

    place.database.write_now(doubt)
    yield place
    place.whatsapp.mend()


def command(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m wedding_wa …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "wedding_wa", *words],
        cwd=ROOT,
        env=place.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put_same(place: Place, account: str, text: str) -> int:
    """Queue a message whose words others have too."""
    request = EnqueueRequest(account, GUESTS[account], text)
    now = datetime.now(UTC)
    return place.database.write_now(enqueue, place.couple.wedding, request, now=now).id


def settled(database: Database) -> bool:
    """Every message is sent, and no account waits."""
    statuses = set(
        database.read_now(lambda s: s.exec(select(QueueMessage.status)).all())
    )
    return statuses == {"sent"} and not waiting(database)


def waiting(database: Database) -> int:
    rows = database.read_now(
        lambda s: s.exec(
            select(Account.id).where(Account.restored_from.is_not(None))  # type: ignore[union-attr]
        ).all()
    )
    return len(rows)


def test_backed_up_while_it_sends_and_restored(written: Place) -> None:
    """Any of the backups taken meanwhile, put in place after everything was sent (the
    app killed, WAHA refusing at first): each message arrived once, those with the same
    words as often as they were queued, and the database says so."""
    place, chance = written, random.Random()
    wanted = Counter(f"Invito {n}" for n in range(12))
    for text in wanted:
        put_same(place, chance.choice(["groom", "bride"]), text)
    for _ in range(4):
        put_same(place, "groom", "Grazie!")
    wanted["Grazie!"] = 4
    place.set_policy("groom", gap_min_seconds=0.1, gap_max_seconds=0.4)
    place.set_policy("bride", gap_min_seconds=0.1, gap_max_seconds=0.4)
    copying = Copying(place)
    thread = threading.Thread(target=copying.run)
    before = len(place.whatsapp.texts())
    thread.start()
    worker = place.worker()
    until(lambda: len(place.whatsapp.texts()) - before >= 16, "all have arrived")
    copying.enough.set()
    thread.join(60)
    worker.kill()
    assert len(copying.files) >= 3
    file = chance.choice(copying.files)

    place.database.close()
    told = command(place, "restore", str(file), "--yes", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["messages"] == 16
    restored = Database(f"sqlite:///{place.folder}/wedding_wa.db")
    place.database = restored
    place.whatsapp.fault("refuse", path="/messages", seconds=2)
    again = place.worker()
    until(lambda: settled(restored), f"all is sent again, from {file.name}")
    assert again.stop() == 0
    arrived = Counter(place.whatsapp.texts()[before:])
    assert arrived == wanted, f"from {file.name}"


def test_put_in_place_with_cp_it_asks_too(written: Place) -> None:
    """Nobody has to know the command: a copy knows by itself that it is one."""
    place = written
    hears = place.worker()  # or the copy knows nothing by which to know these chats
    until(lambda: hears.log.count("hearing_gap_closed") >= 2, "both are heard")
    assert hears.stop() == 0
    ids = place.put_many(3, name="cp")
    file = place.folder / "copy.db"
    assert command(place, "backup", str(file)).returncode == 0
    worker = place.worker()
    place.until_status(ids, "sent")
    assert worker.stop() == 0
    place.database.close()
    home = place.folder / "wedding_wa.db"
    for end in ("-wal", "-shm"):
        home.with_name(home.name + end).unlink(missing_ok=True)
    shutil.copy(file, home)
    place.database = Database(f"sqlite:///{home}")
    again = place.worker()
    until(lambda: settled(place.database), "all is settled")
    assert again.stop() == 0
    counted = Counter(place.whatsapp.texts())
    for number in ids:
        assert counted[message(place.database, number).text] == 1
        assert message(place.database, number).settled_by == "restore"
        assert "settled" in phases_of(place.database, number)


def test_a_running_app_is_not_restored_over(written: Place) -> None:
    """While a worker lives, also frozen, nothing is touched; after its kill it goes."""
    place = written
    file = place.folder / "copy.db"
    assert command(place, "backup", str(file)).returncode == 0
    worker = place.worker()
    worker.said("worker started")
    place.database.close()
    before = sorted(os.listdir(place.folder))
    refused = command(place, "restore", str(file), "--yes")
    assert refused.returncode == 3, refused.stderr
    assert sorted(os.listdir(place.folder)) == before
    worker.kill()
    done = command(place, "restore", str(file), "--yes")
    assert done.returncode == 0, done.stderr
    place.database = Database(f"sqlite:///{place.folder}/wedding_wa.db")
