"""services: one order for many messages: those chosen, or all that match a list.

What an order is for is frozen first, so that a person confirms what will be done; then
it is carried out in short transactions, each message by the queue's own conditional
update. Whoever moved meanwhile is counted and left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.errors import Conflict, MessageRefused, NotFound
from wedding_wa.domain.messages import Status
from wedding_wa.models import QueueMessage
from wedding_wa.services import audit, queue
from wedding_wa.services.audit import By
from wedding_wa.services.clock import Clock
from wedding_wa.services.queue.rows import MESSAGES, find_mine
from wedding_wa.services.queue_list import Wish, matching

BATCH = 50
# SQLite takes only so many values in one statement.
VALUES = 500
# So many rows are fetched at once: 100,000 ids cost a few megabytes, not the rows.
_FETCH = 5000


class What(StrEnum):
    """What may be done to many at once. Sending now is for one message only."""

    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    PRIORITY = "priority"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Order:
    """What is done in which wedding, and by which user (None: the command line).

    `priority` 1 (very high) to 5 (very low), where that is what is set.
    """

    what: What
    wedding_id: int
    by: By = None
    priority: int = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order is: changed, left alone (too late meanwhile), of how many."""

    done: int
    left: int
    total: int

    @property
    def over(self) -> bool:
        """Whether every message has been looked at."""
        return self.done + self.left >= self.total


def _in(*buckets: str) -> sa.ColumnElement[bool]:
    return MESSAGES.c.bucket.in_(buckets)


_NOT_ON_ITS_WAY = sa.and_(
    _in("waiting", "held", "processing"),
    sa.or_(MESSAGES.c.status == Status.PENDING, MESSAGES.c.dispatched_at.is_(None)),
)
# Whom an order can still change. The queue's own update decides in the end.
CAN: Mapping[What, sa.ColumnElement[bool]] = {
    What.CANCEL: _NOT_ON_ITS_WAY,
    What.HOLD: sa.and_(_NOT_ON_ITS_WAY, MESSAGES.c.held_at.is_(None)),
    What.RELEASE: sa.and_(_in("held"), MESSAGES.c.held_at.is_not(None)),
    What.PRIORITY: _in("waiting", "held"),
    What.RETRY: sa.and_(_in("failed"), MESSAGES.c.error_code != MessageRefused.code),
}


def select_ids(
    session: Session,
    wedding_id: int,
    account_ids: Sequence[int],
    wish: Wish,
    *,
    what: What | None = None,
) -> list[int]:
    """Return all messages that `wish` lists, of these accounts, whatever page it names.

    With `what` only those that it can change. In the order in which they would go,
    so that what is about to go is reached first. A search finds what its list finds:
    the newest `queue_list.SEARCH_REACH` of each state.
    """
    conditions: list[sa.ColumnElement[bool]] = [MESSAGES.c.account_id.in_(account_ids)]
    if what is not None:
        conditions.append(CAN[what])
    found = session.execute(
        sa.select(MESSAGES.c.id)
        .where(*conditions, *matching(wedding_id, account_ids, wish))
        .order_by(MESSAGES.c.priority, MESSAGES.c.queue_at, MESSAGES.c.id)
        .execution_options(yield_per=_FETCH)
    )
    return [int(message_id) for message_id in found.scalars()]


def still_possible(
    session: Session, wedding_id: int, ids: Sequence[int], what: What
) -> list[int]:
    """Return those of `ids` that `what` can still change, in the order of `ids`."""
    kept: set[int] = set()
    for part in parts(ids, VALUES):
        kept |= set(
            session.scalars(
                sa.select(MESSAGES.c.id).where(*of_these(wedding_id, part), CAN[what])
            )
        )
    return [message_id for message_id in ids if message_id in kept]


def of_these(
    wedding_id: int, ids: Sequence[int]
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """The conditions of a few messages of the wedding, found by their ids: written so
    that no database walks all of the wedding's by its index instead."""
    return MESSAGES.c.id.in_(ids), MESSAGES.c.wedding_id + 0 == wedding_id


async def in_batches(
    db: Database,
    order: Order,
    ids: Sequence[int],
    *,
    clock: Clock,
    batch: int | None = None,
) -> AsyncGenerator[Progress, None]:
    """Carry an order out for `ids`, `batch` (BATCH) messages a transaction; tell after
    each.

    Whoever stops asking aborts it: the transaction under way is finished, the rest
    stays as it is. The audit names the order when it begins, and how it ended.
    """
    progress = Progress(0, 0, len(ids))
    try:
        for part in parts(ids, batch or BATCH):
            progress = await db.write(
                _carry_out, order, part, progress, now=clock.now()
            )
            yield progress
    except (GeneratorExit, asyncio.CancelledError):
        if not progress.over:
            await db.write(
                _note, order, f"queue_{order.what}_stopped", progress, clock.now()
            )
        raise


def _carry_out(
    session: Session,
    order: Order,
    ids: Sequence[int],
    before: Progress,
    *,
    now: datetime,
) -> Progress:
    # held here so that the queue finds each in the session instead of asking again
    rows = session.exec(select(QueueMessage).where(col(QueueMessage.id).in_(ids))).all()
    done = sum(_one(session, order, message_id, now) for message_id in ids)
    del rows
    after = Progress(before.done + done, before.left + len(ids) - done, before.total)
    if not before.done + before.left:
        _note(session, order, f"queue_{order.what}_begun", after, now)
    if after.over:
        _note(session, order, f"queue_{order.what}_done", after, now)
    return after


def carry_out_one(
    session: Session, order: Order, message_id: int, *, now: datetime
) -> None:
    """Change one message. Raises NotFound, or Conflict where it is too late."""
    _DO[order.what](session, order, message_id, now)


def _one(session: Session, order: Order, message_id: int, now: datetime) -> bool:
    """Change one message; False if it is too late. What it wrote is then undone."""
    try:
        with session.begin_nested():
            carry_out_one(session, order, message_id, now=now)
    except (Conflict, NotFound):
        return False
    return True


def _note(
    session: Session, order: Order, action: str, progress: Progress, now: datetime
) -> None:
    audit.record(
        session,
        action,
        wedding_id=order.wedding_id,
        by=order.by,
        now=now,
        total=progress.total,
        done=progress.done,
        left=progress.left,
    )


def _cancel(session: Session, order: Order, message_id: int, now: datetime) -> None:
    queue.cancel(session, order.wedding_id, message_id, now=now)


def _hold(session: Session, order: Order, message_id: int, now: datetime) -> None:
    queue.hold_back(session, order.wedding_id, message_id, by=order.by, now=now)


def _release(session: Session, order: Order, message_id: int, now: datetime) -> None:
    queue.let_go(session, order.wedding_id, message_id, now=now)


def _priority(session: Session, order: Order, message_id: int, now: datetime) -> None:
    queue.set_priority(
        session, order.wedding_id, message_id, priority=order.priority, now=now
    )


def _retry(session: Session, order: Order, message_id: int, now: datetime) -> None:
    find_mine(session, order.wedding_id, message_id)
    if not queue.retry_failed(
        session, order.wedding_id, now=now, message_ids=[message_id]
    ):
        raise Conflict("not failed any more")


_DO: Mapping[What, Callable[[Session, Order, int, datetime], None]] = {
    What.CANCEL: _cancel,
    What.HOLD: _hold,
    What.RELEASE: _release,
    What.PRIORITY: _priority,
    What.RETRY: _retry,
}


def parts(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Return `ids` in pieces of at most `size`."""
    return (ids[at : at + size] for at in range(0, len(ids), size))
