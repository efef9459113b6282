"""Days in which a worker works, in a moment: its clock is moved, nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import write_guest
from tests.integration.queue.desk import Desk
from wedding_wa.domain.windows import next_open, parse_windows
from wedding_wa.models import Chat, QueueMessage, Wedding
from wedding_wa.services import lease as leases
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.processes import ProcessIdentity

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
#: Seconds from the claim to the mark, and from there to the answer.
TYPES, ANSWERS = 20, 2


@dataclass(frozen=True)
class Went:
    """One message that left: by the wall's clock, and after so many true seconds."""

    number: int
    claimed: datetime
    at: datetime
    true: float


@dataclass
class Days:
    """A desk whose worker works from moment to moment."""

    desk: Desk
    went: list[Went] = field(default_factory=list)
    true: float = 0.0

    def passes(self, seconds: float) -> None:
        """Time goes by, for the clock on the wall as well."""
        self.desk.later(seconds)
        self.true += seconds

    def step_the_clock(self, by: timedelta) -> None:
        """The clock on the wall is set; no time has gone by."""
        self.desk.now += by

    def work(self, seconds: float, *, most: int = 10_000) -> None:
        """Work for so long, as the worker does: it wakes when something is due, and
        once a minute in any case."""
        until = self.true + seconds
        while self.true < until and len(self.went) < most:
            step = self.desk.step()
            if step.claim is not None:
                self._send(step.claim)
                continue
            wait = 60.0
            if step.wake_at is not None:
                wait = min(wait, (step.wake_at - self.desk.now).total_seconds())
            if step.wake_at is None or wait >= 60.0:
                wait = min(self._idle(step.wake_at), until - self.true)
            self.passes(max(wait, 0.001))

    def _idle(self, wake: datetime | None) -> float:
        """Nothing happens before `wake`: the looks in between would find the same."""
        return (wake - self.desk.now).total_seconds() if wake else 3600.0

    def _send(self, claim: object) -> None:
        claimed = self.desk.now
        self.passes(TYPES)
        assert self.desk.mark(claim) is not None  # type: ignore[arg-type]
        at, true = self.desk.now, self.true
        self.passes(ANSWERS)
        assert self.desk.sent(claim)  # type: ignore[arg-type]
        number = claim.message_id  # type: ignore[attr-defined]
        self.went.append(Went(number, claimed, at, true))

    def restart(self, *, number: int) -> None:
        """The process dies and another one of this host takes over."""
        owner = ProcessIdentity("here", number, str(number))
        self.desk.db.write_now(leases.release, self.desk.lease)
        taken = self.desk.db.write_now(
            leases.acquire, self.desk.couple.groom, owner=owner, now=self.desk.now
        )
        assert taken is not None
        self.desk.lease = taken

    # --- what must hold -----------------------------------------------------------

    def each_once(self) -> None:
        numbers = [one.number for one in self.went]
        assert len(set(numbers)) == len(numbers)

    def within(self, limit: int, span: timedelta) -> None:
        """No window of `span`, wherever it begins, holds more than `limit`."""
        times = [one.true for one in self.went]
        for first, beyond in zip(times, times[limit:], strict=False):
            assert beyond - first >= span.total_seconds(), f"{limit} + 1 in {span}"

    def apart(self, seconds: float) -> None:
        for one, other in pairwise(self.went):
            assert other.true - one.true >= seconds

    def in_windows(self, windows: str, zone: ZoneInfo) -> None:
        """Each was taken in hand while a window was open."""
        hours = parse_windows(windows)
        for one in self.went:
            assert next_open(one.claimed, hours, zone) == one.claimed, one


def set_zone(desk: Desk, zone: str) -> None:
    def write(session: Session) -> None:
        session.get_one(Wedding, desk.couple.wedding).time_zone = zone

    desk.db.write_now(write)


def guests(number: int) -> list[str]:
    return [f"+3933{n:08d}" for n in range(1, number + 1)]


def put_many(
    desk: Desk, phones: Sequence[str], *, each: int = 1, heard: datetime | None = None
) -> None:
    """Queue `each` messages for every guest; all of them wrote at `heard`."""
    moment = heard or desk.now

    def write(session: Session) -> None:
        for phone in phones:
            write_guest(session, desk.couple.groom, phone, at=moment)
            request = EnqueueRequest("groom", phone, "Ciao!")
            enqueue(session, desk.couple.wedding, request, now=desk.now)
        session.flush()
        for _ in range(each - 1):
            _copy(session, len(phones))

    desk.db.write_now(write)


def _copy(session: Session, number: int) -> None:
    """The newest `number` messages once more: five thousand in a moment."""
    table = QueueMessage.__table__  # type: ignore[attr-defined]
    own = {"id", "task_id"}
    kept = [c for c in table.columns if c.name not in own and c.computed is None]
    newest = sa.select(table.c.id).order_by(table.c.id.desc()).limit(number)
    task = sa.func.lower(sa.func.hex(sa.func.randomblob(16)))
    source = sa.select(task, *kept).where(table.c.id.in_(newest)).order_by(table.c.id)
    names = ["task_id", *(c.name for c in kept)]
    session.execute(sa.insert(table).from_select(names, source))


def they_answer(desk: Desk) -> None:
    """Every guest writes a word, so that nobody is waited for."""

    def write(session: Session) -> None:
        session.execute(sa.update(Chat).values(last_inbound_at=desk.now))

    desk.db.write_now(write)


def cost(desk: Desk, work: Callable[[], object]) -> int:
    """How many thousands of SQLite's own steps `work` takes: no clock, no noise."""
    counted = [0]

    def tick() -> int:
        counted[0] += 1
        return 0

    def watch(connection: object, *_: object) -> None:
        connection.set_progress_handler(tick, 1000)  # type: ignore[attr-defined]

    sa.event.listen(desk.db.engine, "checkout", watch)
    try:
        work()
    finally:
        sa.event.remove(desk.db.engine, "checkout", watch)
    return counted[0]
