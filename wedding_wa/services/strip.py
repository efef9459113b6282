"""services: the figures at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.forecast import done_about
from wedding_wa.domain.pacing import HOUR, Hold
from wedding_wa.models import Account, QueueCounter, Wedding
from wedding_wa.services.history import READY, Situation, situation
from wedding_wa.services.inbox import unread_total
from wedding_wa.services.notices import NoticeView, open_notices
from wedding_wa.services.queue_list import LINE_STATES
from wedding_wa.services.soon import going_soon


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """One account now. `next_free` is None while something could go at once,
    `done_at` where nothing goes soon or nobody can say."""

    key: str
    ready: bool
    paused: bool
    sent: int
    limit: int
    next_free: datetime | None
    waiting: int
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Strip:
    """What every page shows of one wedding. `unread` counts messages from guests;
    `notices` are what the owner must know now."""

    paused: bool
    unread: int
    accounts: tuple[AccountFigures, ...]
    notices: tuple[NoticeView, ...] = ()


def strip(session: Session, wedding_id: int, *, now: datetime) -> Strip:
    """Read the strip."""
    accounts = session.exec(
        select(Account)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.key).desc())  # groom, bride
    ).all()
    return Strip(
        paused=session.get_one(Wedding, wedding_id).paused_at is not None,
        unread=unread_total(session, wedding_id),
        accounts=tuple(_figures(session, one.id or 0, now) for one in accounts),
        notices=tuple(open_notices(session, wedding_id)),
    )


def _figures(session: Session, account_id: int, now: datetime) -> AccountFigures:
    at = situation(session, account_id)
    waiting = _waiting(session, account_id)
    soon = going_soon(session, account_id, now=now) if waiting else 0
    return AccountFigures(
        key=at.account.key,
        ready=at.account.status == READY,
        paused=at.account.paused_at is not None,
        sent=sum(1 for send in at.view.sends if send.at > now - HOUR),
        limit=at.policy.per_hour,
        next_free=_next_free(at, now),
        waiting=waiting,
        done_at=done_about(now, at.view, at.policy, at.zone, waiting=soon),
    )


def _next_free(at: Situation, now: datetime) -> datetime | None:
    decision = at.decide(now, None)
    return decision.until if isinstance(decision, Hold) else None


def _waiting(session: Session, account_id: int) -> int:
    """Everything that waits, held or not, as the database keeps count."""
    found = session.exec(
        select(sa.func.sum(QueueCounter.n)).where(
            col(QueueCounter.account_id) == account_id,
            col(QueueCounter.bucket).in_(LINE_STATES),
        )
    ).one()
    return int(found or 0)
