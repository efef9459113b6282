"""services: one message as a record for programs: `show --json`, later the API."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.models import Account, MessageEvent, QueueMessage

Record = dict[str, object]


def message_record(session: Session, message_id: int) -> Record:
    """Everything a program may know of a message, as JSON. Raises NotFound."""
    message = session.get(QueueMessage, message_id)
    if message is None:
        raise NotFound("error.message_not_found")
    account = session.get_one(Account, message.account_id)
    return {
        "id": message.id,
        "task_id": message.task_id,
        "status": message.status,
        "ack": message.ack,
        "ack_error_at": _iso(message.ack_error_at),
        "account": account.key,
        "to": message.phone or message.chat_id,
        "text": message.text,
        "kind": message.kind,
        "priority": message.priority,
        "attempt": message.attempt,
        "failures": message.failures,
        "max_attempts": message.max_attempts,
        "due_at": _iso(message.due_at),
        "expires_at": _iso(message.expires_at),
        "hold_rule": message.hold_rule,
        "skip_reason": message.skip_reason,
        "error_code": message.error_code,
        "reserved_id": message.reserved_id,
        "provider_message_id": message.provider_message_id,
        "created_at": _iso(message.created_at),
        "finished_at": _iso(message.finished_at),
        "events": [_event(event) for event in timeline(session, message_id)],
    }


def timeline(session: Session, message_id: int) -> list[MessageEvent]:
    """The message's phases, oldest first."""
    return list(
        session.exec(
            select(MessageEvent)
            .where(MessageEvent.message_id == message_id)
            .order_by(col(MessageEvent.id))
        ).all()
    )


def _event(event: MessageEvent) -> Record:
    return {
        "id": event.id,
        "phase": event.phase,
        "timestamp": _iso(event.at),
        "duration_ms": event.duration_ms,
        "metadata": event.data,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
