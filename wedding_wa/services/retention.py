"""services: what is old goes: failed messages, tries, raw webhooks, accounts' past.

Candidates are found by reading, page by page; each small batch is then taken away in a
short transaction of its own that asks every condition again, so that sends never wait
and a person's order in between wins. What waits, is in hand or unconfirmed is never
touched, nor a try that a limit or the count of unanswered messages still reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.retention import FailedAction, Retention
from wedding_wa.models import (
    Account,
    AccountStatusChange,
    HearingGap,
    LoginSession,
    Notice,
    QueueMessage,
    TokenGrant,
    Wedding,
)
from wedding_wa.services.retention_messages import (
    DONE,
    drop_tries,
    put_failed_away,
)
from wedding_wa.services.retention_policy import retention_of
from wedding_wa.services.retention_webhooks import drop_bodies, drop_refusals
from wedding_wa.services.sql import changed, table
from wedding_wa.services.stream_places import forget_entries

_MESSAGES = table(QueueMessage)

# An expired login is shown nowhere; so long its row may still explain something.
_LOGINS = timedelta(days=30)


async def retain(db: Database, *, now: datetime) -> dict[str, int]:
    """Take away what is older than each wedding's owner wants it kept.

    Returns counts: archived or deleted, tries, webhooks, refusals, history, logins.
    """
    did: dict[str, int] = {}
    for wedding_id, wish in await db.read(_wishes):
        for name, n in (await _retain(db, wedding_id, wish, now)).items():
            did[name] = did.get(name, 0) + n
    did["logins"] = await db.write(_old_logins, now=now)
    did["logins"] += await db.write(_old_grants, now=now)
    return did


async def _retain(
    db: Database, wedding_id: int, wish: Retention, now: datetime
) -> dict[str, int]:
    webhooks = _before(now, wish.webhooks_days)
    history = _before(now, wish.history_days)
    await forget_entries(db, wedding_id, history)  # counted are the things themselves
    return {
        **await _failed(db, wedding_id, wish, now),
        "tries": await drop_tries(db, wedding_id, _before(now, wish.attempts_days)),
        "webhooks": await drop_bodies(db, wedding_id, webhooks),
        "refusals": await db.write(drop_refusals, wedding_id, webhooks),
        "history": await db.write(_history, wedding_id, history),
    }


async def _failed(
    db: Database, wedding_id: int, wish: Retention, now: datetime
) -> dict[str, int]:
    if wish.failed_action is FailedAction.KEEP:
        return {}
    whole = wish.failed_action is FailedAction.ARCHIVE
    cutoff = _before(now, wish.failed_days)
    gone = await put_failed_away(db, wedding_id, cutoff, whole=whole, now=now)
    return {"archived" if whole else "deleted": gone}


def _wishes(session: Session) -> list[tuple[int, Retention]]:
    ids = [i for i in session.exec(select(Wedding.id)) if i is not None]
    return [(one, retention_of(session, one)) for one in ids]


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _history(session: Session, wedding_id: int, cutoff: datetime) -> int:
    """How accounts fared: changes of status, gaps that are closed, ended notices."""
    accounts = session.exec(select(Account.id).where(Account.wedding_id == wedding_id))
    gone = sum(_changes(session, one, cutoff) for one in accounts if one is not None)
    gone += changed(
        session,
        sa.delete(HearingGap).where(
            col(HearingGap.wedding_id) == wedding_id,
            col(HearingGap.closed_at) < cutoff,
        ),
    )
    return gone + changed(
        session,
        sa.delete(Notice).where(
            col(Notice.wedding_id) == wedding_id, col(Notice.ended_at) < cutoff
        ),
    )


def _changes(session: Session, account_id: int, cutoff: datetime) -> int:
    """Not the newest few; and never what came after the oldest message whose end is
    not known: whether somebody else logged in meanwhile is part of its evidence."""
    open_end = session.execute(
        sa.select(sa.func.min(_MESSAGES.c.dispatched_at)).where(
            _MESSAGES.c.account_id == account_id, _MESSAGES.c.status.not_in(DONE)
        )
    ).scalar()
    newest = session.exec(
        select(AccountStatusChange.id)
        .where(AccountStatusChange.account_id == account_id)
        .order_by(col(AccountStatusChange.id).desc())
        .limit(10)
    ).all()
    return changed(
        session,
        sa.delete(AccountStatusChange).where(
            col(AccountStatusChange.account_id) == account_id,
            col(AccountStatusChange.at) < min(cutoff, open_end or cutoff),
            col(AccountStatusChange.id).not_in(newest),
        ),
    )


def _old_logins(session: Session, *, now: datetime) -> int:
    return changed(
        session,
        sa.delete(LoginSession).where(col(LoginSession.expires_at) < now - _LOGINS),
    )


def _old_grants(session: Session, *, now: datetime) -> int:
    """What programs got in by, as logins: ended or expired so long ago."""
    return changed(
        session,
        sa.delete(TokenGrant).where(
            sa.or_(
                col(TokenGrant.expires_at) < now - _LOGINS,
                col(TokenGrant.revoked_at) < now - _LOGINS,
            )
        ),
    )
