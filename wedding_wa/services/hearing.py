"""services: proof that the app hears an account, and the gaps in which it may not have.

A gap opens when the account stops working, when the app was away, when the feed was
down, or when a message stands in the chats that nobody told us. While it is open
nothing is sent for the account: a guest may have answered, or withdrawn. Reading the
chats closes it (`services.catch_up`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.account import is_ready
from wedding_wa.models import Account, HearingGap
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

#: An app that was away for less has missed nothing: WAHA tries an event again after
#: 2, 4, 8 … seconds.
AWAY = timedelta(seconds=15)
#: Why a gap opened, where it was no status of the account.
ABSENCE, FEED, UNHEARD = "absence", "feed", "unheard"
#: `last_heard_at` moves at most so often.
HEARD_EVERY = timedelta(seconds=1)

# A connection that comes back at once is a gap to be safe, and none to tell of.
_NOTICEABLE = timedelta(seconds=15)
_LOOKED_AT = 50

_ACCOUNTS = table(Account)
_GAPS = table(HearingGap)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gap:
    """An open gap; times are aware UTC."""

    id: int
    account_id: int
    since: datetime
    reason: str
    opened_at: datetime


def heard(
    session: Session, account_id: int, kind: str, *, at: datetime, wedding_id: int
) -> None:
    """Note proof that the account is heard: an inbound message, ack, echo, poll …"""
    last = _ACCOUNTS.c.last_heard_at
    newer = sa.or_(last.is_(None), last <= at - HEARD_EVERY)
    moved = changed(
        session,
        sa.update(_ACCOUNTS)
        .where(_ACCOUNTS.c.id == account_id, newer)
        .values(last_heard_at=at, last_heard_kind=kind),
    )
    if moved:
        note(session, Change("account", wedding_id, account_id))


def open_gap(
    session: Session,
    account: Account,
    *,
    reason: str,
    now: datetime,
    since: datetime | None = None,
) -> bool:
    """Note that the account may be deaf since `since` (None: since it was last heard).

    One at a time: a new doubt makes an open gap longer, and whoever reads the chats
    just now must read them once more. False where there was one.
    """
    assert account.id is not None
    since = min(since or account.last_heard_at or now, now)
    opened = insert_once(
        session,
        _GAPS,
        wedding_id=account.wedding_id,
        account_id=account.id,
        since=since,
        reason=reason,
        opened_at=now,
        tries=0,
    )
    if opened is None:
        _doubt_again(session, account.id, since, now=now)
        return False
    note(session, Change("account", account.wedding_id, account.id))
    return True


def _doubt_again(
    session: Session, account_id: int, since: datetime, *, now: datetime
) -> None:
    """`opened_at` is when the newest doubt arose: `close_gap` looks at it."""
    earlier = sa.case((_GAPS.c.since > since, since), else_=_GAPS.c.since)
    session.execute(
        sa.update(_GAPS)
        .where(_GAPS.c.account_id == account_id, _GAPS.c.closed_at.is_(None))
        .values(since=earlier, opened_at=now)
    )


def open_after_absence(session: Session, account_id: int, *, now: datetime) -> bool:
    """At the start of the app: what a working account said meanwhile may be lost.

    An account that was never logged in has said nothing to anybody.
    """
    account = session.get_one(Account, account_id)
    if account.own_chat_id is None or not is_ready(account.status):
        return False
    last = account.last_heard_at
    if last is not None and now - last <= AWAY:
        return False
    return open_gap(session, account, reason=ABSENCE, now=now)


def concerned(session: Session, account_id: int) -> bool:
    """Whether the account's chats may hold something that we have not heard."""
    return open_gap_of(session, account_id) is not None


def open_gap_of(session: Session, account_id: int) -> Gap | None:
    """The account's open gap."""
    row = session.exec(
        select(HearingGap).where(
            HearingGap.account_id == account_id, col(HearingGap.closed_at).is_(None)
        )
    ).first()
    if row is None:
        return None
    assert row.id is not None
    return Gap(row.id, row.account_id, row.since, row.reason, row.opened_at)


def lately(session: Session, account_id: int, *, limit: int) -> list[HearingGap]:
    """The newest gaps worth telling of: open, long enough to notice, or with a find."""
    rows = session.exec(
        select(HearingGap)
        .where(HearingGap.account_id == account_id)
        .order_by(col(HearingGap.id).desc())
        .limit(_LOOKED_AT)
    ).all()
    return [row for row in rows if _is_worth_telling(row)][:limit]


def _is_worth_telling(gap: HearingGap) -> bool:
    if gap.closed_at is None or gap.found or gap.error:
        return True
    return gap.closed_at - gap.since >= _NOTICEABLE


def count_try(session: Session, gap: Gap, *, error: str) -> int:
    """Note that the chats could not be read; return how often by now."""
    changed(
        session,
        sa.update(_GAPS)
        .where(_GAPS.c.id == gap.id)
        .values(tries=_GAPS.c.tries + 1, error=error),
    )
    found = session.exec(select(HearingGap.tries).where(HearingGap.id == gap.id))
    return found.one()


def close_gap(
    session: Session,
    gap: Gap,
    *,
    found: int | None,
    error: str | None = None,
    now: datetime,
) -> bool:
    """Close it: `found` messages had been missed; None: unreadable, `error` says why.

    False where another process closed it first, or a new doubt arose since `gap` was
    read: then the chats are to be read again.
    """
    closed = changed(
        session,
        sa.update(_GAPS)
        .where(
            _GAPS.c.id == gap.id,
            _GAPS.c.closed_at.is_(None),
            _GAPS.c.opened_at == gap.opened_at,
        )
        .values(closed_at=now, found=found, error=error),
    )
    if not closed:
        return False
    wedding_id = session.get_one(Account, gap.account_id).wedding_id
    note(session, Change("account", wedding_id, gap.account_id))
    _log.info(
        "hearing gap closed",
        extra={
            "action": "hearing_gap_closed",
            "account_id": gap.account_id,
            "found": found,
            "error": error,
        },
    )
    return True
