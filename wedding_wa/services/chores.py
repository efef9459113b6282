"""services: what a chore is: something the app does by itself, again and again.

A chore has a name, one function and its times. The function gets the `Parts` and
returns what it did as counts by name (`{"settled": 2}`; nothing done: zeros or none);
the page says them with `maintenance.did.<count>`. It may be called by hand with the
same effect. services/maintenance.py lists them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from wedding_wa.db import Database
from wedding_wa.domain.daily import next_daily
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock

Did = Mapping[str, int]

# Chores that come less often than this tell of each run, the others of what they did.
OFTEN = timedelta(minutes=2)
# The first runs after a start, so late that the doors are open by then.
AFTER_START = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Parts:
    """What chores work with. `settle_after`: see services.settler."""

    db: Database
    clients: Clients
    clock: Clock
    settle_after: timedelta


@dataclass(frozen=True, slots=True)
class Chore:
    """`when`: so long from run to run, or the time of day in the wedding's zone."""

    name: str
    run: Callable[[Parts], Awaitable[Did]]
    when: timedelta | time

    @property
    def often(self) -> bool:
        """Comes so often that a run without news is not worth telling at once."""
        return isinstance(self.when, timedelta) and self.when < OFTEN

    def next_after(self, last: datetime, zone: ZoneInfo) -> datetime:
        """When it is due after a run at `last`."""
        if isinstance(self.when, timedelta):
            return last + self.when
        return next_daily(last, self.when, zone)

    def first_run(
        self, last: datetime | None, *, now: datetime, zone: ZoneInfo
    ) -> datetime:
        """When it is due after a start at `now`, having last run at `last`.

        What fell due while nothing ran is made good once, soon. A `last` in the future
        (the clock was set back) is as if it had run now.
        """
        usual = self.next_after(now, zone)
        soon = min(usual, now + AFTER_START)
        if last is None:
            return soon
        return min(usual, max(soon, self.next_after(min(last, now), zone)))
