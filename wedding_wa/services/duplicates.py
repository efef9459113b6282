"""services: a message of ours that WhatsApp has a second time, under another id.

The queue cannot do that. An engine that repeats by itself can, and then it can only be
seen: in WAHA's echo, or in a chat that is read back. Only what cannot be anything else
counts: not what was typed on the phone, not another message with the same words.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.models import Account, DuplicateSeen
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.queue.rows import ATTEMPTS, MESSAGES
from wedding_wa.services.same_person import chats_of_person
from wedding_wa.services.sql import table
from wedding_wa.services.waha import WahaMessage

#: WAHA's clock is another one, and WhatsApp's times are whole seconds.
_MARGIN = timedelta(minutes=2)
#: An engine repeats within minutes; after ten WAHA itself no longer knows what it sent
#: and calls all of it typed on the phone.
_CLOSE = timedelta(minutes=10)

_SEEN = table(DuplicateSeen)
_NEEDED = [
    MESSAGES.c[name]
    for name in ("id", "text", "provider_message_id", "reserved_id", "ack")
]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ours:
    """A message of the queue with the same words, to the same person. `known`: under
    which id WhatsApp has it is settled; `at`: when it was last posted."""

    id: int
    known: bool
    at: datetime


def note_if_repeated(
    session: Session, account: Account, message: WahaMessage, *, now: datetime
) -> bool:
    """Write it down if `message`, of our side and of no id of ours, repeats one of
    ours; True where it does and was not noted before."""
    if message.source == "app" or not message.body.strip():
        return False
    ours = _with_these_words(session, account, message)
    if not all(one.known for one in ours):
        return False  # it may be the one of which no id is known yet
    close = [one for one in ours if abs(message.timestamp - one.at) <= _CLOSE]
    if not close:
        return False
    nearest = min(close, key=lambda one: abs(message.timestamp - one.at))
    return _note(session, account, message, nearest.id, now)


def _with_these_words(
    session: Session, account: Account, message: WahaMessage
) -> Sequence[_Ours]:
    """What went to this person, or may have, until the moment of `message`."""
    people = chats_of_person(session, account.wedding_id, message.chat_id)
    rows = session.execute(
        sa.select(*_NEEDED, sa.func.max(ATTEMPTS.c.dispatched_at).label("at"))
        .join(ATTEMPTS, ATTEMPTS.c.message_id == MESSAGES.c.id)
        .where(
            MESSAGES.c.account_id == account.id,
            MESSAGES.c.chat_id.in_(people),
            ATTEMPTS.c.dispatched_at <= message.timestamp + _MARGIN,
        )
        .group_by(*_NEEDED)
    ).all()
    said = message.body.strip()
    return [
        _Ours(row.id, _is_known(row), row.at)
        for row in rows
        if row.text.strip() == said
    ]


def _is_known(row: sa.Row[Any]) -> bool:
    """WAHA answered with its id, or told of it under the id that was reserved."""
    reserved = row.reserved_id is not None and row.ack is not None
    return row.provider_message_id is not None or reserved


def _note(
    session: Session,
    account: Account,
    message: WahaMessage,
    message_id: int,
    now: datetime,
) -> bool:
    new = insert_once(
        session,
        _SEEN,
        wedding_id=account.wedding_id,
        account_id=account.id,
        message_id=message_id,
        whatsapp_id=message.message_id,
        sent_at=message.timestamp,
        seen_at=now,
    )
    if new is None:
        return False
    note(session, Change("message", account.wedding_id, message_id))
    log.warning(
        "whatsapp has a message twice",
        extra={
            "action": "duplicate_seen",
            "account": account.key,
            "message_id": message_id,
        },
    )
    return True
