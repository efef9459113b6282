"""services: messages that WhatsApp has twice, as records, for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.models import Account, DuplicateSeen, QueueMessage

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class DuplicateRecord:
    """One of ours that was seen again under `whatsapp_id`. `task_id` is the message's,
    None where it was deleted whole."""

    id: int
    account: str
    message_id: int
    task_id: str | None
    whatsapp_id: str
    sent_at: datetime
    seen_at: datetime


def duplicate_records(
    session: Session, wedding_id: int, after: int
) -> tuple[list[DuplicateRecord], str]:
    """A page by id, and the cursor to the next, "" at the end."""
    rows = session.exec(
        select(DuplicateSeen, Account.key, QueueMessage.task_id)
        .join(Account, col(Account.id) == col(DuplicateSeen.account_id))
        .join(
            QueueMessage,
            col(QueueMessage.id) == col(DuplicateSeen.message_id),
            isouter=True,
        )
        .where(DuplicateSeen.wedding_id == wedding_id, col(DuplicateSeen.id) > after)
        .order_by(col(DuplicateSeen.id))
        .limit(PAGE_SIZE + 1)
    ).all()
    found = [_record(*row) for row in rows[:PAGE_SIZE]]
    return found, str(found[-1].id) if len(rows) > PAGE_SIZE else ""


def _record(seen: DuplicateSeen, key: str, task_id: str | None) -> DuplicateRecord:
    return DuplicateRecord(
        id=seen.id or 0,
        account=key,
        message_id=seen.message_id,
        task_id=task_id,
        whatsapp_id=seen.whatsapp_id,
        sent_at=seen.sent_at,
        seen_at=seen.seen_at,
    )
