"""services: one message as a record for programs: `show --json`, later the API.

What retention has put away answers from the archive, with `archived_at`.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.models import (
    Account,
    MessageArchive,
    MessageAttempt,
    MessageEvent,
    QueueMessage,
)

Record = dict[str, object]


def message_record(session: Session, message_id: int) -> Record:
    """Everything a program may know of a message, as JSON. Raises NotFound."""
    message = session.get(QueueMessage, message_id)
    if message is None:
        return _put_away(session, message_id)
    account = session.get_one(Account, message.account_id)
    return {
        "id": message.id,
        "task_id": message.task_id,
        "client_message_id": message.client_message_id,
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


def whole_record(session: Session, message: QueueMessage) -> Record:
    """The record as the archive keeps it: also what only the tables tell, its tries."""
    assert message.id is not None
    tries = session.exec(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == message.id)
        .order_by(col(MessageAttempt.attempt))
    ).all()
    return {
        **message_record(session, message.id),
        "name": message.name,
        "chat_id": message.chat_id,
        "consent_id": message.consent_id,
        "category": message.category,
        "title": message.title,
        "idempotency_key": message.idempotency_key,
        "dispatched_at": _iso(message.dispatched_at),
        "settled_by": message.settled_by,
        "tries": [_try(one) for one in tries],
    }


def _put_away(session: Session, message_id: int) -> Record:
    """A message that retention took out of the queue; of a deleted one only that it
    was, and how it had ended."""
    kept = session.exec(
        select(MessageArchive).where(MessageArchive.message_id == message_id)
    ).first()
    if kept is None:
        raise NotFound("error.message_not_found")
    account = session.get_one(Account, kept.account_id)
    known: Record = {
        "id": kept.message_id,
        "task_id": kept.task_id,
        "status": kept.status,
        "account": account.key,
    }
    if kept.client_message_id is not None:
        known["client_message_id"] = kept.client_message_id
    return {**known, **(kept.record or {}), "archived_at": _iso(kept.at)}


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


def _try(one: MessageAttempt) -> Record:
    return {
        "attempt": one.attempt,
        "outcome": one.outcome,
        "started_at": _iso(one.started_at),
        "dispatched_at": _iso(one.dispatched_at),
        "finished_at": _iso(one.finished_at),
        "http_status": one.http_status,
        "error_code": one.error_code,
        "took_ms": one.took_ms,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
