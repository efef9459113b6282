"""services: sending an account's due retries where no worker serves it.

Whoever does it is the account's one sender for that time: it has the lease, and it
hears the account as the app does, because a STOP may have been said meanwhile. Every
rule of the queue holds; it only waits for what comes soon, then gives the lease back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.messages import Status
from wedding_wa.domain.pacing import ACCOUNT_RULES
from wedding_wa.models import Account
from wedding_wa.services import hearing, hearing_ways, inbound, queue
from wedding_wa.services import lease as leases
from wedding_wa.services.account_poll import poll
from wedding_wa.services.chores import Parts
from wedding_wa.services.feed import Feed
from wedding_wa.services.history import READY
from wedding_wa.services.lease import Lease
from wedding_wa.services.processes import this_process
from wedding_wa.services.queue import Claim
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.sender import Sender
from wedding_wa.services.serving import who_serves

log = logging.getLogger(__name__)

# So long the chats of the time in which nobody listened may take to read.
_HEARING_SECONDS = 60.0
_LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Turn:
    """How an account's turn went: the messages sent or tried, in order, and why it
    ended: "done", "limit" (as many as were allowed), "wait" (`until` is too far off),
    "deaf" (the chats could not be read), "lost" (another worker came)."""

    rescued: int = 0
    tried: list[int] = field(default_factory=list)
    ended: str = "done"
    until: datetime | None = None


def due_retries(session: Session, account_id: int, *, now: datetime) -> int:
    """How many retries have waited out their back-off and only wait their turn."""
    held_with_all = MESSAGES.c.hold_rule.in_([rule.value for rule in ACCOUNT_RULES])
    found = session.execute(
        sa.select(sa.func.count()).where(
            MESSAGES.c.account_id == account_id,
            MESSAGES.c.status == Status.PENDING,
            MESSAGES.c.failures > 0,
            MESSAGES.c.held_at.is_(None),
            sa.or_(MESSAGES.c.due_at <= now, held_with_all),
        )
    )
    return int(found.scalar_one())


async def send_retries(
    parts: Parts,
    account_id: int,
    *,
    at_most: int,
    patience: timedelta,
    rng: random.Random,
) -> Turn | None:
    """Take the account, free what its last worker left, send due retries, let go.

    At most `at_most` tries; it waits for a slot that comes within `patience`. None:
    somebody serves the account. Cancelled, it stops as a worker does.
    """
    lease = await parts.db.write(_take, account_id, parts.clock.now())
    if lease is None:
        return None
    turn = Turn()
    renewing = asyncio.create_task(_renew(parts, lease))
    try:
        turn.rescued = await parts.db.write(
            queue.rescue, lease, calls_over=False, now=parts.clock.now()
        )
        async with _listening(parts, account_id, rng):
            await _send(parts, lease, turn, at_most, patience, rng)
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await asyncio.shield(parts.db.write(_give_back, lease, parts.clock.now()))
    return turn


async def _send(
    parts: Parts,
    lease: Lease,
    turn: Turn,
    at_most: int,
    patience: timedelta,
    rng: random.Random,
) -> None:
    sender, enough = _sender(parts, rng), parts.clock.now() + patience
    while len(turn.tried) < at_most:
        if not await _heard_all(parts, lease.account_id):
            turn.ended = "deaf"
            return
        now = parts.clock.now()
        step = await parts.db.write(queue.next_step, lease, now=now, retries_only=True)
        if step is None:
            turn.ended = "lost"
            return
        if step.claim is not None:
            await sender.send(step.claim)
            if await parts.db.read(_was_tried, step.claim):
                turn.tried.append(step.claim.message_id)
                enough = parts.clock.now() + patience
        elif not await parts.db.read(due_retries, lease.account_id, now=now):
            return
        elif await parts.db.read(hearing.concerned, lease.account_id):
            continue  # a doubt arose after we looked: first its chats
        elif step.wake_at is not None and step.wake_at <= enough:
            left = (step.wake_at - now).total_seconds()
            await parts.clock.sleep(max(_LOOK_SECONDS, left))
            continue
        else:
            turn.ended, turn.until = "wait", step.wake_at
            return
        if parts.clock.now() > enough:  # let go again and again, and nothing went
            turn.ended = "wait"
            return
    turn.ended = "limit"


def _was_tried(session: Session, claim: Claim) -> bool:
    """Not if it was given back before its mark: somebody typed, a gap opened."""
    found = session.execute(
        sa.select(MESSAGES.c.status, MESSAGES.c.failures).where(
            MESSAGES.c.id == claim.message_id
        )
    ).one()
    return tuple(found) != (Status.PENDING, claim.failures)


@contextlib.asynccontextmanager
async def _listening(
    parts: Parts, account_id: int, rng: random.Random
) -> AsyncIterator[None]:
    """Hear the account for the length of the block: by the feed, and by what a door
    of another process stores of webhooks, which the sender applies before each mark."""
    await parts.db.write(_doubt_what_was_missed, account_id, parts.clock.now())
    await inbound.start_hearing(parts.db, parts.clients, account_id, parts.clock)
    feed = Feed(parts.db, parts.clients, account_id, parts.clock, rng)
    listening = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _heard_all(parts: Parts, account_id: int) -> bool:
    """Wait until the chats of the time in which nobody listened are read; not for an
    account that is not connected, whose chats nobody can read."""
    until = parts.clock.monotonic() + _HEARING_SECONDS
    while await parts.db.read(hearing.concerned, account_id):
        ready = await parts.db.read(_is_ready, account_id)
        if not ready or parts.clock.monotonic() >= until:
            return False
        await parts.clock.sleep(_LOOK_SECONDS)
        await inbound.apply_open_events(
            parts.db, parts.clients, account_id, parts.clock
        )
    return True


async def _renew(parts: Parts, lease: Lease) -> None:
    while True:
        await parts.clock.sleep(leases.RENEW_SECONDS)
        with contextlib.suppress(sa.exc.DBAPIError):
            await parts.db.write(leases.renew, lease, now=parts.clock.now())


def _sender(parts: Parts, rng: random.Random) -> Sender:
    async def probe(account_id: int) -> bool:
        status = await poll(parts.db, parts.clients, account_id, parts.clock)
        return status == READY

    async def listen(account_id: int) -> None:
        await inbound.apply_open_events(
            parts.db, parts.clients, account_id, parts.clock
        )

    return Sender(parts.db, parts.clients, parts.clock, rng, probe=probe, listen=listen)


def _is_ready(session: Session, account_id: int) -> bool:
    return session.get_one(Account, account_id).status == READY


def _take(session: Session, account_id: int, now: datetime) -> Lease | None:
    """The lease, unless somebody serves the account: also this process's own worker,
    to whom `acquire` would give it a second time, and then two would send."""
    if who_serves(session, account_id, now=now) is not None:
        return None
    return leases.acquire(session, account_id, owner=this_process(), now=now)


def _give_back(session: Session, lease: Lease, now: datetime) -> None:
    if leases.release(session, lease):
        queue.rescue(session, lease, calls_over=False, now=now)


def _doubt_what_was_missed(session: Session, account_id: int, now: datetime) -> None:
    hearing.open_after_absence(session, account_id, now=now)
    hearing_ways.at_start(session, account_id, now=now)
