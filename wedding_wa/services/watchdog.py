"""services: noticing that WhatsApp says nothing: by evidence, never by the status.

A 201 means only "handed to the engine". 60 s without any ack mark a message
*unacknowledged*: a mark, not a fault, for a sleeping phone gives none, and a later ack
takes it away. Nothing is concluded from less than this, each since the last time
sending went on:

    the last three sends lack an ack, for 10 min, nothing else heard      told: silent
    the last five lack one, for 30 min, nothing else heard                     paused
    WAHA's chats showed news twice, and no event came by any way since    told: silent
    neither webhook nor feed is open, for a minute                        told: silent

"Silent" ends with the first sign of life. All this while the account is connected by
its status: one that is not has a notice of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.account import Ear, is_ready
from wedding_wa.domain.messages import Status
from wedding_wa.models import (
    Account,
    Evidence,
    HearingGap,
    InboundMessage,
    MessageAttempt,
    QueueMessage,
    WebhookLog,
    Wedding,
)
from wedding_wa.services import hearing, notices, pausing, trouble
from wedding_wa.services.live import Change, note
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.sql import changed
from wedding_wa.services.webhook_log import ACK

UNACKNOWLEDGED_AFTER = timedelta(seconds=60)
#: So many sends without an ack, over so long, pause an account.
SILENT_MESSAGES = 5
SILENT_FOR = timedelta(minutes=30)
#: So many, over so long, are told.
SUSPECT_MESSAGES = 3
SUSPECT_FOR = timedelta(minutes=10)
#: How often WAHA's chats showed what nobody told us, within which time.
MUTE_TIMES = 2
MUTE_WITHIN = timedelta(minutes=30)
#: So long neither webhook nor feed may be open.
DEAF_FOR = timedelta(seconds=60)

#: Why an account is called silent.
NO_ACKS, MUTE, DEAF = "no_acks", "mute", "deaf"
WHYS = (NO_ACKS, MUTE, DEAF)


@dataclass(frozen=True, slots=True)
class Silence:
    """`n` sends, or looks into the chats, say since `since` that nothing is heard."""

    why: str
    n: int
    since: datetime


def mark_unacknowledged(session: Session, *, now: datetime) -> int:
    """Mark sends without any ack, see to all accounts' notices, and pause those that
    fell silent. Returns how many were marked."""
    marked = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.wedding_id.in_(sa.select(col(Wedding.id))),
            MESSAGES.c.bucket == Status.SENT,
            sa.func.coalesce(MESSAGES.c.ack, 0) == 0,
            MESSAGES.c.ack_error_at.is_(None),
            MESSAGES.c.unacknowledged_at.is_(None),
            MESSAGES.c.finished_at <= now - UNACKNOWLEDGED_AFTER,
        )
        .values(unacknowledged_at=now),
    )
    for account in session.exec(select(Account)).all():
        assert account.id is not None
        if marked:
            note(session, Change("message", account.wedding_id))
        trouble.tend(session, account.id, now=now)
        _watch(session, account, now=now)
    pausing.keep_all_told(session, now=now)
    return marked


def _watch(session: Session, account: Account, *, now: datetime) -> None:
    if account.paused_at is None:
        long = _without_acks(session, account, SILENT_MESSAGES, SILENT_FOR, now=now)
        if long is not None:
            pausing.pause_account(
                session,
                account,
                pausing.BY_SILENCE,
                now=now,
                figures={"n": long.n, "first": long.since.isoformat()},
            )
    _tend_silence(session, account, now=now)


def _tend_silence(session: Session, account: Account, *, now: datetime) -> None:
    kind, wedding_id, account_id = notices.SILENT, account.wedding_id, account.id
    found = _silence(session, account, now=now)
    if found is None:
        notices.close_notice(session, wedding_id, kind, now=now, account_id=account_id)
        return
    notices.open_notice(
        session,
        wedding_id,
        kind,
        now=now,
        account_id=account_id,
        why=found.why,
        n=found.n,
        since=found.since.isoformat(),
    )


def _silence(session: Session, account: Account, *, now: datetime) -> Silence | None:
    """What says that a connected account is not heard; None where nothing does.

    An account that paused for its silence is told as paused.
    """
    if not is_ready(account.status) or account.own_chat_id is None:
        return None
    if account.pause_reason == pausing.BY_SILENCE:
        return None
    return (
        _deaf(account, now=now)
        or _still_mute(session, account)
        or _mute(session, account, now=now)
        or _without_acks(session, account, SUSPECT_MESSAGES, SUSPECT_FOR, now=now)
    )


def _deaf(account: Account, *, now: datetime) -> Silence | None:
    since = account.hears_since
    if account.hears_by != Ear.NOTHING or since is None or now - since < DEAF_FOR:
        return None
    return Silence(DEAF, 0, since)


def _mute(session: Session, account: Account, *, now: datetime) -> Silence | None:
    """Its chats show messages time and again, of which no event has told."""
    times = session.exec(
        select(HearingGap.opened_at)
        .where(
            HearingGap.account_id == account.id,
            HearingGap.reason == hearing.UNHEARD,
            HearingGap.opened_at > now - MUTE_WITHIN,
        )
        .order_by(col(HearingGap.opened_at))
    ).all()
    if len(times) < MUTE_TIMES or _told_since(session, account, times[0]):
        return None
    return Silence(MUTE, len(times), times[0])


def _still_mute(session: Session, account: Account) -> Silence | None:
    """Mute it stays until an event comes, however quiet the guests are."""
    kind = notices.SILENT
    told = notices.told(session, account.wedding_id, kind, account_id=account.id)
    if told is None or told.get("why") != MUTE:
        return None
    since = datetime.fromisoformat(str(told["since"]))
    if _told_since(session, account, since):
        return None
    return Silence(MUTE, int(str(told["n"])), since)


def _without_acks(
    session: Session, account: Account, n: int, span: timedelta, *, now: datetime
) -> Silence | None:
    """The last `n` sends all lack an ack, over `span`, and nothing else came."""
    last = _last_sends(session, account, n)
    if len(last) < n or not all(one.unacknowledged_at for one in last):
        return None
    first = last[-1].finished_at
    if first is None or now - first < span or _heard_since(session, account, first):
        return None
    return Silence(NO_ACKS, n, first)


def _last_sends(session: Session, account: Account, n: int) -> Sequence[QueueMessage]:
    """The newest first, and none from before sending went on again: a person who lets
    an account go on wants to see what it does now."""
    assert account.id is not None
    sends = select(QueueMessage).join(
        MessageAttempt, col(MessageAttempt.message_id) == col(QueueMessage.id)
    )
    went_on = notices.last_end(session, notices.PAUSED, account_id=account.id)
    if went_on is not None:
        sends = sends.where(col(MessageAttempt.dispatched_at) > went_on)
    return session.exec(
        sends.where(
            MessageAttempt.account_id == account.id,
            col(MessageAttempt.counts).is_(True),
        )
        .order_by(col(MessageAttempt.dispatched_at).desc())
        .limit(n)
    ).all()


def _heard_since(session: Session, account: Account, since: datetime) -> bool:
    """An ack or a guest's words; a WORKING status and our own echoes prove nothing."""
    wrote = sa.exists().where(
        col(InboundMessage.account_id) == account.id,
        col(InboundMessage.received_at) > since,
    )
    acked = sa.exists().where(
        col(WebhookLog.account_id) == account.id,
        col(WebhookLog.event) == ACK,
        col(WebhookLog.received_at) > since,
    )
    return bool(session.execute(sa.select(sa.or_(wrote, acked))).scalar())


def _told_since(session: Session, account: Account, since: datetime) -> bool:
    """Any event at all that came by itself: what we read in the chats is none."""
    came = sa.exists().where(
        col(WebhookLog.account_id) == account.id,
        col(WebhookLog.source).in_([Evidence.WEBHOOK, Evidence.FEED]),
        col(WebhookLog.received_at) > since,
    )
    return bool(session.execute(sa.select(came)).scalar())
