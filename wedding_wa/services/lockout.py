"""services: how long a login stays closed after wrong passwords in a row.

Five wrong ones close it for a minute, each further one for twice as long, up to a
quarter of an hour. E-mail addresses that nobody has are closed by the same rule, so
that being locked out does not tell whether an address is known.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime, timedelta

from wedding_wa.domain.errors import Refused

LOCK_AFTER = 5
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(minutes=15)
_REMEMBERED = 1000


class LockedOut(Refused):
    """Too many wrong passwords. Opens again at `until`; `n` is whole minutes."""

    def __init__(self, until: datetime, *, now: datetime) -> None:
        minutes = max(1, math.ceil((until - now) / timedelta(minutes=1)))
        super().__init__("error.locked_out", "", n=minutes)
        self.until = until
        self.seconds = (until - now).total_seconds()


def lock_time(failures: int) -> timedelta:
    """How long the login is closed after `failures` wrong passwords in a row."""
    if failures < LOCK_AFTER:
        return timedelta(0)
    doublings = min(failures - LOCK_AFTER, 10)
    return min(_FIRST * (1 << doublings), _LONGEST)


def charge(
    failures: int, locked_until: datetime | None, *, now: datetime
) -> tuple[int, datetime | None]:
    """Count one try as failed before it is judged; success takes it back.

    Counting first lets a hundred guesses at once be no more than five. Raises
    LockedOut while the login is closed.
    """
    if locked_until and locked_until > now:
        raise LockedOut(locked_until, now=now)
    failures += 1
    closed = lock_time(failures)
    return failures, now + closed if closed else None


class Strangers:
    """The lock-out of addresses that nobody has: in memory, the last 1000 of them."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def charge(self, email: str, *, now: datetime) -> datetime | None:
        """As `lockout.charge`; return until when the address is now closed."""
        failures, until = charge(*self._tries.get(email, (0, None)), now=now)
        self._tries[email] = failures, until
        self._tries.move_to_end(email)
        if len(self._tries) > _REMEMBERED:
            self._tries.popitem(last=False)
        return until
