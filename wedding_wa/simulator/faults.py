"""simulator: the faults that one can order, and who gets them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from wedding_wa.simulator.pace import Pace

Json = dict[str, Any]


class Mode(StrEnum):
    """What goes wrong; docs/simulator.md says how each one looks from outside."""

    REFUSE = "refuse"
    UNAUTHORIZED = "401"
    UNPROCESSABLE = "422"
    TOO_MANY = "429"
    BROKEN = "500"
    HANG = "hang"
    LOST = "lost"
    SLOW = "slow"
    UNKNOWN_NUMBER = "unknown_number"
    ERROR_463 = "error_463"
    NO_ACK = "no_ack"
    REPEAT_SEND = "repeat_send"
    DUP_WEBHOOK = "dup_webhook"
    SHUFFLE_WEBHOOK = "shuffle_webhook"
    DROP_WEBHOOK = "drop_webhook"
    DROP_FEED = "drop_feed"
    CUT_FEED = "cut_feed"
    SILENT_FEED = "silent_feed"
    FAIL_SESSION = "fail_session"


ON_REQUESTS = frozenset(
    {
        Mode.REFUSE,
        Mode.UNAUTHORIZED,
        Mode.UNPROCESSABLE,
        Mode.TOO_MANY,
        Mode.BROKEN,
        Mode.HANG,
        Mode.LOST,
        Mode.SLOW,
    }
)


@dataclass(eq=False)
class Fault:
    """One ordered fault; `times` and `seconds` bound it, each None: without bound."""

    id: int
    mode: Mode
    path: str | None = None
    session: str | None = None
    times: int | None = None
    seconds: float | None = None
    delay_ms: int | None = None
    body: Json | None = None
    hits: int = 0
    until: float | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def active(self) -> bool:
        in_time = self.until is None or time.monotonic() < self.until
        left = self.times is None or self.hits < self.times
        return in_time and left and not self.ended.is_set()

    @property
    def delay_s(self) -> float | None:
        return None if self.delay_ms is None else self.delay_ms / 1000

    def fits(self, *, path: str | None, session: str | None) -> bool:
        if self.path is not None and (path is None or self.path not in path):
            return False
        return self.session is None or self.session == session

    def told(self) -> Json:
        left = None if self.until is None else max(0.0, self.until - time.monotonic())
        return {
            "id": self.id,
            "mode": self.mode.value,
            "path": self.path,
            "session": self.session,
            "times": self.times,
            "seconds": self.seconds,
            "delay_ms": self.delay_ms,
            "body": self.body,
            "hits": self.hits,
            "seconds_left": None if left is None else round(left, 3),
            "active": self.active,
        }


class FaultBox:
    """The faults in force, first ordered first served."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._faults: list[Fault] = []
        self._ids = count(1)

    def add(self, order: Json) -> Fault:
        """Put a fault in force. Raises ValueError with a sentence for a bad order."""
        fault = _read(order, next(self._ids))
        if fault.seconds is not None:
            fault.until = time.monotonic() + fault.seconds
        self._faults.append(fault)
        return fault

    def clear(self) -> int:
        """End every fault, letting go what hangs; return how many there were."""
        ended = [fault for fault in self._faults if fault.active]
        for fault in self._faults:
            fault.ended.set()
        self._faults = []
        return len(ended)

    def told(self) -> list[Json]:
        return [fault.told() for fault in self._faults]

    def any_on_requests(self) -> bool:
        return any(each.active and each.mode in ON_REQUESTS for each in self._faults)

    def take(
        self, mode: Mode, *, session: str | None, path: str | None = None
    ) -> Fault | None:
        """Return the first fault of `mode` that fits, and count the hit."""
        for fault in self._faults:
            if fault.mode is mode and _strikes(fault, path=path, session=session):
                return fault
        return None

    def in_force(self, mode: Mode, *, session: str) -> bool:
        """Whether `take` would find one; counts no hit."""
        return any(
            fault.active and fault.mode is mode and fault.session in (None, session)
            for fault in self._faults
        )

    def take_on_request(self, *, path: str, session: str | None) -> list[Fault]:
        """Return what strikes a request: any `slow` ones and then one other."""
        struck: list[Fault] = []
        for fault in self._faults:
            if fault.mode not in ON_REQUESTS:
                continue
            if _strikes(fault, path=path, session=session):
                struck.append(fault)
                if fault.mode is not Mode.SLOW:
                    break
        return struck


def _strikes(fault: Fault, *, path: str | None, session: str | None) -> bool:
    if not fault.active or not fault.fits(path=path, session=session):
        return False
    fault.hits += 1
    return True


def _read(order: Json, number: int) -> Fault:
    known = {"mode", "path", "session", "times", "seconds", "delay_ms", "body"}
    if unknown := sorted(set(order) - known):
        raise ValueError(f"unknown field {unknown[0]!r}; known: {sorted(known)}")
    try:
        mode = Mode(str(order.get("mode")))
    except ValueError:
        modes = ", ".join(mode.value for mode in Mode)
        raise ValueError(f"mode must be one of: {modes}") from None
    times = _number(order, "times", least=1)
    delay = _number(order, "delay_ms", least=0)
    return Fault(
        id=number,
        mode=mode,
        path=order.get("path"),
        session=order.get("session"),
        times=None if times is None else int(times),
        seconds=_number(order, "seconds", least=0),
        delay_ms=None if delay is None else int(delay),
        body=order.get("body"),
    )


def _number(order: Json, name: str, *, least: float) -> float | None:
    value = order.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
        raise ValueError(f"{name} must be a number of {least:g} or more")
    return float(value)
