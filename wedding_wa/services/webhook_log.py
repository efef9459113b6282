"""services: raw events of WAHA: stored once, read again until they are applied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.messages import Ack
from wedding_wa.models import Account, Evidence, WebhookLog
from wedding_wa.services.hearing_ways import TOGETHER, webhook_came
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table
from wedding_wa.services.waha import (
    WahaEvent,
    WahaMessage,
    parse_ack,
    parse_event,
    parse_message,
)

STATUS = "session.status"
MESSAGES = ("message.any", "message")
ACK = "message.ack"
#: Signed rightly, yet not an event: kept as it came, for whoever looks why.
MALFORMED = "malformed"

_LOG = table(WebhookLog)


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """A stored event that waits to be applied."""

    id: int
    wedding_id: int
    account_id: int
    event: str
    raw: bytes
    received_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the stored events say of one message of ours; `ack` None: nothing yet."""

    ack: int | None = None
    error_at: datetime | None = None
    echoed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """An account that events may be for, and the seal of what signs them."""

    wedding_id: int
    account_id: int
    webhook_secret_sealed: str = field(repr=False)


def receivers(session: Session, key: str) -> list[Receiver]:
    """The accounts called `key`; the signature tells which one is meant."""
    rows = session.exec(select(Account).where(Account.key == key)).all()
    return [
        Receiver(row.wedding_id, row.id or 0, row.webhook_secret_sealed) for row in rows
    ]


def store(
    session: Session,
    *,
    wedding_id: int,
    account_id: int,
    raw: bytes,
    now: datetime,
    source: Evidence = Evidence.WEBHOOK,
) -> bool:
    """Keep a raw event whose signature was right. False where it is a repeat.

    What is no event at all is kept too, already marked: refusing it would make WAHA
    send it again for half an hour, and it would read no better.
    """
    try:
        event = parse_event(raw)
        name, key, error = event.event, event.id, None
        message_id = _message_id(event)
    except BadInput as bad:
        name, key, error = MALFORMED, hashlib.sha256(raw).hexdigest(), bad.code
        message_id = None
    stored = insert_once(
        session,
        _LOG,
        wedding_id=wedding_id,
        account_id=account_id,
        event_id=key,
        event=name,
        message_id=message_id,
        source=source.value,
        raw=raw,
        received_at=now,
        applied_at=now if error else None,
        error=error,
    )
    news = stored is not None
    if source == Evidence.WEBHOOK and (
        news or _the_feed_was_first(session, account_id, key, name, now=now)
    ):
        webhook_came(session, account_id, now=now)
    if news and error:
        note(session, Change("account", wedding_id, account_id))  # nobody applies it
    return news


def _the_feed_was_first(
    session: Session, account_id: int, event_id: str, event: str, *, now: datetime
) -> bool:
    """Whether the feed has just brought this event: then its webhook is no replay."""
    found = session.execute(
        sa.select(_LOG.c.id).where(
            _LOG.c.account_id == account_id,
            _LOG.c.event_id == event_id,
            _LOG.c.event == event,
            _LOG.c.source == Evidence.FEED.value,
            _LOG.c.received_at >= now - TOGETHER,
        )
    )
    return found.first() is not None


def open_events(session: Session, account_id: int, *, limit: int) -> list[OpenEvent]:
    """The account's events that wait to be applied, in the order they came."""
    rows = session.exec(
        select(WebhookLog)
        .where(
            WebhookLog.account_id == account_id,
            col(WebhookLog.applied_at).is_(None),
            col(WebhookLog.error).is_(None),
        )
        .order_by(col(WebhookLog.id))
        .limit(limit)
    ).all()
    return [
        OpenEvent(
            row.id or 0,
            row.wedding_id,
            row.account_id,
            row.event,
            row.raw or b"",
            row.received_at,
            row.source,
        )
        for row in rows
    ]


def take(session: Session, row_id: int, *, now: datetime) -> bool:
    """Mark the event applied, in the transaction that applies it.

    False where somebody else has applied it: then it must not be applied again.
    """
    return bool(
        changed(
            session,
            sa.update(_LOG)
            .where(_LOG.c.id == row_id, _LOG.c.applied_at.is_(None))
            .values(applied_at=now, error=None),
        )
    )


def set_error(
    session: Session, row_id: int, error: str, *, done: datetime | None
) -> None:
    """Note why the event could not be applied. `done` None: it is tried once more
    when the app starts again, perhaps a mended one."""
    session.execute(
        sa.update(_LOG)
        .where(_LOG.c.id == row_id, _LOG.c.applied_at.is_(None))
        .values(error=error, applied_at=done)
    )
    row = session.execute(
        sa.select(_LOG.c.wedding_id, _LOG.c.account_id).where(_LOG.c.id == row_id)
    ).one()
    note(session, Change("account", row.wedding_id, row.account_id))


def reopen_failed(session: Session, account_id: int) -> int:
    """Let the events that could not be applied be tried once more."""
    return changed(
        session,
        sa.update(_LOG)
        .where(
            _LOG.c.account_id == account_id,
            _LOG.c.applied_at.is_(None),
            _LOG.c.error.is_not(None),
        )
        .values(error=None),
    )


def find_acks(session: Session, account_id: int, message_id: str) -> Heard:
    """What events said of the message with this bare id, applied or not.

    An ack may come before the answer that tells us the id, and then matches nothing:
    whoever learns an id asks here.
    """
    rows = session.exec(
        select(WebhookLog.event, WebhookLog.raw, WebhookLog.received_at)
        .where(
            WebhookLog.account_id == account_id,
            WebhookLog.message_id == message_id,
            col(WebhookLog.raw).is_not(None),
        )
        .order_by(col(WebhookLog.id))
    ).all()
    acks: list[int] = []
    error_at = echoed_at = None
    for name, raw, received_at in rows:
        told = _told(name, raw or b"")
        if told is None:
            continue
        ack, echo = told
        if echo:
            echoed_at = echoed_at or received_at
        if ack == Ack.ERROR:
            error_at = error_at or received_at
        elif ack is not None:
            acks.append(ack)
    return Heard(max(acks, default=None), error_at, echoed_at)


def _told(name: str, raw: bytes) -> tuple[int | None, bool] | None:
    """Ack and whether it is an echo, of an event about a message of ours."""
    try:
        payload = parse_event(raw).payload
        said = parse_ack(payload) if name == ACK else parse_message(payload)
    except BadInput:
        return None
    if not said.from_me:
        return None
    return said.ack, isinstance(said, WahaMessage)


def _message_id(event: WahaEvent) -> str | None:
    try:
        if event.event == ACK:
            return parse_ack(event.payload).message_id
        if event.event in MESSAGES:
            return parse_message(event.payload).message_id
    except BadInput:
        return None
    return None
