"""services: which way WAHA's events come to us, by proof.

WAHA is always told our webhook address, and the app always listens at WAHA's feed as
well: an event that comes by both counts once, and either of them failing leaves the
account heard. Which one is named on the account's card follows from what really came:

    a signed webhook came                                   → webhook
    the feed listens, and nothing better is proven          → feed
    the feed brought an event and no webhook came within
    20 s of it                                              → feed
    a message stands in WAHA's chats that nobody told us    → not webhook any more
    the feed is down and no webhook is proven               → nothing

Under `nothing` the account is deaf: a hearing gap stays open, and reading the chats
cannot close it before something hears again. A broken feed opens a gap at once where
it was what we heard by, and else on its return; every return reads the chats of the
time it was away. The webhook stays in WAHA's config whichever way is used: changing
the config restarts the session, and a webhook that comes is how we learn that the way
is open again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.account import Ear, is_ready
from wedding_wa.models import Account
from wedding_wa.services import hearing
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, table

#: An event on the feed and its webhook come so near to each other, or the webhook does
#: not come. WAHA's own second and third try are within it.
TOGETHER = timedelta(seconds=20)

# `webhook_at` moves at most so often.
_NOTED_EVERY = timedelta(seconds=1)
_ACCOUNTS = table(Account)
_log = logging.getLogger(__name__)


def webhook_came(session: Session, account_id: int, *, now: datetime) -> None:
    """Note that a webhook with the right signature came, be it news or a repeat."""
    at = _ACCOUNTS.c.webhook_at
    changed(
        session,
        sa.update(_ACCOUNTS)
        .where(
            _ACCOUNTS.c.id == account_id, sa.or_(at.is_(None), at <= now - _NOTED_EVERY)
        )
        .values(webhook_at=now),
    )
    others = _ACCOUNTS.c.hears_by.is_distinct_from(Ear.WEBHOOK.value)
    _turn(session, account_id, Ear.WEBHOOK, where=others, now=now)


def webhooks_missing(
    session: Session, account_id: int, *, since: datetime, now: datetime
) -> bool:
    """The feed brought an event at `since`: did no webhook come near it? Then True."""
    at = _ACCOUNTS.c.webhook_at
    unproven = sa.and_(
        _ACCOUNTS.c.hears_by == Ear.WEBHOOK.value,
        sa.or_(at.is_(None), at < since - TOGETHER),
    )
    return _turn(session, account_id, Ear.FEED, where=unproven, now=now)


def feed_listens(
    session: Session, account_id: int, *, since: datetime | None, now: datetime
) -> None:
    """The feed listens, after it did not since `since` (None: since we last heard).

    What was said in between may be lost: a gap opens, and whoever calls reads the
    chats.
    """
    nothing = sa.or_(
        _ACCOUNTS.c.hears_by.is_(None), _ACCOUNTS.c.hears_by == Ear.NOTHING.value
    )
    _turn(session, account_id, Ear.FEED, where=nothing, now=now)
    _doubt(session, account_id, since=since, now=now)


def feed_lost(
    session: Session, account_id: int, *, since: datetime | None, now: datetime
) -> None:
    """The feed does not listen, since `since`. Without webhooks nothing hears now."""
    needed = sa.or_(
        _ACCOUNTS.c.hears_by.is_(None), _ACCOUNTS.c.hears_by == Ear.FEED.value
    )
    if _turn(session, account_id, Ear.NOTHING, where=needed, now=now):
        _doubt(session, account_id, since=since, now=now)


def at_start(session: Session, account_id: int, *, now: datetime) -> None:
    """A process begins: a feed that was what we heard by does not listen yet."""
    account = session.get_one(Account, account_id)
    if account.hears_by == Ear.FEED:
        feed_lost(session, account_id, since=None, now=now)


def unheard(
    session: Session, account_id: int, *, since: datetime, now: datetime
) -> None:
    """A message of `since` stands in the chats and came by no way at all."""
    lost = _ACCOUNTS.c.hears_by == Ear.WEBHOOK.value
    _turn(session, account_id, None, where=lost, now=now)
    account = session.get_one(Account, account_id)
    hearing.open_gap(session, account, reason=hearing.UNHEARD, since=since, now=now)


def _doubt(
    session: Session, account_id: int, *, since: datetime | None, now: datetime
) -> None:
    """A gap, unless the account was not connected: then there is one already, or
    nobody could say anything to it."""
    account = session.exec(
        select(Account)
        .where(col(Account.id) == account_id)
        .execution_options(populate_existing=True)
    ).one()
    if is_ready(account.status) and account.own_chat_id is not None:
        hearing.open_gap(session, account, reason=hearing.FEED, since=since, now=now)


def _turn(
    session: Session,
    account_id: int,
    ear: Ear | None,
    *,
    where: sa.ColumnElement[bool],
    now: datetime,
) -> bool:
    """Hear by `ear` from now on, if `where` holds. True where that is new."""
    turned = changed(
        session,
        sa.update(_ACCOUNTS)
        .where(_ACCOUNTS.c.id == account_id, where)
        .values(hears_by=ear.value if ear else None, hears_since=now),
    )
    if not turned:
        return False
    account = session.get_one(Account, account_id)
    note(session, Change("account", account.wedding_id, account_id))
    _log.info(
        "hears another way",
        extra={
            "action": "account_hears",
            "account": account.key,
            "by": ear.value if ear else "unknown",
        },
    )
    return True
