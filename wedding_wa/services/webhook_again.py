"""services: applying stored events once more, because somebody asks for it.

Applying is the same as the first time and idempotent: what an event has done already
it does not do again, what it could not do then it may do now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound, Refused
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.sql import changed
from wedding_wa.services.webhook_list import LOG

#: So many of those that failed at a time, the oldest first.
MANY = 500


@dataclass(frozen=True, slots=True)
class Again:
    """How many could be applied now, and how many still not."""

    applied: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Reopened:
    ids: tuple[int, ...]
    accounts: tuple[int, ...]


async def apply_again(
    db: Database, clients: Clients, clock: Clock, wedding_id: int, row_id: int
) -> Again:
    """Apply one event of this wedding again. Raises NotFound, Refused."""
    reopened = await db.write(_reopen_one, wedding_id, row_id)
    return await _apply(db, clients, clock, reopened)


async def apply_failed_again(
    db: Database, clients: Clients, clock: Clock, wedding_id: int
) -> Again:
    """Apply again what failed and still has its body, at most 500 at a time."""
    reopened = await db.write(_reopen_failed, wedding_id)
    return await _apply(db, clients, clock, reopened)


def can_fail_again(wedding_id: int) -> sa.Select[tuple[int]]:
    """The events that "all that failed" means."""
    return sa.select(LOG.c.id).where(
        LOG.c.wedding_id == wedding_id,
        LOG.c.error.is_not(None),
        LOG.c.raw.is_not(None),
    )


async def _apply(
    db: Database, clients: Clients, clock: Clock, reopened: _Reopened
) -> Again:
    for account_id in reopened.accounts:
        await apply_open_events(db, clients, account_id, clock)
    failed = await db.read(_count_failed, reopened.ids)
    return Again(len(reopened.ids) - failed, failed)


def _reopen_one(session: Session, wedding_id: int, row_id: int) -> _Reopened:
    found = session.execute(
        sa.select(LOG.c.raw.is_not(None)).where(
            LOG.c.id == row_id, LOG.c.wedding_id == wedding_id
        )
    ).scalar()
    if found is None:
        raise NotFound("webhooks.error.not_found")
    if not found:
        raise Refused("webhooks.error.no_body")
    return _reopen(session, [row_id])


def _reopen_failed(session: Session, wedding_id: int) -> _Reopened:
    wanted = can_fail_again(wedding_id).order_by(LOG.c.id).limit(MANY)
    return _reopen(session, list(session.execute(wanted).scalars()))


def _reopen(session: Session, ids: Sequence[int]) -> _Reopened:
    changed(
        session,
        sa.update(LOG).where(LOG.c.id.in_(ids)).values(applied_at=None, error=None),
    )
    accounts = session.execute(
        sa.select(LOG.c.account_id).where(LOG.c.id.in_(ids)).distinct()
    ).scalars()
    return _Reopened(tuple(ids), tuple(accounts))


def _count_failed(session: Session, ids: Sequence[int]) -> int:
    statement = sa.select(sa.func.count()).where(
        LOG.c.id.in_(ids), LOG.c.error.is_not(None)
    )
    return int(session.execute(statement).scalar_one())
