"""services: who listens to the feed for programs, and what tells them.

One task a process reads what is new, once a wedding; one looks after the listeners
each second: who has heard nothing for half a minute gets a heartbeat, whose key ended
or who takes nothing any more is let go. Both run while anybody listens. A listener is
told by its own connection, a slice at a time (services/stream_turns.py).
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Collection, Coroutine
from typing import Any

from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.services import stream_places as places
from wedding_wa.services.bearers import Bearer, still_valid
from wedding_wa.services.clock import Clock
from wedding_wa.services.database_trouble import ERRORS
from wedding_wa.services.live import Bus
from wedding_wa.services.stream import read
from wedding_wa.services.stream_channel import Channel
from wedding_wa.services.stream_listener import DEFECT, REVOKED, Listener, Means
from wedding_wa.services.stream_places import Place, Start

#: How many may listen with one key, and to one wedding.
PER_KEY, PER_WEDDING = 20, 600
# File descriptors that are not for listeners.
_SPARE = 300
# The reader is at most so far ahead of the quickest listener.
_LEAD = 1000
_BREATH_S = 0.05
_TEND_S = 1.0
_LOOK_S = 30.0
_log = logging.getLogger(__name__)


class TooManyListeners(Exception):
    """The key, the wedding or the process has all the listeners that it may have."""


class Hub:
    """The listeners of this process."""

    def __init__(self, db: Database, bus: Bus, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._means = Means(db, clock)
        self._bus = bus
        self._channels: dict[int, Channel] = {}
        self._listeners: set[Listener] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def listeners(self) -> Collection[Listener]:
        """Who listens just now."""
        return self._listeners

    async def join(
        self, bearer: Bearer, *, after: Place | None, events: Collection[str] | None
    ) -> Listener:
        """Listen from behind `after` (None: from now on). Raises TooManyListeners.

        Whoever joins leaves: call `leave` at the end.
        """
        self._check_room(bearer)
        start, end = await self._db.read(_begin, bearer.wedding_id, after)
        self._check_room(bearer)
        channel = self._channels.setdefault(
            bearer.wedding_id, Channel(bearer.wedding_id, end)
        )
        listener = Listener(self._means, channel, bearer, events)
        listener.begin(start, after=after, now=self._clock.now())
        self._listeners.add(listener)
        if not self._tasks:
            self._tasks = [self._task(self._read_on()), self._task(self._tend_all())]
        return listener

    def leave(self, listener: Listener) -> None:
        """It is gone; what nobody listens to is read no more."""
        self._listeners.discard(listener)
        if not any(one.channel is listener.channel for one in self._listeners):
            self._channels.pop(listener.channel.wedding_id, None)
        if not self._listeners:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def _check_room(self, bearer: Bearer) -> None:
        others = [one.bearer for one in self._listeners]
        mine = [one for one in others if one.wedding_id == bearer.wedding_id]
        if (
            len(others) >= room()
            or len(mine) >= PER_WEDDING
            or sum(_holder(one) == _holder(bearer) for one in mine) >= PER_KEY
        ):
            raise TooManyListeners

    async def _read_on(self) -> None:
        while True:
            seen, more = self._bus.version, False
            for channel in list(self._channels.values()):
                try:
                    more |= await self._read_channel(channel)
                except ERRORS:
                    _log.warning("stream unread", extra={"action": "stream_unread"})
                    await self._clock.sleep(_TEND_S)
                    more = True
            if not more:
                await self._bus.newer(seen, _LOOK_S)
            await self._clock.sleep(_BREATH_S)  # what is committed meanwhile, together

    async def _read_channel(self, channel: Channel) -> bool:
        """Read once; True where there is more to be read."""
        mine = [one for one in self._listeners if one.channel is channel]
        if mine and min(one.behind for one in mine) >= _LEAD:
            return True  # nobody is waiting for it
        batch = await self._db.read(read, channel.wedding_id, channel.seen)
        if batch.upto == channel.seen:
            return False
        channel.add(batch)
        for one in self._listeners:
            if one.channel is channel:
                one.wake()
        return batch.more

    async def _tend_all(self) -> None:
        look = False
        while True:
            await self._clock.sleep(_TEND_S)
            now = self._clock.monotonic()
            for one in list(self._listeners):
                one.tend(now)
            look = not look
            if look:
                await self._end_the_revoked()

    async def _end_the_revoked(self) -> None:
        bearers = {one.bearer for one in self._listeners}
        try:
            good = await self._db.read(still_valid, bearers, self._clock.now())
        except ERRORS:
            return  # who it is cannot be told just now: asked again in a moment
        for one in list(self._listeners):
            if one.bearer in bearers - good:
                one.end(REVOKED)

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[None]) -> None:
        """A defect must leave nobody listening to silence."""
        if task.cancelled():
            return
        _log.error(
            "stream stopped",
            exc_info=task.exception(),
            extra={"action": "stream_stopped"},
        )
        for other in self._tasks:
            other.cancel()
        self._tasks = []
        for one in list(self._listeners):
            one.end(DEFECT)


def room() -> int:
    """How many listeners this process may have: pages need their sockets as well."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(50, files - _SPARE) if files > 0 else 10 * PER_WEDDING


def _holder(bearer: Bearer) -> tuple[int | None, int | None]:
    return bearer.key_id, bearer.user_id


def _begin(
    session: Session, wedding_id: int, after: Place | None
) -> tuple[Start, Place]:
    start = places.start(session, wedding_id, after)
    return start, places.newest(session, wedding_id)
