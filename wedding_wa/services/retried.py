"""services: which messages wait for another try, so that later ones do not overtake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Status
from wedding_wa.models import QueueMessage
from wedding_wa.services.same_person import same_person


@dataclass(frozen=True, slots=True)
class Retried:
    """By chat: the messages for its person that wait for another try."""

    of_chat: Mapping[str, Sequence[QueueMessage]] = field(default_factory=dict)

    def before(self, message: QueueMessage) -> datetime | None:
        """When the last of those is due that were to go before `message`, None if none
        is: no less urgent, and earlier in the line."""
        return max(
            (
                one.due_at
                for one in self.of_chat.get(message.chat_id, ())
                if one.priority <= message.priority and _place(one) < _place(message)
            ),
            default=None,
        )


def retried(
    session: Session, account_id: int, messages: Sequence[QueueMessage]
) -> Retried:
    """Read what the account tries again for the persons of these messages."""
    rows = session.exec(
        select(QueueMessage).where(
            QueueMessage.account_id == account_id,
            QueueMessage.status == Status.PENDING,
            QueueMessage.failures > 0,
            col(QueueMessage.held_at).is_(None),
        )
    ).all()
    if not rows or not messages:
        return Retried()
    chats = {message.chat_id for message in messages}
    people = same_person(session, messages[0].wedding_id, chats)
    return Retried(
        {
            chat_id: [one for one in rows if one.chat_id in names]
            for chat_id, names in people.items()
        }
    )


def _place(message: QueueMessage) -> tuple[datetime, int]:
    return (message.queue_at, message.id or 0)
