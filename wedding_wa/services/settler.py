"""services: settling what nobody knows: did an unconfirmed message go, or not?

Evidence that it went: an ack, WAHA's echo, the id or the text found in the chat. That
it never went is believed only if all hold: the look-up answered that there is no such
message (the store is on then), the call that might have sent it is over, nobody has
logged in since (the chats of a new login, or of another number, are others), and a
connected session has had `settle_after` to send it late (WAHA was seen to send 240 s
after its client had gone). Else it waits for a person, who sees what was looked at.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.doubt import ChatLook, Look
from wedding_wa.domain.errors import (
    AccountDown,
    SessionNotReady,
    Unreachable,
    WahaError,
    WeddingError,
)
from wedding_wa.models import QueueMessage
from wedding_wa.services import pausing, queue
from wedding_wa.services.accounts import Clients
from wedding_wa.services.awake import Awake
from wedding_wa.services.clock import Clock
from wedding_wa.services.settler_doubts import (
    Doubt,
    doubt_of,
    next_in_doubt,
    same_login,
    went_at,
    what_was_told,
)
from wedding_wa.services.together import together
from wedding_wa.services.waha import WahaClient

log = logging.getLogger(__name__)

# The phone's clock and ours differ, and WhatsApp's times are whole seconds.
_MARGIN = timedelta(minutes=2)
# After so many without an answer, one after the other, the account's round is over:
# a WAHA that hangs takes its time with each. Who was not asked comes first next time.
_SILENT = 2
# These say that the account is not connected, whatever its last status was.
_DOWN = (AccountDown, SessionNotReady, Unreachable)


@dataclass(frozen=True, slots=True)
class Settled:
    """How a round ended: `sent` went, `not_sent` never did, `open` were looked at and
    stay in doubt."""

    sent: int = 0
    not_sent: int = 0
    open: int = 0

    @property
    def settled(self) -> int:
        """How many are in doubt no more."""
        return self.sent + self.not_sent


async def settle(
    db: Database,
    clients: Clients,
    clock: Clock,
    *,
    settle_after: timedelta,
    message_ids: Collection[int] | None = None,
) -> Settled:
    """Look at what is unconfirmed and settle what evidence settles.

    At most fifty a round, who was not looked at for longest first, or those named.
    Accounts do not wait for each other, and no message's fault stops another's look.
    """
    of_account: defaultdict[int, list[QueueMessage]] = defaultdict(list)
    for message in await db.read(next_in_doubt, message_ids):
        of_account[message.account_id].append(message)
    this = _Round(db, clients, clock, settle_after, _awake_since(clients, clock))
    await together(*(this.look_at(some) for some in of_account.values()))
    if this.looks:
        await db.write(_note, this.looks, now=clock.now())
    return Settled(this.sent, this.not_sent, len(this.looks))


@dataclass(slots=True)
class _Round:
    """One round; `looks` is what it leaves in doubt, with what it saw."""

    db: Database
    clients: Clients
    clock: Clock
    settle_after: timedelta
    awake_since: datetime | None
    sent: int = 0
    not_sent: int = 0
    looks: list[tuple[QueueMessage, Look]] = field(default_factory=list)

    async def look_at(self, some: Sequence[QueueMessage]) -> None:
        """Look at the doubts of one account, one after the other."""
        silent = 0
        for message in some:
            if silent == _SILENT:
                return
            try:
                doubt = await self.db.read(doubt_of, message)
                silent = 0 if await self._one(doubt) else silent + 1
            except Exception:
                log.exception("look failed", extra=_extra("settle_failed", message))
                self.looks.append((message, self._defect(message)))

    async def _one(self, doubt: Doubt) -> bool:
        """Settle it, or leave it with what was seen. False: WAHA gave no answer."""
        message = doubt.message
        if doubt.told:
            known = message.provider_message_id or message.reserved_id or ""
            await self._was_sent(doubt, doubt.told, known)
            return True
        if not doubt.connected:
            self._leave(doubt, ChatLook.NOT_ASKED, None)
            return True
        try:
            client = await self.clients.get(message.account_id)
            found = await _find(self.db, client, message)
        except WahaError as error:
            extra = _extra("settle_unreadable", message) | {"error": error.code}
            log.info("evidence not readable", extra=extra)
            self._leave(doubt, ChatLook.UNREADABLE, error)
            return error.http_status is not None
        if found is not None:
            await self._was_sent(doubt, "chat", found)
        else:
            await self._not_there(doubt)
        return True

    async def _was_sent(self, doubt: Doubt, evidence: str, message_id: str) -> None:
        self.sent += await self.db.write(
            queue.settle_sent,
            doubt.message,
            evidence=evidence,
            provider_id=message_id,
            now=self.clock.now(),
        )

    async def _not_there(self, doubt: Doubt) -> None:
        """The chat does not know it: is that enough to believe that it never went?"""
        look = self._look(doubt, ChatLook.ABSENT, None)
        if look.missing:
            self.looks.append((doubt.message, look))
            return
        gone = await self.db.write(_never_went, doubt.message, now=self.clock.now())
        self.not_sent += gone

    def _leave(self, doubt: Doubt, chat: ChatLook, error: WahaError | None) -> None:
        self.looks.append((doubt.message, self._look(doubt, chat, error)))

    def _look(self, doubt: Doubt, chat: ChatLook, error: WahaError | None) -> Look:
        down = isinstance(error, _DOWN)
        return Look(
            at=self.clock.now(),
            since=max(doubt.since, self.awake_since or doubt.since),
            settle_after=self.settle_after,
            acked=doubt.acked,
            echoed=doubt.echoed,
            connected=doubt.connected and not down,
            chat=chat,
            by_id=doubt.message.reserved_id is not None,
            call_over=doubt.call_over,
            same_login=doubt.same_login,
            error=error.code if error else "",
            reason=str(error.params.get("reason") or "") if error else "",
        )

    def _defect(self, message: QueueMessage) -> Look:
        """A defect of ours came between: nothing is known, and nothing believed."""
        return Look(
            at=self.clock.now(),
            since=went_at(message),
            settle_after=self.settle_after,
            connected=True,
            chat=ChatLook.UNREADABLE,
            by_id=message.reserved_id is not None,
            same_login=True,
            error=WeddingError.code,
        )


def _awake_since(clients: Clients, clock: Clock) -> datetime | None:
    """Asked once a round, whatever is in doubt: a sleep between two is noticed."""
    awake: Awake = clients.kept.setdefault((0, "awake"), Awake.at(clock))
    return awake.look(clock)


async def _find(db: Database, client: WahaClient, message: QueueMessage) -> str | None:
    """The message's id as the chat knows it; by its text where none was reserved."""
    if message.reserved_id is not None:
        found = await client.message(message.chat_id, message.reserved_id)
        return found.message_id if found else None
    assert message.dispatched_at is not None
    since = message.dispatched_at - _MARGIN
    sent = await client.messages(message.chat_id, since=since, from_me=True)
    same = [one.message_id for one in sent if one.body == message.text]
    taken = await db.read(_taken, message, same) if same else set()
    return next((one for one in same if one not in taken), None)


def _taken(session: Session, message: QueueMessage, ids: Sequence[str]) -> set[str]:
    """Which of these are other messages of ours, perhaps with the same words."""
    known = (col(QueueMessage.provider_message_id), col(QueueMessage.reserved_id))
    rows = session.exec(
        select(*known).where(
            QueueMessage.account_id == message.account_id,
            QueueMessage.id != message.id,
            sa.or_(*(one.in_(ids) for one in known)),
        )
    ).all()
    return {one for row in rows for one in row if one is not None}


def _never_went(session: Session, message: QueueMessage, *, now: datetime) -> bool:
    """A failure like any other: too many in a row pause the account.

    Asked once more in the very transaction: something may have been told meanwhile.
    """
    if any(what_was_told(session, message)) or not same_login(session, message):
        return False
    settled = queue.settle_pending(session, message, evidence="chat", now=now)
    pausing.pause_if_failing(session, message.account_id, now=now)
    return settled


def _note(
    session: Session, looks: Sequence[tuple[QueueMessage, Look]], *, now: datetime
) -> None:
    for message, look in looks:
        queue.note_look(session, message, look.as_json(), now=now)


def _extra(action: str, message: QueueMessage) -> dict[str, object]:
    return {"action": action, "message_id": message.id}
