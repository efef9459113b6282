"""services: listening at WAHA's own event feed, for accounts no webhook may reach.

One listener an account, for as long as the process lives. What it hears is stored and
applied exactly as a webhook is, and an event that came by both ways counts once. After
a break it comes back in 3 s, then 6, 12 … at most 30, and at once where WAHA has just
answered something else; the chats of the time between are then read. What being heard
by the feed means for sending stands in `services.hearing_ways`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.errors import Unreachable, WahaError
from wedding_wa.models import Account, Evidence
from wedding_wa.services import hearing_ways as ways
from wedding_wa.services.accounts import Clients, NotConfigured
from wedding_wa.services.catch_up import catch_up
from wedding_wa.services.clock import Clock
from wedding_wa.services.feed_nudge import nudge_of
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.together import together
from wedding_wa.services.waha import WahaClient, WahaConfig
from wedding_wa.services.waha_feed import FeedLine, open_feed
from wedding_wa.services.webhook_log import store

FIRST_WAIT = 3.0
LONGEST_WAIT = 30.0
#: WAHA pings each minute and ends whoever is silent; we ask more often.
HEARTBEAT_S = 30.0
PULSE_S = 10.0
#: WAHA looks at the key, and begins to tell, after it has opened the line.
SETTLED_S = 1.0

_WAITING = 1000
_BATCH = 100
_log = logging.getLogger(__name__)

Opener = Callable[[WahaConfig], Awaitable[FeedLine]]


class Feed:
    """The listener of one account."""

    def __init__(
        self,
        db: Database,
        clients: Clients,
        account_id: int,
        clock: Clock,
        rng: random.Random,
        *,
        opener: Opener = open_feed,
    ) -> None:
        self._db = db
        self._clients = clients
        self._account_id = account_id
        self._clock = clock
        self._rng = rng
        self._open = opener
        self._nudge = nudge_of(clients, account_id)
        #: When we last surely heard by it; None: never in this process.
        self._alive_at: datetime | None = None
        self._told_at = clock.now()  # when it brought the newest event
        self._listening = False
        self._failed = 0  # tries in a row
        self._stored = asyncio.Event()
        self._suspect = asyncio.Event()
        self._raw: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)

    async def run(self) -> None:
        """Listen until cancelled; a broken line is no reason to end."""
        await together(
            self._keep(),
            self._apply(),
            self._judge_webhooks(),
            self._listen_on_and_on(),
        )

    async def _listen_on_and_on(self) -> None:
        while True:
            try:
                await self._listen()
            except NotConfigured:
                self._failed += 1  # nothing to hear, and nothing is lost
            except WahaError as error:
                await self._lost(error)
            await self._wait()

    async def _listen(self) -> None:
        """Open a line and serve it to its end. Raises the `WahaError` that ended it."""
        client = await self._clients.get(self._account_id)
        self._nudge.distrust.clear()
        line = await self._open(client.config)
        try:
            await together(
                self._read(line),
                self._beat(line, client),
                self._settle(),
                self._obey(),
            )
        finally:
            self._listening = False
            line.cut()

    async def _read(self, line: FeedLine) -> None:
        while True:
            await self._raw.put(await line.next())
            self._alive()

    async def _keep(self) -> None:
        """Store what was read, what waits meanwhile together in one transaction."""
        while True:
            batch = [await self._raw.get()]
            while len(batch) < _BATCH and not self._raw.empty():
                batch.append(self._raw.get_nowait())
            await self._db.write(_store, self._account_id, batch, now=self._clock.now())
            self._told_at = self._clock.now()
            self._stored.set()
            self._suspect.set()

    async def _beat(self, line: FeedLine, client: WahaClient) -> None:
        """Ask for a sign of life; without one the line is as good as cut."""
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            if not await _within(self._clock, PULSE_S, line.pulse()):
                raise Unreachable("feed: no heartbeat")
            self._alive()
            if await self._clients.get(self._account_id) is not client:
                raise Unreachable("feed: another WAHA")

    async def _settle(self) -> None:
        """Once the line has stayed open it counts, and what was missed is read."""
        await self._clock.sleep(SETTLED_S)
        now = self._clock.now()
        await self._db.write(
            ways.feed_listens, self._account_id, since=self._alive_at, now=now
        )
        self._listening, self._failed = True, 0
        self._alive()
        self._nudge.hurry.clear()
        self._tell(logging.INFO, "feed listens", "feed_listens")
        await catch_up(self._db, self._clients, self._account_id, self._clock)

    def _alive(self) -> None:
        """A line that has not settled yet proves nothing of the time before it."""
        if self._listening:
            self._alive_at = self._clock.now()

    async def _obey(self) -> None:
        await self._nudge.distrust.wait()
        raise Unreachable("feed: brought not all")

    async def _lost(self, error: WahaError) -> None:
        if not self._failed:  # told once, until it listens again
            self._tell(logging.WARNING, "feed lost", "feed_lost", error=str(error))
        self._failed += 1
        await self._db.write(
            ways.feed_lost,
            self._account_id,
            since=self._alive_at,
            now=self._clock.now(),
        )

    async def _wait(self) -> None:
        """3 s, 6 s, 12 s … 30 s, a little less by chance so that not all come at once;
        shorter where WAHA has just answered."""
        double = FIRST_WAIT * 2.0 ** min(self._failed - 1, 10)
        seconds = min(LONGEST_WAIT, double) * self._rng.uniform(0.9, 1.0)
        self._nudge.hurry.clear()
        await _within(self._clock, seconds, self._nudge.hurry.wait())

    async def _apply(self) -> None:
        """Apply what is stored, apart from the reading: it may wait for WAHA."""
        while True:
            await self._stored.wait()
            self._stored.clear()
            await apply_open_events(
                self._db, self._clients, self._account_id, self._clock
            )

    async def _judge_webhooks(self) -> None:
        """An event came here: did webhooks come about then as well?"""
        while True:
            await self._suspect.wait()
            self._suspect.clear()
            since = self._told_at
            await self._clock.sleep(ways.TOGETHER.total_seconds())
            now = self._clock.now()
            await self._db.write(
                ways.webhooks_missing, self._account_id, since=since, now=now
            )

    def _tell(self, level: int, text: str, action: str, **more: object) -> None:
        extra = {"action": action, "account_id": self._account_id, **more}
        _log.log(level, text, extra=extra)


def _store(
    session: Session, account_id: int, batch: list[bytes], *, now: datetime
) -> None:
    wedding_id = session.get_one(Account, account_id).wedding_id
    for raw in batch:
        store(
            session,
            wedding_id=wedding_id,
            account_id=account_id,
            raw=raw,
            now=now,
            source=Evidence.FEED,
        )


async def _within(clock: Clock, seconds: float, work: Coroutine[Any, Any, Any]) -> bool:
    """Whether `work` ended within `seconds` of the clock; its fault is raised."""
    task = asyncio.ensure_future(work)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return False
        task.result()
        return True
    finally:
        for each in (task, alarm):
            each.cancel()
        await asyncio.gather(task, alarm, return_exceptions=True)
