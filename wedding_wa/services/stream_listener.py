"""services: one who listens to the feed for programs, and how far it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from wedding_wa.db import Database
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.clock import Clock
from wedding_wa.services.stream import read
from wedding_wa.services.stream_channel import Channel
from wedding_wa.services.stream_envelopes import Envelope, gap, heartbeat
from wedding_wa.services.stream_places import Lost, Place, Start
from wedding_wa.services.stream_turns import Turns

HEARTBEAT_S = 30.0
#: A connection that takes nothing for so long is cut.
STALLED_S = 20.0
# What was missed is read back for so many at once, so many characters at a time.
_REPLAYS, _REPLAYED = 2, 64_000
_TURNS = 4


@dataclass(frozen=True, slots=True)
class End:
    """Why a connection is closed. 4000 and above are ours: docs/feed.md."""

    code: int
    reason: str


FORBIDDEN = End(4403, "this key may not read, or this page may not listen")
UNKNOWN = End(4401, "no valid token")
REVOKED = End(4401, "the token is not valid any more")
TOO_SLOW = End(4408, "too slow: come back with after=<id>")
TOO_MANY = End(4429, "too many connections")
UNREADABLE = End(
    4400, "ask for after, an envelope's id, and events, names with commas; no more"
)
TOO_LARGE = End(1009, "this feed does not listen")
AWAY = End(1013, "the database cannot be used just now")
DEFECT = End(1011, "something went wrong here: come back with after=<id>")


@dataclass(frozen=True, slots=True)
class Means:
    """What all listeners of a process share."""

    db: Database
    clock: Clock
    turns: Turns = field(default_factory=lambda: Turns(_TURNS))
    replays: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_REPLAYS)
    )


class Listener:
    """One connection: its wish, and how far it was told."""

    def __init__(
        self,
        means: Means,
        channel: Channel,
        bearer: Bearer,
        events: Collection[str] | None,
    ) -> None:
        self.bearer = bearer
        self.channel = channel
        self.ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._means = means
        self._events = events
        self._place = channel.seen
        self._number: int | None = None  # None: what it missed is read back first
        self._first: list[str] = []
        self._woken = asyncio.Event()
        self._quiet_since = means.clock.monotonic()
        self._sending_since: float | None = None
        self._beat = False

    def begin(self, start: Start, *, after: Place | None, now: datetime) -> None:
        """From where on to tell; the first word is of what is lost, if anything is."""
        self._place = start.place
        if start.lost and after is not None:
            self._first = [gap(start, after=after, now=now)]

    async def next(self) -> list[str]:
        """The next texts; waits for them. Raises FellBehind."""
        while True:
            self._woken.clear()
            if self._first:
                texts, self._first = self._first, []
                return texts
            if self._beat:
                self._beat = False
                return [heartbeat(self._place, now=self._means.clock.now())]
            found = await self._slice()
            if found is None:
                await self._woken.wait()
                continue
            if texts := [one.text for one in found if self._wants(one)]:
                await self._means.turns.take()
                return texts

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Around each send: who does not take it is found out, and is not quiet."""
        self._sending_since = self._means.clock.monotonic()
        try:
            yield
        finally:
            self._sending_since = None
            self._quiet_since = self._means.clock.monotonic()

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    def end(self, why: End) -> None:
        """Let the connection close itself."""
        if not self.ended.done():
            self.ended.set_result(why)

    def tend(self, now: float) -> None:
        """A second has gone by."""
        since = self._sending_since
        if since is not None and now - since > STALLED_S:
            self.end(TOO_SLOW)
        elif since is None and now - self._quiet_since >= HEARTBEAT_S:
            self._quiet_since = now
            self.beat()

    def beat(self) -> None:
        """Tell it that we are here, and where it is."""
        self._beat = True
        self._woken.set()

    @property
    def behind(self) -> int:
        """How many envelopes it was not told yet of those that were read."""
        return 0 if self._number is None else self.channel.end - self._number

    def _wants(self, one: Envelope) -> bool:
        return self._events is None or one.event in self._events

    async def _slice(self) -> list[Envelope] | None:
        """What comes next, wanted or not; None where there is nothing yet."""
        if self._number is None:
            if self._place < self.channel.floor:
                return await self._missed()
            if self._place > self.channel.seen:
                return None  # what it knows already was not read yet
            self._number = self.channel.number_after(self._place)
        if self._number == self.channel.end:
            self._place = max(self._place, self.channel.seen)
            return None
        found, self._number = self.channel.take(self._number)
        self._place = self.channel.place_before(self._number)
        return found

    async def _missed(self) -> list[Envelope]:
        """From the database, until what is kept in memory goes on from there."""
        async with self._means.replays:
            batch = await self._means.db.read(
                read, self.channel.wedding_id, self._place
            )
        if batch.forgotten:
            self._lose(batch.upto)
            return []
        found, size = [], 0
        for one in batch.envelopes:
            found.append(one)
            size += len(one.text)
            if size > _REPLAYED:
                self._place = one.place
                return found
        nothing_left = batch.upto == self._place
        self._place = self.channel.floor if nothing_left else batch.upto
        return found

    def _lose(self, upto: Place) -> None:
        """Retention was quicker than it: what it should have been told next is gone."""
        start = Start(upto, Lost.FORGOTTEN)
        now = self._means.clock.now()
        self._first = [gap(start, after=self._place, now=now)]
        self._place = upto
