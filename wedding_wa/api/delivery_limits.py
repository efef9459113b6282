"""api: how much one network address may deliver to the webhook door.

Asked before anything of a delivery is read. What is signed rightly costs nothing but
its place in a high total, so WAHA may bring hundreds of events a second; what is
refused uses up a small budget that fills again slowly.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from wedding_wa.api.knocks import network_of

#: Refused deliveries an address has at first, and how many it gets back a second.
REFUSED_MOST, REFUSED_A_SECOND = 30.0, 0.5
#: All its deliveries: so many at once, so many a second in the long run.
TOTAL_MOST, TOTAL_A_SECOND = 6000.0, 600.0
#: Refusals of all addresses together that are written down.
NOTED_MOST, NOTED_A_SECOND = 60.0, 2.0
#: Bytes of bodies that may be in memory at once, of all addresses.
ROOM_BYTES = 64_000_000
_ADDRESSES = 1024


@dataclass(slots=True)
class Bucket:
    """A budget that fills by itself: `left` at `at` (monotonic seconds)."""

    most: float
    a_second: float
    left: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until there is one again; 0 where there is."""
        self.left = min(self.most, self.left + (now - self.at) * self.a_second)
        self.at = now
        return 0.0 if self.left >= 1 else (1 - self.left) / self.a_second

    def take(self, now: float) -> bool:
        """Use one up. False, and none used, where there is none."""
        if self.wait(now) > 0:
            return False
        self.left -= 1
        return True


@dataclass(slots=True)
class _Address:
    refused: Bucket
    total: Bucket
    told: bool = False


class DeliveryLimits:
    """The budgets of the last 1024 addresses, IPv6 by /64; and of all together."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Address] = OrderedDict()
        self._noted = _full(NOTED_MOST, NOTED_A_SECOND, 0.0)
        self._bytes = 0

    def wait(self, address: str, *, now: float) -> int:
        """Count a delivery; return whole seconds to wait where it is one too many."""
        one = self._of(address, now)
        seconds = one.refused.wait(now)
        if seconds == 0 and not one.total.take(now):
            seconds = one.total.wait(now)
        return math.ceil(seconds)

    def refused(self, address: str, *, now: float) -> bool:
        """Count a refusal against its address; True where it may be written down."""
        self._of(address, now).refused.take(now)
        return self._noted.take(now)

    def too_many(self, address: str, *, now: float) -> bool:
        """True where it may be written down that it is one too many: once a flood."""
        one = self._of(address, now)
        if one.told:
            return False
        one.told = self._noted.take(now)
        return one.told

    def makes_room(self, size: int) -> bool:
        """Take `size` bytes of memory for a body. False, and none taken: no room."""
        if self._bytes + size > ROOM_BYTES:
            return False
        self._bytes += size
        return True

    def gives_back(self, size: int) -> None:
        """The body is stored or dropped."""
        self._bytes -= size

    def _of(self, address: str, now: float) -> _Address:
        key = network_of(address)
        one = self._known.get(key)
        if one is None:
            one = self._known[key] = _Address(
                _full(REFUSED_MOST, REFUSED_A_SECOND, now),
                _full(TOTAL_MOST, TOTAL_A_SECOND, now),
            )
        self._known.move_to_end(key)
        if len(self._known) > _ADDRESSES:
            self._known.popitem(last=False)
        one.refused.wait(now)
        one.told = one.told and one.refused.left < one.refused.most / 2
        return one


def _full(most: float, a_second: float, now: float) -> Bucket:
    return Bucket(most, a_second, most, now)
