"""One wedding's bad day: load, kills and faults by a plan, then the reckoning."""

from __future__ import annotations

import contextlib
import math
import random
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from tests.crash import faults
from tests.crash.clocks import Offset
from tests.crash.load import Door
from tests.crash.places import Child, Place, until
from tests.crash.report import Tally
from tests.crash.truth import up_at
from tests.crash.verdict import sent_while_closed, verdict
from wedding_wa.domain.errors import Conflict
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services.queue import let_go

RANDOM = "at random"
APP = "in the whole app: "
IN_TIME = 20.0  # s within which a process must have come to a step
MENDED = 90.0  # s within which all must have ended, once everything is mended
EACH = 20  # kills a wedding, at most
_DONE = ("sent", "failed", "skipped")
UP = "worker started"
_LEASE = "lease taken"


@dataclass(frozen=True)
class Kill:
    """`where`: a failpoint or RANDOM. `fault`: what else goes wrong then."""

    where: str
    fault: str | None = None


@dataclass(frozen=True)
class Plan:
    """What happens to one wedding; made from the seed alone."""

    number: int
    kills: tuple[Kill, ...]
    whole_app: bool = False
    clock_change: datetime | None = None  # run across this one, WhatsApp's clock too


@dataclass
class Episode:
    """Plays a plan at a place whose clocks are moved by `offset`."""

    plan: Plan
    place: Place
    chance: random.Random
    offset: Offset
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        name = f"{self.plan.number}"
        self.door = Door(self.place, self.chance, self.offset, name)
        self.crossed = self.plan.clock_change is None
        self.hands = faults.Hands(
            self.place, self.chance, self.offset, self.start, self.tally.takeovers
        )
        self.closed: list[str] = []

    def play(self) -> Tally:
        """Kill, mend, and judge; returns what it came to."""
        half = len(self.plan.kills) // 2
        for number, kill in enumerate(self.plan.kills):
            if number == half and self.plan.clock_change:
                self._cross(self.plan.clock_change)
            self._kill(kill)
            if number % 5 == 4:
                self._go_on()
        self._mend()
        self._end()
        self._judge()
        return self.tally

    # --- processes ----------------------------------------------------------------

    def start(self, failpoint: str = "") -> Child:
        """A worker, or the whole app."""
        if self.plan.whole_app:
            return self._app(failpoint)
        clock = self.place.clocked(self.offset.path)
        # some begin as a service manager begins them; their clock is the machine's
        whole = self.offset.seconds == 0 and self.chance.random() < 0.05
        env = {} if whole else clock
        return self.place.worker(failpoint=failpoint, whole=whole, **env)

    def _app(self, failpoint: str) -> Child:
        at = f"http://127.0.0.1:{self.place.whatsapp.port}"
        env = {
            f"WAHA_{name}_{key.upper()}": value
            for key in ("groom", "bride")
            for name, value in (
                ("URL", at),
                ("API_KEY", self.place.whatsapp.api_key),
                ("SESSION", key),
            )
        }
        return self.place.child(["run"], failpoint=failpoint, whole=True, **env)

    def _kill(self, kill: Kill) -> None:
        fault = kill.fault
        if fault in faults.ANY_CLOCK and not self.crossed:
            fault = None  # the night of the change lies ahead, and must stay ahead
        if fault is not None:
            self.tally.faults[fault] += 1
            self._go_wrong(fault)
        if self.chance.random() < 0.6 or self._waiting() < 4:
            self.door.bring(self.chance.randint(3, 6))
        name = (APP if self.plan.whole_app else "") + kill.where
        if kill.where == RANDOM:
            self._kill_at_random(fault)
        elif not self._die_at(kill.where):
            self.tally.not_reached[name] += 1
            name = (APP if self.plan.whole_app else "") + RANDOM
        self.tally.kills[name] += 1
        self._let_go()

    def _waiting(self) -> int:
        return list(self.place.statuses().values()).count("pending")

    def _go_wrong(self, fault: str) -> None:
        if fault in faults.ORDERED or fault in faults.WEBHOOKS:
            faults.order(self.place, fault)
        elif fault in faults.CLOCKS:
            way = -1 if fault == faults.CLOCK_BACK else 1
            self.offset.seconds += way * faults.HOUR

    def _die_at(self, failpoint: str) -> bool:
        """Whether the process came to the step, and died there."""
        child = self.start(failpoint)
        again = time.monotonic()
        deadline = again + IN_TIME + (10 if self.plan.whole_app else 0)
        while child.alive and time.monotonic() < deadline:
            time.sleep(0.02)
            if time.monotonic() - again > 4:  # what was there may be held for long
                self.place.whatsapp.mend()
                self.door.bring(2)
                again = time.monotonic()
        there = not child.alive
        child.kill()
        if there and child.process.returncode != -signal.SIGKILL:
            self._complain(f"ended with {child.process.returncode}", child)
        return there

    def _kill_at_random(self, fault: str | None) -> None:
        child = self.start()
        if self.chance.random() < 0.85:
            self._up(child)
        if fault in faults.LIVE:
            time.sleep(self.chance.uniform(0.0, 0.3))
            child = self.hands.do(fault, child)
            self._takeover(fault, child)
        time.sleep(self.chance.uniform(0.0, 0.7))
        self._must_live(child)
        child.kill()

    def _must_live(self, child: Child) -> None:
        """Whoever was up stays up. A start may fail, on a full disk: once more then."""
        if child.alive:
            return
        if UP in child.log:
            self._complain(f"ended by itself ({child.process.returncode})", child)
        else:
            self.tally.failed_starts += 1

    def _takeover(self, fault: str, second: Child) -> None:
        """How long after the first one's death the second sent; not always measured."""
        if fault != "second worker" or self.chance.random() < 0.5:
            return
        killed, before = time.time(), self._arrived()
        self.door.bring(2)
        with contextlib.suppress(AssertionError):
            self.tally.takeovers.append(self._next_delivery(before) - killed)

    def _up(self, child: Child) -> None:
        try:
            until(lambda: not child.alive or _LEASE in child.log, "it has a lease")
        except AssertionError as error:
            self._complain(str(error), child)

    # --- in between ---------------------------------------------------------------

    def _go_on(self) -> None:
        """Undisturbed, the next message goes soon after the start: measured."""
        self._mend()
        # an app whose clock went back waits until that time is over
        self.offset.seconds = self.offset.furthest
        self._let_go()
        self.door.bring(2)
        before = self._arrived()
        child = self.start()
        self._up(child)
        up = up_at(child)
        self.tally.starts.append(up - child.began)
        try:
            self.tally.silences.append(max(0.0, self._next_delivery(before) - up))
        except AssertionError as error:
            self._complain(f"silent: {error}; {self._what_waits()}", child)
        if self.chance.random() < 0.5:
            self._stop(child)
        else:
            child.kill()
            self.tally.kills[(APP if self.plan.whole_app else "") + RANDOM] += 1

    def _arrived(self) -> int:
        """How many messages of this wedding arrived so far."""
        ours = self.place.texts()
        return sum(fact["text"] in ours for fact in self.place.whatsapp.delivered())

    def _next_delivery(self, before: int) -> float:
        """When, by our own clock, one more than `before` had arrived: the world's clock
        is one of those that are moved."""
        until(lambda: self._arrived() > before, "the next message arrives")
        return time.time()

    def _what_waits(self) -> str:
        """Who has not ended, and what holds him; for a complaint."""

        def ask(session: Session) -> list[object]:
            waiting = col(QueueMessage.status).not_in(_DONE)
            rows = session.exec(select(QueueMessage).where(waiting)).all()
            return [*rows, *session.exec(select(Account)).all()]

        rows = self.place.database.read_now(ask)
        return "\n".join([f"now {self.offset.now()}", *map(repr, rows)])

    def _stop(self, child: Child) -> None:
        code = child.stop()
        self.tally.stops += 1
        if code != 0:
            self._complain(f"told to stop, it ended with {code}", child)

    def _mend(self) -> None:
        self.place.whatsapp.mend()

    def _let_go(self) -> None:
        """What was set aside is let go, as its owner would do it."""
        database, wedding = self.place.database, self.place.couple.wedding
        rows = database.read_now(
            lambda s: s.exec(
                select(QueueMessage.id, QueueMessage.hold_rule).where(
                    col(QueueMessage.held_at).is_not(None),
                    QueueMessage.status == "pending",
                )
            ).all()
        )
        for number, rule in rows:
            with contextlib.suppress(Conflict):  # it was too late for that
                database.write_now(let_go, wedding, number, now=self.offset.now())
                self.tally.let_go[str(rule)] += 1

    def _cross(self, change: datetime) -> None:
        """Work across the moment at which the clocks are changed, within a window that
        ends (spring) or comes again (autumn) just then."""
        window = ("01:00", "02:00") if change.month < 7 else ("02:00", "03:00")
        for account in ("groom", "bride"):
            self.place.set_policy(account, windows="-".join(window))
        self.offset.seconds += (change - self.offset.now()).total_seconds() - 2
        self.crossed = True
        since, child = self.offset.now(), self.start()
        while self.offset.now() < change + timedelta(seconds=2):
            self.door.bring(2)
        child.kill()
        self.tally.kills[RANDOM] += 1
        self.tally.faults["clocks changed, " + window[0]] += 1
        until_when = self.offset.now()
        for account in ("groom", "bride"):
            self.place.set_policy(account, windows="")
        self.closed = sent_while_closed(self.place, window, since, until_when)

    # --- the reckoning ------------------------------------------------------------

    def _end(self) -> None:
        """Give everything time, the clock's too, until all has ended."""
        self.offset.seconds = self.offset.furthest + 2 * faults.HOUR
        clock = self.place.clocked(self.offset.path)
        child = self.place.worker(**clock)
        deadline = time.monotonic() + MENDED
        while not self._all_ended() and time.monotonic() < deadline:
            self._let_go()
            time.sleep(0.2)
            if not child.alive:
                self._must_live(child)
                child = self.place.worker(**clock)
        self._stop(child)

    def _all_ended(self) -> bool:
        return all(status in _DONE for status in self.place.statuses().values())

    def _judge(self) -> None:
        found = verdict(self.place, self.door.wishes)
        tally = self.tally
        tally.episodes = 1
        tally.messages = len(self.door.wishes)
        tally.delivered = len(self.place.whatsapp.texts())
        tally.duplicates, tally.lost = found.duplicates, found.lost
        tally.unconfirmed = found.unconfirmed
        tally.endings = found.endings
        tally.kills["enqueue"] += self.door.kills
        where = f"wedding {self.plan.number}: "
        told = (*found.complaints, *self.closed)
        tally.complaints += [where + one for one in told]

    def _complain(self, what: str, child: Child) -> None:
        tail = child.log[-1500:]
        self.tally.complaints.append(f"wedding {self.plan.number}: {what}\n{tail}")


