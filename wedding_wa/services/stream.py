"""services: what the feed for programs tells: a wedding's stream, in envelopes.

Entries are numbered as they are committed (models.StreamEntry), so a reader who goes
on behind the last one misses none. What an entry points at may be gone by now, and on
SQLite its number be another row's: it is passed over. WAHA's own feed, to which we
listen, is services/feed.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from wedding_wa.domain.chat import is_lid
from wedding_wa.models import (
    Account,
    AccountStatusChange,
    Chat,
    Consent,
    Evidence,
    InboundMessage,
    MessageEvent,
    QueueMessage,
    Source,
)
from wedding_wa.services import stream_envelopes as envelopes
from wedding_wa.services.sql import table
from wedding_wa.services.stream_envelopes import Envelope, Told, Who
from wedding_wa.services.stream_places import ENTRIES, LAST_PART, Place

#: So many entries are read at a time.
AT_ONCE = 200

_Row = TypeVar("_Row", bound=SQLModel)
_Chat = tuple[int, str]  # the account's id and the chat's


@dataclass(frozen=True, slots=True)
class Batch:
    """What comes after a place, up to and with `upto`. `more`: there may be more.
    `forgotten`: there is no telling what came in between."""

    envelopes: tuple[Envelope, ...]
    upto: Place
    more: bool
    forgotten: bool = False


def read(session: Session, wedding_id: int, after: Place) -> Batch:
    """The next envelopes of a wedding, of at most AT_ONCE entries."""
    rows = session.execute(
        sa.select(ENTRIES.c.id, ENTRIES.c.source, ENTRIES.c.ref, ENTRIES.c.at)
        .where(
            ENTRIES.c.wedding_id == wedding_id,
            ENTRIES.c.id >= after.entry + (after.part >= LAST_PART),
        )
        .order_by(ENTRIES.c.id)
        .limit(AT_ONCE)
    ).all()
    if not rows:
        return Batch((), after, more=False)
    if rows[0].source == Source.FORGOTTEN and rows[0].id > after.entry:
        upto = Place(rows[0].id, LAST_PART)
        return Batch((), upto, more=True, forgotten=True)
    refs = defaultdict(set)
    for _, source, ref, _ in rows:
        refs[source].add(ref)
    look = _Look(session, wedding_id, refs)
    found = [
        one
        for entry, source, ref, at in rows
        for one in envelopes.of_entry(entry, look.told(source, ref, at))
        if one.place > after
    ]
    return Batch(tuple(found), Place(rows[-1][0], LAST_PART), len(rows) == AT_ONCE)


class _Look:
    """What a batch of entries points at, in a few queries for all of them."""

    def __init__(
        self, session: Session, wedding_id: int, refs: Mapping[str, set[int]]
    ) -> None:
        self._session = session
        self._wedding_id = wedding_id
        self._keys = _account_keys(session, wedding_id)
        self._events = self._rows(MessageEvent, refs[Source.MESSAGE])
        of = {event.message_id for event in self._events.values()}
        self._messages = self._rows(QueueMessage, of)
        self._changes = self._rows(AccountStatusChange, refs[Source.ACCOUNT])
        self._inbound = self._rows(InboundMessage, refs[Source.INBOUND])
        self._consents = self._rows(Consent, refs[Source.CONSENT])
        self._renewed = _renewed(session, self._consents.values())
        self._chats = self._chats_of(wedding_id)

    def told(self, source: str, ref: int, at: datetime) -> Told | None:
        """What to tell of an entry; None where it is gone, or says nothing new.

        What began at another moment than `at` is not what the entry was written for.
        """
        if source == Source.MESSAGE and (event := self._events.get(ref)):
            return self._phase(event) if event.at == at else None
        if source == Source.ACCOUNT and (change := self._changes.get(ref)):
            key = self._keys[change.account_id]
            return envelopes.session_status(key, change) if change.at == at else None
        if source == Source.INBOUND and (heard := self._inbound.get(ref)):
            who = self._who(heard)
            same = heard.received_at == at
            return envelopes.message_received(who, heard) if same else None
        if source == Source.CONSENT and (consent := self._consents.get(ref)):
            return self._activated(consent) if consent.created_at == at else None
        return None

    def _phase(self, event: MessageEvent) -> Told | None:
        message = self._messages.get(event.message_id)
        if message is None:
            return None
        return envelopes.message_phase(self._who(message), message, event)

    def _activated(self, consent: Consent) -> Told | None:
        if consent.id in self._renewed or consent.source == Evidence.OWN_NUMBER:
            return None
        return envelopes.guest_activated(self._who(consent), consent)

    def _who(self, row: QueueMessage | InboundMessage | Consent) -> Who:
        chat = self._chats.get((row.account_id, row.chat_id))
        return Who.of(
            self._keys[row.account_id],
            row.chat_id,
            row.phone or (chat.phone if chat else None),
            chat,
        )

    def _rows(self, model: type[_Row], ids: Iterable[int]) -> dict[int, _Row]:
        wanted = list(ids)
        if not wanted:
            return {}
        columns = table(model).c
        mine = columns.wedding_id + 0 == self._wedding_id  # by the ids, not by this
        found = self._session.exec(
            select(model).where(columns.id.in_(wanted), mine)
        ).all()
        return {one.id: one for one in found}  # type: ignore[attr-defined]

    def _chats_of(self, wedding_id: int) -> dict[_Chat, Chat]:
        """Whose they are; of a message only where it does not say the number."""
        wanted = {one.chat_id for one in self._inbound.values()}
        wanted |= {one.chat_id for one in self._consents.values()}
        hidden = (one for one in self._messages.values() if one.phone is None)
        wanted |= {one.chat_id for one in hidden if is_lid(one.chat_id)}
        if not wanted:
            return {}
        found = self._session.exec(
            select(Chat).where(
                Chat.wedding_id == wedding_id, col(Chat.chat_id).in_(wanted)
            )
        ).all()
        return {(one.account_id, one.chat_id): one for one in found}


def _account_keys(session: Session, wedding_id: int) -> dict[int, str]:
    rows = session.execute(
        sa.select(col(Account.id), col(Account.key)).where(
            col(Account.wedding_id) == wedding_id
        )
    )
    return {row.id: row.key for row in rows}


def _renewed(session: Session, consents: Iterable[Consent]) -> set[int | None]:
    """Of these, the ones that rest on words that were a consent before."""
    proofs = [one.inbound_id for one in consents if one.inbound_id is not None]
    if not proofs:
        return set()
    inbound = col(Consent.inbound_id)
    first = sa.select(inbound, sa.func.min(col(Consent.id)))
    first = first.where(inbound.in_(proofs)).group_by(inbound)
    firsts = {row[0]: row[1] for row in session.execute(first)}
    return {one.id for one in consents if one.id != firsts.get(one.inbound_id, one.id)}
