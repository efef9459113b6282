"""What crash tests stand on: processes to kill, and the world that tells the truth.

Workers, the app and the simulator are real processes here, so that SIGKILL means what
it says: nothing is cleaned up, nothing is flushed, nobody is told. Most are forked by
a zygote, because a start costs a tenth of a second then.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx
from sqlmodel import Session, select

from tests.builders import Couple, guest_wrote, make_couple, set_policy
from tests.crash.zygote import CLOCK, Zygote
from tests.ports import free_port
from wedding_wa import engine
from wedding_wa import runtime as runtimes
from wedding_wa.db import Database
from wedding_wa.models import Account, QueueMessage, Wedding
from wedding_wa.services.account_poll import poll
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.migrations import migrate
from wedding_wa.settings import Settings
from wedding_wa.simulator import SimulatorServer

ROOT = Path(__file__).parent.parent.parent
PHONES = {"groom": "+393470000001", "bride": "+393470000002"}
GUESTS = {"groom": "+393331110001", "bride": "+393331110002"}
SPEED = 50  # of the simulator's own waits
DEAF_PORT = 18_099  # nothing listens there: a worker has no door
PATIENCE = 60.0  # seconds after which a test gives up waiting, not what it asserts

# No pause but what a test asks for: kills must find a worker that is busy.
QUICK = {
    "per_hour": 1000,
    "per_day": 10_000,
    "rest_after": 0,
    "pause_after_failures": 0,
    "typing_seconds_per_char": 0.0,
    "backoff_base_seconds": 0.1,
    "backoff_max_seconds": 0.5,
    "notification_base_seconds": 0.1,
    "notification_max_factor": 4,
    "max_attempts": 20,
} | {
    f"{name}_{end}_seconds": 0.0
    for name in ("gap", "sibling", "rest", "pause", "typing", "final_pause")
    for end in ("min", "max")
}
QUICK |= {"cooldown_seconds": 0.0, "unanswered_max": 0, "human_hold_seconds": 0.0}

ENOUGH = threading.Event()  # set on Ctrl-C: nobody waits for anything any more
_NUMBERS = itertools.count(1)


def until(there: Callable[[], Any], what: str, *, seconds: float = PATIENCE) -> Any:
    """Return the first true answer of `there`; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := there()):
        if ENOUGH.is_set():
            raise AssertionError(f"told to end; not yet: {what}")
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(0.05)
    return found


class Process(Protocol):
    """What is asked of a process, whoever started it."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class Child:
    """A process of ours with its log in a file."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self.log_path = log
        self.began = time.time()

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self, text: str) -> None:
        """Wait until the log says `text`."""

        def there() -> bool:
            assert self.alive, f"it ended ({self.process.returncode}):\n{self.log}"
            return text in self.log

        until(there, f"log says {text!r}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """As the power cut does it; returns once it is gone."""
        self.process.kill()
        self.process.wait()

    def ended(self, *, seconds: float = PATIENCE) -> int:
        """Wait for its end by itself; return the exit code (-9: SIGKILL)."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.log[-3000:]}") from None

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        self.send(signal.SIGTERM)
        return self.ended(seconds=20)

    def close(self) -> None:
        if self.alive:
            self.send(signal.SIGCONT)
            self.kill()


class WhatsApp(SimulatorServer):
    """The simulator as a process of its own that can be killed and keeps its world."""

    def __init__(
        self,
        folder: Path,
        zygote: Zygote,
        *,
        speed: float = SPEED,
        port: int | None = None,
        heard: bool = False,
        clock: Path | None = None,
    ) -> None:
        """`heard`: somebody listens to its webhooks. `clock`: it may be moved."""
        folder.mkdir(parents=True, exist_ok=True)
        port = port or free_port()
        super().__init__(speed=speed, port=port, state=folder / "world.jsonl")
        self._folder = folder
        self._zygote = zygote
        self._heard = heard
        self._env = dict(os.environ) | ({CLOCK: str(clock)} if clock else {})
        self.child: Child | None = None

    def start(self) -> WhatsApp:
        words = ["-m", "wedding_wa.simulator", "--port", str(self.port)]
        words += ["--state", str(self.config.state), "--speed", str(self.config.speed)]
        log = self._folder / f"simulator-{next(_NUMBERS)}.log"
        made = self._zygote.start(words, self._env, log, whole=False)
        self.child = Child(made, log)
        until(self._answers, "the simulator answers")
        self._deaf()
        return self

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()

    def stop(self) -> None:
        if self.child is not None:
            self.child.close()

    def texts(self) -> list[str]:
        """What truly arrived, in order."""
        return [str(fact["text"]) for fact in self.delivered()]

    def mend(self) -> None:
        """End every fault but the one about webhooks that nobody listens to."""
        self.clear_faults()
        self._deaf()

    def _deaf(self) -> None:
        if not self._heard:
            self.fault("drop_webhook")

    def _answers(self) -> bool:
        assert self.child is not None
        assert self.child.alive, self.child.log
        try:
            self.world("GET", "/state")
        except httpx.TransportError:
            return False
        return True


