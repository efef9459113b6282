"""api: how often one network address may try to log in."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict, deque

from wedding_wa.domain.errors import Refused

_WINDOW_SECONDS = 300.0
_TRIES = 20
_ADDRESSES = 1024


class TooManyTries(Refused):
    """This address has failed too often; welcome again in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("error.too_many_tries", "", n=math.ceil(seconds / 60))
        self.seconds = seconds


class Knocks:
    """At most `tries` failed ones in five minutes for an address; 1024 are remembered.

    A try is counted before it is judged and forgiven if it was right, so that many
    at once count as many. IPv6 counts by /64, of which anybody has plenty.
    """

    def __init__(self, *, tries: int = _TRIES) -> None:
        self._most = tries
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def knock(self, address: str, *, now: float) -> None:
        """Count a try at `now`, monotonic seconds. Raises TooManyTries, uncounted."""
        tries = self._tries.setdefault(network_of(address), deque())
        self._tries.move_to_end(network_of(address))
        while tries and tries[0] <= now - _WINDOW_SECONDS:
            tries.popleft()
        if len(tries) >= self._most:
            raise TooManyTries(tries[0] + _WINDOW_SECONDS - now)
        tries.append(now)
        if len(self._tries) > _ADDRESSES:
            self._tries.popitem(last=False)

    def forgive(self, address: str) -> None:
        """The last try was right: it does not count."""
        tries = self._tries.get(network_of(address))
        if tries:
            tries.pop()


def network_of(address: str) -> str:
    """What an address is counted by: itself, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return address
