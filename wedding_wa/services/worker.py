"""services: the worker: one task an account, each the only sender for its number.

It wakes on every change, its own process's or another's, and at the next due moment;
`interval` seconds are the longest it sleeps. A fault in one account never delays the
other. Stopped, it claims nothing more and gives back what it may.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.clock import Clock
from wedding_wa.services.lease import Lease
from wedding_wa.services.live import Bus
from wedding_wa.services.processes import this_process
from wedding_wa.services.sender import Sender

log = logging.getLogger(__name__)

_AFTER_FAULT_SECONDS = 2.0
_LEASE_LOOK_SECONDS = 1.0


class AccountWorker:
    """Sends for one account while it has the lease."""

    def __init__(
        self, db: Database, sender: Sender, clock: Clock, account_id: int
    ) -> None:
        self._db = db
        self._sender = sender
        self._clock = clock
        self._account_id = account_id
        self._lease: Lease | None = None

    async def step(self) -> datetime | None:
        """Do the next thing: send one message, or say when to look again.

        Returns a moment: now after a send; None: only a change can bring work.
        """
        lease = await self._held_lease()
        if lease is None:
            return self._soon()
        todo = await self._db.write(queue.next_step, lease, now=self._clock.now())
        if todo is None:
            self.forget()
            return self._soon()
        if todo.claim is None:
            return todo.wake_at
        await self._sender.send(todo.claim)
        return self._clock.now()

    async def renew(self) -> None:
        """Prolong the lease; a lost one is forgotten, so the next step asks anew."""
        lease = self._lease
        if lease is None or await self._db.write(_renew, lease, self._clock.now()):
            return
        log.warning("lease lost", extra=self._extra("lease_lost"))
        if self._lease is lease:  # not one that was taken meanwhile
            self._lease = None

    def forget(self) -> None:
        """After a fault: the next step asks for the lease anew, and with it frees the
        message that the fault left in hand."""
        self._lease = None

    async def stop(self) -> None:
        """Give back the lease, and what a stop in between left in hand."""
        lease, self._lease = self._lease, None
        if lease:
            await self._db.write(_give_back, lease, self._clock.now())

    async def _held_lease(self) -> Lease | None:
        if self._lease is None:
            self._lease = await self._db.write(
                _take, self._account_id, self._clock.now()
            )
            if self._lease:
                log.info("lease taken", extra=self._extra("lease_taken"))
        return self._lease

    def _soon(self) -> datetime:
        return _later(self._clock.now(), _LEASE_LOOK_SECONDS)

    def _extra(self, action: str) -> dict[str, object]:
        return {"action": action, "account_id": self._account_id}


def _take(session: Session, account_id: int, now: datetime) -> Lease | None:
    """Take the lease and, with it, free what a lost worker held."""
    lease = leases.acquire(session, account_id, owner=this_process(), now=now)
    if lease is not None:
        # one message at a time: no call of our own is under way for this account
        queue.rescue(session, lease, calls_over=True, now=now)
        queue.note_alive(session, account_id, now=now)
    return lease


def _renew(session: Session, lease: Lease, now: datetime) -> bool:
    """Prolong the lease and say that a sender lives."""
    if not leases.renew(session, lease, now=now):
        return False
    queue.note_alive(session, lease.account_id, now=now)
    return True


def _give_back(session: Session, lease: Lease, now: datetime) -> None:
    if leases.release(session, lease):
        queue.rescue(session, lease, calls_over=False, now=now)


class Worker:
    """Runs an `AccountWorker` for every account there is, also for new ones."""

    def __init__(
        self, db: Database, bus: Bus, sender: Sender, clock: Clock, *, interval: float
    ) -> None:
        self._db = db
        self._bus = bus
        self._sender = sender
        self._clock = clock
        self._interval = interval
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Run until cancelled; then stop every account's task and its lease."""
        seen = -1
        try:
            while True:
                for account_id in await self._db.read(_accounts):
                    if account_id not in self._tasks:
                        self._tasks[account_id] = asyncio.create_task(
                            self._serve(account_id), name=f"account-{account_id}"
                        )
                seen = await self._bus.newer(seen, self._interval)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, account_id: int) -> None:
        account = AccountWorker(self._db, self._sender, self._clock, account_id)
        renewing = asyncio.create_task(self._renew(account))
        try:
            while True:
                seen = self._bus.version
                wake = await self._step(account)
                await self._bus.newer(seen, self._seconds_until(wake))
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            await asyncio.shield(account.stop())

    async def _step(self, account: AccountWorker) -> datetime | None:
        """One step; a fault costs this account a moment, and the others nothing."""
        try:
            return await account.step()
        except Exception:
            log.exception("step failed", extra={"action": "step_failed"})
            account.forget()
            # not by the bus: what the step itself wrote would end the wait at once
            await self._clock.sleep(_AFTER_FAULT_SECONDS)
            return self._clock.now()

    async def _renew(self, account: AccountWorker) -> None:
        while True:
            await self._clock.sleep(leases.RENEW_SECONDS)
            with contextlib.suppress(sa.exc.DBAPIError):
                await account.renew()

    def _seconds_until(self, wake: datetime | None) -> float:
        if wake is None:
            return self._interval
        left = (wake - self._clock.now()).total_seconds()
        return max(0.0, min(left, self._interval))


def _accounts(session: Session) -> list[int]:
    return [i for i in session.exec(select(Account.id)).all() if i is not None]


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
