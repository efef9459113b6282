"""services: since when this machine has been awake, as far as this process saw.

The wall's clock goes on while a lid is closed or a virtual machine stands still; the
other one, which only runs when we do, shows it. WAHA stood still as well then: what it
had in hand it may still send.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wedding_wa.services.clock import Clock

# Less may be a clock that is being set right.
_A_SLEEP = timedelta(seconds=30)


@dataclass(slots=True)
class Awake:
    """Asked now and then, it notices that time has passed without us."""

    wall: datetime
    ran: float
    since: datetime | None = None

    @classmethod
    def at(cls, clock: Clock) -> Awake:
        return cls(clock.now(), clock.monotonic())

    def look(self, clock: Clock) -> datetime | None:
        """Return when the machine last woke up, None if no sleep was ever noticed."""
        wall, ran = clock.now(), clock.monotonic()
        if wall - self.wall > timedelta(seconds=ran - self.ran) + _A_SLEEP:
            self.since = wall
        self.wall, self.ran = wall, ran
        return self.since
