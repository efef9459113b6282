"""What goes wrong beside the kills: each fault by its name."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from tests.crash.clocks import Offset
from tests.crash.places import Child, Place, until
from wedding_wa.models import Account

SEND = "/api/sendText"
HOUR = 3600.0

# Ordered from the simulator before a process starts: (mode, path, what else).
ORDERED = {
    "answer dropped after the delivery": ("lost", SEND, {"times": 2}),
    "send hangs": ("hang", SEND, {"times": 1, "seconds": 2}),
    "send answered 500": ("500", SEND, {"times": 2}),
    "send answered 422": ("422", SEND, {"times": 1}),
    "send answered 429": ("429", SEND, {"times": 2, "delay_ms": 1000}),
    "send refused": ("refuse", SEND, {"times": 1}),
    "send slow": ("slow", SEND, {"times": 3, "delay_ms": 600}),
    "any call answered 500": ("500", "/api/", {"times": 3}),
    "any call refused": ("refuse", "/api/", {"times": 3}),
    "any answer dropped": ("lost", "/api/", {"times": 3}),
    "any call hangs": ("hang", "/api/", {"times": 1, "seconds": 2}),
    "no acknowledgements": ("no_ack", SEND, {"times": 5}),
    "feed loses events": ("drop_feed", None, {"times": 5}),
    "feed says nothing": ("silent_feed", None, {"seconds": 3}),
}
WEBHOOKS = {
    "webhooks dropped": ("drop_webhook", None, {"times": 6}),
    "webhooks doubled": ("dup_webhook", None, {"seconds": 10}),
    "webhooks shuffled": ("shuffle_webhook", None, {"seconds": 10, "delay_ms": 300}),
}
CLOCK_BACK, CLOCK_ON = "clock an hour back", "clock an hour forward"
CLOCKS = (CLOCK_BACK, CLOCK_ON)
TO_AND_FRO = "clock to and fro while it works"
ANY_CLOCK = (*CLOCKS, TO_AND_FRO)


def order(place: Place, name: str) -> None:
    """Have the simulator do it."""
    mode, path, more = {**ORDERED, **WEBHOOKS}[name]
    told = {"path": path} if path else {}
    place.whatsapp.fault(mode, **told, **more)  # type: ignore[arg-type]


@dataclass
class Hands:
    """What is done to a process while it lives, one by one."""

    place: Place
    chance: random.Random
    offset: Offset
    start: Callable[[], Child]  # a process more
    takeovers: list[float]

    def do(self, name: str, child: Child) -> Child:
        """Do it to `child`; return who is in charge afterwards."""
        return LIVE[name](self, child)

    def kill_simulator(self, child: Child) -> Child:
        """It keeps its world; whoever asked it meanwhile gets no answer."""
        self.place.whatsapp.kill()
        time.sleep(self.chance.uniform(0.1, 0.6))
        self.place.whatsapp.start()
        return child

    def cut_feed(self, child: Child) -> Child:
        self.place.whatsapp.fault("cut_feed")
        return child

    def lock_database(self, child: Child) -> Child:
        """Another program has the file for itself for a while."""
        return self._lock(child, self.chance.uniform(0.5, 3.0))

    def lock_database_long(self, child: Child) -> Child:
        """Longer than anybody is ready to wait."""
        return self._lock(child, 12.0)

    def _lock(self, child: Child, seconds: float) -> Child:
        path = self.place.folder / "wedding_wa.db"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as other:
            other.isolation_level = None
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        return child

    def fill_disk(self, child: Child) -> Child:
        """No file of the process may grow: each write past the end fails."""
        with no_file_grows(self.place, child):
            time.sleep(self.chance.uniform(0.5, 2.0))
        return child

    def second_worker(self, child: Child) -> Child:
        """Two at once; the first is killed, the second takes over."""
        second = self.start()
        with contextlib.suppress(AssertionError):
            second.said("worker started")
        time.sleep(self.chance.uniform(0.0, 0.5))
        child.kill()
        return second

    def freeze(self, child: Child) -> Child:
        """Suspended past its lease; another takes over; then it wakes."""
        if not suspend(self.place, child):
            return child
        lapse(self.place, self.offset)
        second = self.start()
        with contextlib.suppress(AssertionError):
            second.said("lease taken")
        time.sleep(self.chance.uniform(0.1, 0.8))
        child.send(signal.SIGCONT)
        time.sleep(self.chance.uniform(0.1, 0.5))
        child.kill()
        return second

    def clock_to_and_fro(self, child: Child) -> Child:
        """While it works: an hour on, then back."""
        self.offset.seconds += HOUR
        time.sleep(self.chance.uniform(0.1, 0.5))
        self.offset.seconds -= HOUR
        return child


LIVE: dict[str, Callable[[Hands, Child], Child]] = {
    "simulator killed": Hands.kill_simulator,
    "feed cut": Hands.cut_feed,
    "database locked from outside": Hands.lock_database,
    "disk full": Hands.fill_disk,
    "second worker": Hands.second_worker,
    "suspended past its lease": Hands.freeze,
    TO_AND_FRO: Hands.clock_to_and_fro,
}
RARE = {"database locked for 12 s": Hands.lock_database_long}
LIVE |= RARE


@contextlib.contextmanager
def no_file_grows(place: Place, child: Child) -> Iterator[None]:
    """For the block, `child` cannot write past the end of the write-ahead log."""
    log = place.folder / "wedding_wa.db-wal"
    size = log.stat().st_size if log.exists() else 0
    _limit(child, size + 4096)
    try:
        yield
    finally:
        _limit(child, None)


def _limit(child: Child, size: int | None) -> None:
    """No file of `child` may become larger (None: as large as it may be). Linux only:
    elsewhere a process can limit none but itself."""
    pid, kind = child.process.pid, resource.RLIMIT_FSIZE
    with contextlib.suppress(ProcessLookupError):
        if child.alive:
            most = resource.prlimit(pid, kind)[1]
            resource.prlimit(pid, kind, (most if size is None else size, most))


def suspend(place: Place, child: Child) -> bool:
    """SIGSTOP, at a moment in which it does not hold the database's write lock.

    False: it ended meanwhile.
    """

    def frozen() -> bool:
        if not child.alive:
            return True
        child.send(signal.SIGSTOP)
        until(lambda: not child.alive or _stands_still(child), "it stands still")
        path = place.folder / "wedding_wa.db"
        with contextlib.closing(sqlite3.connect(path, timeout=0.5)) as probe:
            try:
                probe.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                child.send(signal.SIGCONT)
                return False
        return True

    until(frozen, "it is frozen without holding the lock")
    return child.alive


def _stands_still(child: Child) -> bool:
    """Each of its threads does: one on another core runs on for a moment."""
    tasks = Path(f"/proc/{child.process.pid}/task")
    with contextlib.suppress(OSError):
        states = [(one / "stat").read_text() for one in tasks.iterdir()]
        return all(told.rpartition(")")[2].split()[0] in "TZX" for told in states)
    return False


def lapse(place: Place, offset: Offset | None = None) -> None:
    """Let the leases be as they are half a minute later."""
    now = offset.now() if offset else datetime.now(UTC)
    past = now - timedelta(seconds=1)
    place.database.write_now(
        lambda session: session.execute(sa.update(Account).values(lease_until=past))
    )
