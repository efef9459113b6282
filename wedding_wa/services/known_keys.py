"""services: whose key it is, remembered for a quarter of a second.

A program that asks often, or many times at once, asks the database four times a second
who it is. A key that is revoked is refused at once in this process, whose commits all
pass by here, and after a quarter of a second where another process revoked it.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from wedding_wa.db import Database
from wedding_wa.services.apikeys import KeyHolder, verify_key
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Change

_SECONDS = 0.25
_MOST = 256


@dataclass(frozen=True, slots=True)
class _Seen:
    holder: KeyHolder
    until: float


class KnownKeys:
    """The good keys that were shown in this process just now, by their hashes."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._seen: dict[bytes, _Seen] = {}
        self._asking: dict[bytes, asyncio.Task[KeyHolder | None]] = {}
        db.on_commit.append(self._committed)

    async def verify(self, key: str, *, now: datetime) -> KeyHolder | None:
        """`verify_key`, asked of the database only where it was not just now."""
        name = hashlib.sha256(key.encode()).digest()
        known = self._seen.get(name)
        if known and self._clock.monotonic() < known.until:
            return known.holder if _unexpired(known.holder, now) else None
        asking = self._asking  # what is read before a commit is not told after it
        if name not in asking:
            asking[name] = asyncio.ensure_future(self._ask(key, name, now))
            asking[name].add_done_callback(partial(_over, asking, name))
        holder = await asyncio.shield(asking[name])  # as of when the first one came
        return holder if holder and _unexpired(holder, now) else None

    async def _ask(self, key: str, name: bytes, now: datetime) -> KeyHolder | None:
        seen, asked = self._seen, self._clock.monotonic()
        holder = await verify_key(self._db, key, now=now)
        if holder:
            if len(seen) >= _MOST:
                seen.clear()
            seen[name] = _Seen(holder, asked + _SECONDS)
        return holder

    def _committed(self, changes: list[Any]) -> None:
        """On the committing thread, before whoever revoked a key is answered."""
        if any(isinstance(one, Change) and one.what == "login" for one in changes):
            self._seen, self._asking = {}, {}


def _over(
    asking: dict[bytes, asyncio.Task[KeyHolder | None]],
    name: bytes,
    done: asyncio.Task[KeyHolder | None],
) -> None:
    asking.pop(name)
    if not done.cancelled():
        done.exception()  # told to those who waited, if anybody still does


def _unexpired(holder: KeyHolder, now: datetime) -> bool:
    return holder.expires_at is None or now < holder.expires_at