@dataclass
class Place:
    """One wedding's data directory, and the processes that work on it."""

    folder: Path
    whatsapp: WhatsApp
    couple: Couple
    database: Database
    zygote: Zygote
    settle_after: float = 1.0
    port: int = DEAF_PORT
    children: list[Child] = field(default_factory=list)

    def worker(self, *, failpoint: str = "", whole: bool = False, **env: str) -> Child:
        """Start a worker; with a `failpoint` it dies there as by kill -9."""
        words = ["worker"]
        return self.child(words, failpoint=failpoint, whole=whole, **env)

    def child(
        self, words: list[str], *, failpoint: str = "", whole: bool = False, **env: str
    ) -> Child:
        """Start `python -m wedding_wa <words>`; `whole`: a new interpreter."""
        log = self.folder / f"process-{next(_NUMBERS)}.log"
        env = self.environment() | {"WEDDING_WA_FAILPOINT": failpoint, **env}
        words = ["-m", "wedding_wa", *words]
        made = Child(self.zygote.start(words, env, log, whole=whole), log)
        self.children.append(made)
        return made

    def clocked(self, path: Path) -> dict[str, str]:
        """The setting of a child whose wall clock is moved by this file."""
        return {CLOCK: str(path)}

    def environment(self) -> dict[str, str]:
        names = ("GROOM", "BRIDE")
        nothing = {f"WAHA_URL_{name}": "" for name in names} | {"DATABASE_URL": ""}
        return (
            dict(os.environ)
            | nothing
            | _boot(self.folder, self.whatsapp.port, self.port)
            | {"SETTLE_AFTER_SECONDS": str(self.settle_after)}
        )

    def put(self, account: str, text: str, *, to: str | None = None) -> int:
        """Queue a message as a door does; all texts of a run are different."""
        text = f"{text} ({next(_NUMBERS)})"
        request = EnqueueRequest(account, to or GUESTS[account], text)
        now = datetime.now(UTC)
        return self.database.write_now(
            enqueue, self.couple.wedding, request, now=now
        ).id

    def put_many(self, each: int, *, name: str = "Benvenuti") -> list[int]:
        """Queue `each` messages an account, the accounts in turn."""
        return [self.put(account, name) for _ in range(each) for account in GUESTS]

    def set_policy(self, account: str, **changes: object) -> None:
        set_policy(self.database, getattr(self.couple, account), **changes)

    def statuses(self) -> dict[int, str]:
        rows = self.database.read_now(
            lambda s: s.exec(select(QueueMessage.id, QueueMessage.status)).all()
        )
        return {int(number or 0): status for number, status in rows}

    def texts(self) -> set[str]:
        """What was ever queued here."""
        return set(
            self.database.read_now(lambda s: s.exec(select(QueueMessage.text)).all())
        )

    def until_status(self, ids: list[int], status: str) -> None:
        def there() -> bool:
            found = self.statuses()
            return all(found[number] == status for number in ids)

        try:
            until(there, f"{ids} are {status}")
        except AssertionError as error:
            logs = "\n".join(child.log[-3000:] for child in self.children[-2:])
            raise AssertionError(f"{error}\n{self.statuses()}\n{logs}") from None

    def close(self) -> None:
        for child in self.children:
            child.close()
        self.database.close()


def make_template(folder: Path, whatsapp: WhatsApp, *, port: int = DEAF_PORT) -> Path:
    """A wedding whose two numbers were linked by a scan; returns its data directory."""
    settings = Settings(
        data_dir=folder,
        sim_port=whatsapp.port,
        port=port,
        database_url="",
        _env_file=None,  # type: ignore[call-arg]
    )
    for session, phone in PHONES.items():
        whatsapp.link(session, phone=phone)
    made = runtimes.build(settings)
    folder.mkdir(parents=True, exist_ok=True)
    migrate(made.db.engine)
    couple = make_couple(made.db)
    for account, guest in GUESTS.items():
        guest_wrote(made.db, getattr(couple, account), guest)
    for account_id in (couple.groom, couple.bride):
        set_policy(made.db, account_id, **QUICK)
    asyncio.run(_meet(made, couple))
    with made.db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.db.close()
    return folder


@contextmanager
def opened_place(
    template: Path,
    folder: Path,
    whatsapp: WhatsApp,
    zygote: Zygote,
    *,
    port: int = DEAF_PORT,
) -> Iterator[Place]:
    """A copy of the template to break things in; ends its processes at last."""
    shutil.copytree(template, folder)
    database = Database(f"sqlite:///{folder}/wedding_wa.db")
    couple = database.read_now(_couple)
    place = Place(folder, whatsapp, couple, database, zygote, port=port)
    try:
        yield place
    finally:
        place.close()


def _boot(folder: Path, sim_port: int, port: int) -> dict[str, str]:
    return {"DATA_DIR": str(folder), "SIM_PORT": str(sim_port), "PORT": str(port)}


def _couple(session: Session) -> Couple:
    ids = {account.key: account.id for account in session.exec(select(Account)).all()}
    wedding = session.exec(select(Wedding.id)).one()
    return Couple(int(wedding or 0), int(ids["groom"] or 0), int(ids["bride"] or 0))


async def _meet(made: runtimes.Runtime, couple: Couple) -> None:
    """Let the app set each session's config and see it connected."""
    made.bus.attach()
    await engine.adopt_settings(made)
    for account_id in (couple.groom, couple.bride):
        for _ in range(200):
            status = await poll(made.db, made.clients, account_id, made.clock)
            if status == "WORKING":
                break
            await asyncio.sleep(0.05)
        assert status == "WORKING"
    await made.clients.aclose()
