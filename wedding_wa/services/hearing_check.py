"""services: comparing WAHA's newest messages with what we were told.

An account may be connected, its feed open and webhooks promised, and something still
be lost on the way. So each poll reads what the chats written to since the last one say
(one call for the newest 100 chats, one for each of those: mostly none) and looks for it
among what was heard. Only messages that a person wrote count, and acks of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.chat import is_person
from wedding_wa.domain.errors import WahaError
from wedding_wa.models import HandMessage, InboundMessage, QueueMessage, WebhookLog
from wedding_wa.services import hearing_ways as ways
from wedding_wa.services import webhook_log
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.feed_nudge import nudge_of
from wedding_wa.services.inbound_messages import is_written_by_person
from wedding_wa.services.waha import WahaClient, WahaMessage
from wedding_wa.services.webhook_log import MESSAGES

#: What is younger may still be on its way to us.
GRACE = timedelta(seconds=20)
#: WhatsApp's times are of another clock.
MARGIN = timedelta(minutes=2)
CHATS = 100
PER_CHAT = 50


@dataclass(slots=True)
class _Looks:
    """What this process has compared so far; `judged` was found missing before."""

    first: datetime
    last: datetime
    judged: set[str] = field(default_factory=set)


def begin(clients: Clients, account_id: int, *, now: datetime) -> _Looks:
    """From now on, in this process, everything said should come to us. What was said
    before is read at the start, where the app was away."""
    first = now.replace(microsecond=0)  # WhatsApp's times are whole seconds
    looks: _Looks = clients.kept.setdefault(
        (account_id, "looks"), _Looks(first=first, last=now)
    )
    return looks


async def hears_all(
    db: Database, clients: Clients, account_id: int, clock: Clock
) -> bool:
    """False where a message stands in the chats that nobody told us: a gap is open.

    What is older than `begin` is not looked at. A WAHA that cannot answer, or keeps no
    chats, proves nothing.
    """
    if await db.read(webhook_log.open_events, account_id, limit=1):
        return True  # told, and not yet applied: the next look will know
    now = clock.now()
    looks = begin(clients, account_id, now=now)
    since = max(looks.first, looks.last - MARGIN)
    try:
        said = await _said(await clients.get(account_id), since)
    except WahaError:
        return True
    before, looks.last = looks.last, now
    ripe = [one for one in said if _is_ripe(one, now) and one.id not in looks.judged]
    missing = await db.read(_missing, account_id, ripe)
    if not missing:
        return True
    looks.judged &= {one.id for one in said}
    looks.judged |= {one.id for one in missing}
    # What else was lost since the last look may stand in chats beyond the bound.
    oldest = min(before - GRACE, *(message.timestamp for message in missing))
    await db.write(ways.unheard, account_id, since=oldest, now=now)
    nudge_of(clients, account_id).distrust.set()
    return False


async def _said(client: WahaClient, since: datetime) -> list[WahaMessage]:
    """What stands in the chats written to since then, read one after the other."""
    said: list[WahaMessage] = []
    for chat in await client.chats(limit=CHATS, since=since):
        if is_person(chat.chat_id):
            said += await client.messages(chat.chat_id, since=since, limit=PER_CHAT)
    return said


def _is_ripe(message: WahaMessage, now: datetime) -> bool:
    return message.timestamp <= now - GRACE and is_written_by_person(message)


def _missing(
    session: Session, account_id: int, messages: Sequence[WahaMessage]
) -> list[WahaMessage]:
    if not messages:
        return []
    ids = [message.message_id for message in messages]
    acks = _acks_of_ours(session, account_id, ids)
    heard = {*acks, *_heard(session, account_id, ids)}
    return [
        one
        for one in messages
        if one.message_id not in heard
        or (one.ack or 0) > (acks.get(one.message_id, one.ack or 0))
    ]


def _heard(session: Session, account_id: int, ids: Sequence[str]) -> set[str]:
    told = select(WebhookLog.message_id).where(
        WebhookLog.account_id == account_id,
        col(WebhookLog.message_id).in_(ids),
        col(WebhookLog.event).in_(MESSAGES),
    )
    inbound = select(InboundMessage.message_id).where(
        InboundMessage.account_id == account_id,
        col(InboundMessage.message_id).in_(ids),
    )
    by_hand = select(HandMessage.message_id).where(
        HandMessage.account_id == account_id, col(HandMessage.message_id).in_(ids)
    )
    found = [session.exec(query).all() for query in (told, inbound, by_hand)]
    return {one for some in found for one in some if one}


def _acks_of_ours(
    session: Session, account_id: int, ids: Sequence[str]
) -> dict[str, int]:
    """Messages of the queue by either of their ids, with the ack we know of."""
    acks: dict[str, int] = {}
    for column in (QueueMessage.provider_message_id, QueueMessage.reserved_id):
        rows = session.exec(
            select(column, QueueMessage.ack).where(
                QueueMessage.account_id == account_id, col(column).in_(ids)
            )
        )
        acks |= {key: ack or 0 for key, ack in rows if key is not None}
    return acks
