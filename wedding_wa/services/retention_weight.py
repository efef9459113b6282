"""services: which tries still weigh: what services/history and between_us read.

A counting try weighs while it is among the newest of its account (rolling limits, gap,
rest, silence), is the newest to its chat (cool-down, "have we ever written to them"),
or is one that the guest has not answered in that chat since: the count of unanswered
messages has no end in time. Other tries weigh on nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Chat, MessageAttempt
from wedding_wa.services.history import policy_of
from wedding_wa.services.sql import table

_ATTEMPTS = table(MessageAttempt)

# The watchdog looks at the last few sends, whatever the limits are.
_AT_LEAST = 50

_Chat = tuple[int, str]  # the wedding and the chat's id: the couple is one voice


@dataclass(frozen=True, slots=True)
class Weights:
    """From when on tries weigh. None in `wrote`: nobody ever wrote there."""

    newest_of_account: Mapping[int, datetime]
    newest_to_chat: Mapping[_Chat, datetime]
    wrote: Mapping[_Chat, datetime | None]

    def weighs(self, one: MessageAttempt) -> bool:
        """Whether a rule could decide otherwise without this try."""
        at = one.dispatched_at
        if not one.counts or at is None:
            return one.counts
        chat = (one.wedding_id, one.chat_id)
        wrote = self.wrote.get(chat)
        return (
            at >= self.newest_of_account.get(one.account_id, at)
            or at >= self.newest_to_chat.get(chat, at)
            or wrote is None
            or at >= wrote
        )


def weights(session: Session, tries: Iterable[MessageAttempt]) -> Weights:
    """What is needed to weigh these tries, in a few queries for all."""
    counting = [one for one in tries if one.counts]
    accounts = {one.account_id for one in counting}
    weddings = {one.wedding_id for one in counting}
    chats = {one.chat_id for one in counting}
    return Weights(
        newest_of_account={
            one: at for one in accounts if (at := _threshold(session, one))
        },
        newest_to_chat=_newest(session, weddings, chats),
        wrote=_wrote(session, weddings, chats),
    )


def _threshold(session: Session, account_id: int) -> datetime | None:
    """When the oldest try left that limits may read; None: all of them."""
    limits = policy_of(session, account_id)
    wanted = max(limits.per_hour, limits.per_day, limits.rest_after, _AT_LEAST)
    return session.exec(
        select(MessageAttempt.dispatched_at)
        .where(
            MessageAttempt.account_id == account_id,
            col(MessageAttempt.counts).is_(True),
        )
        .order_by(col(MessageAttempt.dispatched_at).desc())
        .offset(wanted - 1)
        .limit(1)
    ).first()


def _newest(
    session: Session, weddings: Collection[int], chats: Collection[str]
) -> dict[_Chat, datetime]:
    row = _ATTEMPTS.c
    found = session.execute(
        sa.select(row.wedding_id, row.chat_id, sa.func.max(row.dispatched_at))
        .where(
            row.wedding_id.in_(weddings), row.chat_id.in_(chats), row.counts.is_(True)
        )
        .group_by(row.wedding_id, row.chat_id)
    )
    return {(wedding, chat): at for wedding, chat, at in found if at is not None}


def _wrote(
    session: Session, weddings: Collection[int], chats: Collection[str]
) -> dict[_Chat, datetime | None]:
    """When somebody last wrote in each chat itself: its other names may be taken from
    it again, and then what was sent to it is unanswered once more."""
    found = session.execute(
        sa.select(
            col(Chat.wedding_id),
            col(Chat.chat_id),
            sa.func.max(col(Chat.last_inbound_at)),
        )
        .where(col(Chat.wedding_id).in_(weddings), col(Chat.chat_id).in_(chats))
        .group_by(col(Chat.wedding_id), col(Chat.chat_id))
    )
    return {(wedding, chat): at for wedding, chat, at in found}
