"""services: what runs by itself: one small function a chore, and the list of them.

To add one: a function of `Parts` below, a line in `chores_of`, its words in
words/*/maintenance.toml. services/chore_keeper.py runs them at their times.
"""

from __future__ import annotations

import asyncio
from datetime import time, timedelta

from sqlmodel import Session, col, select

from wedding_wa.models import Account
from wedding_wa.services import guest_import_drafts, watchdog
from wedding_wa.services import process_retries as retries
from wedding_wa.services.account_poll import poll
from wedding_wa.services.chores import Chore, Did, Parts
from wedding_wa.services.history import READY
from wedding_wa.services.optimise import optimise as optimised
from wedding_wa.services.rescue import rescue_left
from wedding_wa.services.restore_check import check_restored
from wedding_wa.services.retention import retain
from wedding_wa.services.unconfirmed import settle_now

_NOT_READY = timedelta(seconds=10)
_READY = timedelta(seconds=60)
_SETTLE = timedelta(seconds=15)
_SETTLE_OFTENEST = timedelta(seconds=1)
_RETRIES = timedelta(minutes=5)
_WATCH = timedelta(seconds=30)
_RESCUE = timedelta(seconds=30)
_SWEEP = timedelta(hours=1)
# In the wedding's zone, when guests and couple are asleep.
_RETENTION = time(3, 0)
_OPTIMISE = time(3, 30)


def chores_of(settle_after: timedelta) -> tuple[Chore, ...]:
    """Everything that runs by itself, in the order in which the page shows it."""
    return (
        Chore("poll_troubled", poll_troubled, _NOT_READY),
        Chore("poll_connected", poll_connected, _READY),
        Chore("settle", settle, _settle_every(settle_after)),
        Chore("process_retries", process_retries, _RETRIES),
        Chore("rescue", rescue, _RESCUE),
        Chore("ask_restored", ask_restored, _settle_every(settle_after)),
        Chore("watch_acks", watch_acks, _WATCH),
        Chore("sweep_lists", sweep_lists, _SWEEP),
        Chore("retention", retention, _RETENTION),
        Chore("optimise", optimise, _OPTIMISE),
    )


# --- the chores -----------------------------------------------------------------------


async def poll_troubled(parts: Parts) -> Did:
    """Ask WAHA about accounts that are not connected; tell how many came back."""
    return {"connected": await _poll(parts, ready=False)}


async def poll_connected(parts: Parts) -> Did:
    """Ask WAHA about accounts that are connected; tell how many no longer are."""
    return {"lost": await _poll(parts, ready=True)}


async def settle(parts: Parts) -> Did:
    """Settle unconfirmed messages by evidence."""
    done = await settle_now(
        parts.db, parts.clients, parts.clock, settle_after=parts.settle_after
    )
    return {"settled": done.settled}


async def process_retries(parts: Parts) -> Did:
    """See that due retries are on their way: wake the worker where it is not at it."""
    done = await retries.process_retries(parts, send=False)
    return {
        "retried": done.due,
        "settled": done.settled_sent + done.settled_not_sent,
    }


async def rescue(parts: Parts) -> Did:
    """Free what dead workers hold for accounts nobody serves."""
    return {"rescued": await parts.db.write(rescue_left, now=parts.clock.now())}


async def ask_restored(parts: Parts) -> Did:
    """Ask WAHA what was sent since a restored copy was taken, where there is one."""
    return await check_restored(
        parts.db, parts.clients, parts.clock, settle_after=parts.settle_after
    )


async def watch_acks(parts: Parts) -> Did:
    """Mark what WhatsApp never acknowledged."""
    marked = await parts.db.write(watchdog.mark_unacknowledged, now=parts.clock.now())
    return {"unacknowledged": marked}


async def sweep_lists(parts: Parts) -> Did:
    """Delete guest lists that were uploaded a day ago and never imported."""
    swept = await parts.db.write(guest_import_drafts.sweep, now=parts.clock.now())
    return {"lists": swept}


async def retention(parts: Parts) -> Did:
    """Take away what is older than the owner wants it kept."""
    return await retain(parts.db, now=parts.clock.now())


async def optimise(parts: Parts) -> Did:
    """Keep the database quick."""
    await optimised(parts.db)
    return {"optimised": 1}


async def _poll(parts: Parts, *, ready: bool) -> int:
    """Ask about accounts that are or are not `ready`; how many that changed for."""
    ids = await parts.db.read(_accounts, ready=ready)
    told = await asyncio.gather(
        *(poll(parts.db, parts.clients, one, parts.clock) for one in ids)
    )
    return sum((status == READY) != ready for status in told)


def _accounts(session: Session, *, ready: bool) -> list[int]:
    is_ready = col(Account.status) == READY
    rows = session.exec(select(Account.id).where(is_ready if ready else ~is_ready))
    return [i for i in rows.all() if i is not None]


def _settle_every(settle_after: timedelta) -> timedelta:
    """As often as it can bring news, when the owner wants to wait less than usual."""
    return max(_SETTLE_OFTENEST, min(_SETTLE, settle_after))
