"""A reference model of the queue: where each message must be, and what really went.

The model knows of each message where it must be and why; the truth knows what went,
and when. What must hold after every step is looked at after every step.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlmodel import Session, select

from tests.builders import guest_wrote
from tests.integration.queue.desk import Desk
from wedding_wa.db import Database
from wedding_wa.domain.windows import next_open, parse_windows
from wedding_wa.models import QueueCounter, QueueMessage
from wedding_wa.services import queue
from wedding_wa.services.queue import Claim

ROME = ZoneInfo("Europe/Rome")
HOURS = "09:00-12:30, 15:00-20:00"
OPEN = parse_windows(HOURS)
LIMITS: dict[str, object] = {
    "per_hour": 3,
    "per_day": 8,
    "gap_min_seconds": 30.0,
    "gap_max_seconds": 60.0,
    "cooldown_seconds": 600.0,
    "rest_after": 0,
    "windows": HOURS,
}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GUESTS = ("+393331112222", "+393331113333", "+393331114444")


@dataclass
class Expected:
    """Where the model says a message is."""

    status: str = "pending"
    held: bool = False
    deaths: int = 0
    failures: int = 0
    tries: int = 4
    due: datetime | None = None
    expires: datetime | None = None
    forced: bool = False


@dataclass(frozen=True)
class Went:
    """What WhatsApp really got."""

    message_id: int
    chat: str
    at: datetime
    forced: bool


class QueueAndModel(RuleBasedStateMachine):
    """One account with every limit; at most one message in hand, as in life. Its rules
    are test_reference.py's."""

    template: ClassVar[Path]
    #: How many went in all plays so far: none would prove nothing.
    sends: ClassVar[int] = 0

    def begin(self) -> None:
        """An hour after noon, when the hours of the afternoon begin."""
        self.folder = tempfile.mkdtemp(prefix="reference")
        path = Path(self.folder) / "queue.db"
        shutil.copy(self.template, path)
        self.desk = Desk.of(Database(f"sqlite:///{path}"), **LIMITS)
        for phone in GUESTS[1:]:
            guest_wrote(self.desk.db, self.desk.couple.groom, phone)
        self.model: dict[int, Expected] = {}
        self.truth: list[Went] = []
        self.hand: Claim | None = None
        self.paused = False
        self.seen: dict[int, tuple[int, int]] = {}
        self.desk.later(3600)
        self.alive()

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            type(self).sends += len(self.truth)
            self.desk.db.close()
            shutil.rmtree(self.folder)

    def alive(self) -> None:
        self.desk.db.write_now(
            queue.note_alive, self.desk.couple.groom, now=self.desk.now
        )

    def went(self) -> set[int]:
        return {one.message_id for one in self.truth}

    # --- what must hold after every step --------------------------------------------

    @invariant()
    def each_is_where_the_model_says(self) -> None:
        """Also: the sums are true, `attempt` and `ack` never fall."""
        if not hasattr(self, "desk"):
            return
        rows, counters = self.desk.db.read_now(_rows_and_counters)
        there = {row.id: (row.status, row.held_at is not None) for row in rows}
        assert there == {i: (one.status, one.held) for i, one in self.model.items()}
        assert counters == Counter(row.bucket for row in rows)
        for row in rows:
            attempt, ack = self.seen.get(row.id or 0, (0, -1))
            now = (row.attempt, -1 if row.ack is None else row.ack)
            assert now[0] >= attempt
            assert now[1] >= ack
            self.seen[row.id or 0] = now

    @invariant()
    def nothing_goes_twice(self) -> None:
        counted = Counter(one.message_id for one in getattr(self, "truth", []))
        assert all(n == 1 for n in counted.values())

    @invariant()
    def no_limit_is_ever_broken(self) -> None:
        """A force may; all others keep the hours and every rolling limit."""
        sends = getattr(self, "truth", [])
        for index, one in enumerate(sends):
            if one.forced:
                continue
            before = sends[: index + 1]
            assert next_open(one.at, OPEN, ROME) == one.at, "sent in a closed window"
            assert _within(before, one.at, HOUR) <= 3 or _forced(before)
            assert _within(before, one.at, DAY) <= 8 or _forced(before)
            if index and not _forced(before):
                gap = (one.at - sends[index - 1].at).total_seconds()
                assert gap >= 30


def _within(sends: list[Went], at: datetime, span: timedelta) -> int:
    return sum(one.at > at - span for one in sends)


def _forced(sends: list[Went]) -> bool:
    return any(one.forced for one in sends)


def _rows_and_counters(session: Session) -> tuple[list[QueueMessage], dict[str, int]]:
    counted = session.exec(select(QueueCounter.bucket, QueueCounter.n)).all()
    return list(session.exec(select(QueueMessage)).all()), {
        b: n for b, n in counted if n
    }
