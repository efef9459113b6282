"""services: guests who wrote before the app was there, and the consent in that.

Somebody who wrote to the couple's own number has begun the conversation; that is as
honest as a message of today. It becomes a consent only by two clicks of the owner:
the first looks (`services.history_look`) and stores nothing; the second keeps, of
each guest chosen, the one message that proves it. In between, what was found waits in
this process's memory, not in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.models import Account, Chat, Evidence, Guest
from wedding_wa.services import audit
from wedding_wa.services.accounts import Clients
from wedding_wa.services.audit import By
from wedding_wa.services.clock import Clock
from wedding_wa.services.history_look import Look, Told, Verdict, Writer, look_through
from wedding_wa.services.inbound_messages import hear
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, table
from wedding_wa.services.wishes import wants_none

#: What was found and not recorded is forgotten after this.
KEPT_FOR = timedelta(minutes=30)

_KEPT = "history"
_CHATS = table(Chat)


async def look(
    db: Database, clients: Clients, account_id: int, clock: Clock, *, told: Told
) -> Look:
    """Look through an account's chats. What is found is kept for `record_kept`."""
    async with clients.turn(account_id, _KEPT):
        forget(clients, account_id)
        found = await look_through(db, clients, account_id, clock, told=told)
        if found.trouble is None:
            clients.kept[account_id, _KEPT] = found
        return found


def kept(clients: Clients, account_id: int, *, now: datetime) -> Look | None:
    """Return what the last look found, None where it was forgotten or recorded."""
    found: Look | None = clients.kept.get((account_id, _KEPT))
    return found if found and now - found.at < KEPT_FOR else None


def forget(clients: Clients, account_id: int) -> None:
    """Throw away what a look found."""
    clients.kept.pop((account_id, _KEPT), None)


async def record_kept(
    db: Database,
    clients: Clients,
    account_id: int,
    guest_ids: Sequence[int],
    *,
    by: By,
    now: datetime,
) -> int:
    """Record those of the last look's guests; return of how many it was news."""
    found = kept(clients, account_id, now=now)
    wanted = set(guest_ids)
    writers = [one for one in found.writers if one.guest_id in wanted] if found else []
    done = await db.write(record, account_id, writers, by=by, now=now)
    if found:
        left = tuple(one for one in found.writers if one.guest_id not in wanted)
        clients.kept[account_id, _KEPT] = replace(found, writers=left)
    return done


def record(
    session: Session,
    account_id: int,
    writers: Sequence[Writer],
    *,
    by: By,
    now: datetime,
) -> int:
    """Keep each guest's message, and by it the consent. Returns of how many it is new.

    Whoever said STOP is left out, also if they did so since the look.
    """
    wedding_id = session.get_one(Account, account_id).wedding_id
    free = [one for one in writers if one.verdict is not Verdict.STOPPED]
    chats = {one.evidence.chat_id for one in free}
    silent = wants_none(session, wedding_id, chats) if chats else set()
    recorded = [
        one.guest_id
        for one in free
        if one.evidence.chat_id not in silent
        and _is_still_guest(session, wedding_id, one)
        and _heard(session, account_id, one, now=now)
    ]
    if recorded:
        audit.record(
            session,
            "history_consent_recorded",
            wedding_id=wedding_id,
            by=by,
            now=now,
            account_id=account_id,
            guests=recorded,
        )
        note(session, Change("guest", wedding_id))
    return len(recorded)


def _heard(session: Session, account_id: int, writer: Writer, *, now: datetime) -> bool:
    """Take the message in; it brings the consent with it, and is no news to anybody."""
    news = hear(
        session,
        account_id,
        writer.evidence,
        source=Evidence.HISTORY,
        phone=writer.phone,
        now=now,
    )
    changed(
        session,
        sa.update(_CHATS)
        .where(
            _CHATS.c.account_id == account_id,
            _CHATS.c.chat_id == writer.evidence.chat_id,
            _CHATS.c.last_inbound_at == writer.wrote_at,
            _CHATS.c.unread == 1,
        )
        .values(unread=0, read_at=writer.wrote_at),
    )
    return news


def _is_still_guest(session: Session, wedding_id: int, writer: Writer) -> bool:
    guest = session.get(Guest, writer.guest_id)
    return (
        guest is not None
        and guest.wedding_id == wedding_id
        and guest.phone == writer.phone
    )
