"""api: how many requests a minute a program, a person and a wedding may make.

Buckets in memory: a minute's worth at once, and it fills again as it was emptied. A
program counts for its key or its person, and for its wedding; a browser with a login
has four times as much for itself alone, so that no program shuts the couple out.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wedding_wa import runtime
from wedding_wa.api.delivery_limits import Bucket
from wedding_wa.api.errors import problem
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.sessions import Viewer

HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

_MINUTE = 60.0
_BROWSER = 4
_REMEMBERED = 4096

Name = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the scarcer of the caller's buckets stands after a request.

    `reset`: seconds until it is full; `wait`: until the next request, 0 if this one
    was let in.
    """

    limit: int
    remaining: int
    reset: int
    wait: int

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        values = (self.limit, self.remaining, self.reset)
        told = dict(zip(HEADERS, map(str, values), strict=True))
        return told | ({"Retry-After": str(self.wait)} if self.wait else {})


class Rates:
    """The buckets of the last 4096 callers and weddings. A limit of 0 is none."""

    def __init__(self, *, each: int, wedding: int) -> None:
        self._each = each
        self._wedding = wedding
        self._known: OrderedDict[Name, Bucket] = OrderedDict()

    def take(self, who: Viewer | Bearer, *, now: float) -> Standing | None:
        """Count a request at `now`, monotonic seconds; one that is refused uses
        nothing up. None where nothing limits this caller."""
        buckets = [self._bucket(*one, now) for one in self._limits(who) if one[1]]
        if not buckets:
            return None
        waits = [bucket.wait(now) for bucket in buckets]
        if max(waits) > 0:
            return _standing(buckets[waits.index(max(waits))], max(waits))
        for bucket in buckets:
            bucket.left -= 1
        return _standing(min(buckets, key=lambda bucket: bucket.left), 0)

    def _limits(self, who: Viewer | Bearer) -> list[tuple[Name, int]]:
        if isinstance(who, Viewer):
            return [(("browser", who.user_id), self._each * _BROWSER)]
        own: Name = ("key", who.key_id) if who.key_id else ("person", who.user_id)
        return [(own, self._each), (("wedding", who.wedding_id), self._wedding)]

    def _bucket(self, name: Name, most: int, now: float) -> Bucket:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = Bucket(most, most / _MINUTE, most, now)
        self._known.move_to_end(name)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found


class Rated:
    """Counts the requests of those whom the guard knows, on `/api/…`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._rates: Rates | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = scope.get("state", {}).get("who")
        counts = scope["type"] == "http" and scope["path"].startswith("/api/")
        standing = self._take(who) if who is not None and counts else None
        if standing is None:
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing.headers)
            await send(message)

        if standing.wait:
            refusal = problem(
                Request(scope), 429, "error.too_fast", params={"n": standing.wait}
            )
            await refusal(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)

    def _take(self, who: Viewer | Bearer) -> Standing | None:
        app = runtime.current()
        if self._rates is None:
            self._rates = Rates(
                each=app.settings.api_rate_per_minute,
                wedding=app.settings.api_rate_per_minute_wedding,
            )
        return self._rates.take(who, now=app.clock.monotonic())


def _standing(bucket: Bucket, wait: float) -> Standing:
    return Standing(
        limit=int(bucket.most),
        remaining=int(bucket.left),
        reset=math.ceil((bucket.most - bucket.left) / bucket.a_second),
        wait=math.ceil(wait),
    )