CHANGES = (
    datetime(2027, 3, 28, 1, tzinfo=UTC),  # 02:00 in Rome, then 03:00
    datetime(2027, 10, 31, 1, tzinfo=UTC),  # 03:00 in Rome, then 02:00 again
)


def plans(
    seed: int, kills: int, names: Sequence[str], *, with_app: bool = True
) -> Iterator[Plan]:
    """Split `kills` into weddings: half at named steps, each as often as the others;
    one in twenty of the whole app; the rest at random, with all else that goes wrong.
    """
    chance = random.Random(f"plan {seed}")
    app = kills // 20 if with_app else 0
    each = max(1, kills // 2 // len(names))
    steps = [name for name in names for _ in range(each)]
    at_random = [RANDOM] * max(4, kills - app - len(steps))
    chance.shuffle(steps)
    deck = _Deck(chance)
    where = [*steps, *at_random]
    chance.shuffle(where)
    number = 0
    size = math.ceil(len(where) / max(2, math.ceil(len(where) / EACH)))
    for at in range(0, len(where), size):
        number += 1
        some = tuple(Kill(one, deck.draw(one)) for one in where[at : at + size])
        change = CHANGES[number // 6 % 2] if number % 6 == 2 else None
        yield Plan(number, some, clock_change=change)
    apps = [chance.choice([RANDOM, RANDOM, *names]) for _ in range(app)]
    for at in range(0, app, 6):
        number += 1
        some = tuple(Kill(one, deck.draw_app()) for one in apps[at : at + 6])
        yield Plan(number, some, whole_app=True)


class _Deck:
    """Deals each kind of fault about as often as the others."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._ordered: list[str] = []
        self._live: list[str] = []
        self._app: list[str] = []

    def draw(self, where: str) -> str | None:
        """Some kills come without. Hands on a living process need one that lives."""
        if where == RANDOM and self._chance.random() < 0.75:
            often = [name for name in faults.LIVE if name not in faults.RARE]
            return self._deal(self._live, [*often * 6, *faults.RARE])
        if self._chance.random() < 0.6:
            return self._deal(self._ordered, [*faults.ORDERED, *faults.CLOCKS])
        return None

    def draw_app(self) -> str:
        usual = [*faults.WEBHOOKS, *faults.ORDERED]
        return self._deal(self._app, [*faults.WEBHOOKS, *usual])

    def _deal(self, pack: list[str], full: list[str]) -> str:
        if not pack:
            pack += full
            self._chance.shuffle(pack)
        return pack.pop()


def clock_file(folder: Path, plan: Plan) -> Offset:
    """The offset with which a wedding begins."""
    seconds = 0.0
    if plan.clock_change is not None:
        begin = plan.clock_change - timedelta(minutes=25)
        seconds = (begin - datetime.now(UTC)).total_seconds()
    return Offset(folder / "clock", seconds=seconds)
