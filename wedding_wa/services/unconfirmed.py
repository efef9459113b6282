"""services: the messages of which nobody knows whether they went: a look at once, and
the page that lists them with what was looked at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.domain.doubt import Look
from wedding_wa.domain.messages import Status
from wedding_wa.models import Account, Chat, QueueCounter, QueueMessage
from wedding_wa.services import settler
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.queue_views import number_of, who_is
from wedding_wa.services.settler import Settled

#: So many are listed; the others come up as these are settled.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """One message in doubt. `since`: when it may have gone. `chat`: the conversation's
    id in the inbox, None where there is none; `last_try`: one that never went has
    failed for good; `look` None: nobody has looked yet."""

    id: int
    task_id: str
    account: str
    who: str
    number: str
    text: str
    since: datetime
    chat: int | None
    last_try: bool
    look: Look | None


@dataclass(frozen=True, slots=True)
class UnconfirmedPage:
    """The oldest `SHOWN` in doubt, of `total`."""

    rows: tuple[Unconfirmed, ...]
    total: int


async def settle_now(
    db: Database,
    clients: Clients,
    clock: Clock,
    *,
    settle_after: timedelta,
    message_ids: Collection[int] | None = None,
) -> Settled:
    """Look for evidence now, of these messages or of all in doubt (fifty a round)."""
    return await settler.settle(
        db, clients, clock, settle_after=settle_after, message_ids=message_ids
    )


def unconfirmed_page(session: Session, wedding_id: int) -> UnconfirmedPage:
    """Read what the page shows, those longest in doubt first."""
    rows = session.exec(
        select(QueueMessage, Account.key, Chat.id)
        .join(Account, col(Account.id) == col(QueueMessage.account_id))
        .join(
            Chat,
            sa.and_(
                col(Chat.account_id) == col(QueueMessage.account_id),
                col(Chat.chat_id) == col(QueueMessage.chat_id),
            ),
            isouter=True,
        )
        .where(
            QueueMessage.wedding_id == wedding_id,
            QueueMessage.bucket == Status.UNCONFIRMED,
        )
        .order_by(col(QueueMessage.id))
        .limit(SHOWN)
    ).all()
    shown = tuple(_row(message, key, chat) for message, key, chat in rows)
    if len(shown) < SHOWN:
        return UnconfirmedPage(shown, len(shown))
    return UnconfirmedPage(shown, _total(session, wedding_id))


def ids_in_doubt(
    session: Session, wedding_id: int, message_ids: Collection[int]
) -> list[int]:
    """Which of these are messages of this wedding and in doubt."""
    rows = session.exec(
        select(QueueMessage.id).where(
            QueueMessage.wedding_id == wedding_id,
            QueueMessage.bucket == Status.UNCONFIRMED,
            col(QueueMessage.id).in_(message_ids),
        )
    ).all()
    return [one for one in rows if one is not None]


def _row(message: QueueMessage, key: str, chat: int | None) -> Unconfirmed:
    who, number = who_is(message), number_of(message)
    return Unconfirmed(
        id=row_id(message),
        task_id=message.task_id,
        account=key,
        who=who,
        number=number if number != who else "",
        text=message.text,
        since=message.dispatched_at or message.created_at,
        chat=chat,
        last_try=message.failures + 1 >= message.max_attempts,
        look=Look.of_json(message.looked),
    )


def _total(session: Session, wedding_id: int) -> int:
    counted = session.exec(
        select(sa.func.sum(QueueCounter.n))
        .join(Account, col(Account.id) == col(QueueCounter.account_id))
        .where(
            Account.wedding_id == wedding_id,
            QueueCounter.bucket == Status.UNCONFIRMED,
        )
    ).one()
    return int(counted or 0)
