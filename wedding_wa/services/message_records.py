"""services: one message by the id that a program was told, and orders to it.

What retention has put away still answers by that id: whole, or only how it ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import Conflict, NotFound, Refused
from wedding_wa.domain.messages import SkipReason, Status
from wedding_wa.models import (
    Account,
    MessageArchive,
    MessageAttempt,
    MessageEvent,
    QueueMessage,
)
from wedding_wa.services import queue
from wedding_wa.services.audit import By
from wedding_wa.services.queue.rows import find_mine, row_id

#: A message that was retried for days tells no more than its newest.
EVENTS = 200
TRIES = 50
_TASK = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What the archive's record calls otherwise, and what it holds beside columns.
_APART = ("to", "account", "events", "tries")


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message as it stands: its columns, its account's key, its timeline and tries.
    `archived_at`: since when retention has it; then columns may be missing."""

    columns: Mapping[str, object]
    account: str
    to: str | None
    events: Sequence[Mapping[str, object]]
    tries: Sequence[Mapping[str, object]]
    archived_at: datetime | None = None


def message_record(session: Session, wedding_id: int, task_id: str) -> MessageRecord:
    """The wedding's message with this id. Raises NotFound."""
    message = _in_queue(session, wedding_id, task_id)
    if message is not None:
        return MessageRecord(
            columns=message.model_dump(),
            account=_key(session, message.account_id),
            to=message.phone or message.chat_id,
            events=_events(session, row_id(message)),
            tries=_tries(session, row_id(message)),
        )
    kept = _put_away(session, wedding_id, task_id)
    if kept is None:
        raise NotFound("error.message_not_found")
    return _archived(session, kept)


class Deed(StrEnum):
    """What a person or a program may do with one message."""

    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    SEND_NOW = "send-now"
    RETRY = "retry"
    DECLARE_SENT = "declare-sent"
    SEND_AGAIN = "send-again"


def do(
    session: Session,
    wedding_id: int,
    task_id: str,
    deed: Deed,
    *,
    by: By,
    now: datetime,
) -> None:
    """Carry out what the Queue page's and the Unconfirmed page's buttons do.

    Raises NotFound, or Conflict (Refused where it is about a doubt): too late for
    that, or put away by now.
    """
    message_id = _waiting_id(session, wedding_id, task_id)
    do_to(session, wedding_id, message_id, deed, by=by, now=now)


def do_to(
    session: Session,
    wedding_id: int,
    message_id: int,
    deed: Deed,
    *,
    by: By,
    now: datetime,
) -> None:
    """`do`, by the row's id. What is as ordered already stays as it is: a program that
    lost the first answer asks again."""
    if not _as_ordered(find_mine(session, wedding_id, message_id), deed, now):
        _DEEDS[deed](session, wedding_id, message_id, by, now)


def _as_ordered(message: QueueMessage, deed: Deed, now: datetime) -> bool:
    waits = message.status == Status.PENDING
    free = waits and message.held_at is None
    match deed:
        case Deed.CANCEL:
            return message.skip_reason == SkipReason.CANCELLED
        case Deed.HOLD:
            return waits and message.held_at is not None
        case Deed.RELEASE:
            return free
        case Deed.SEND_NOW:
            first = free and message.due_at <= now
            in_hand = message.status == Status.PROCESSING
            return message.forced_at is not None and (first or in_hand)
        case Deed.RETRY:
            return waits
        case _:
            return False


def change(
    session: Session,
    wedding_id: int,
    task_id: str,
    *,
    text: str | None = None,
    priority: int | None = None,
    now: datetime,
) -> None:
    """Change what is not None, both or neither. Raises NotFound, BadInput, Conflict."""
    message_id = _waiting_id(session, wedding_id, task_id)
    if text is not None:
        queue.edit(session, wedding_id, message_id, text=text, now=now)
    if priority is not None:
        queue.set_priority(session, wedding_id, message_id, priority=priority, now=now)


def _waiting_id(session: Session, wedding_id: int, task_id: str) -> int:
    message = _in_queue(session, wedding_id, task_id)
    if message is not None:
        return row_id(message)
    if _put_away(session, wedding_id, task_id) is not None:
        raise Conflict("put away by now")
    raise NotFound("error.message_not_found")


def _in_queue(session: Session, wedding_id: int, task_id: str) -> QueueMessage | None:
    if not _TASK.fullmatch(task_id):
        return None
    return session.exec(
        select(QueueMessage).where(
            QueueMessage.task_id == task_id, QueueMessage.wedding_id == wedding_id
        )
    ).first()


def _put_away(session: Session, wedding_id: int, task_id: str) -> MessageArchive | None:
    if not _TASK.fullmatch(task_id):
        return None
    return session.exec(
        select(MessageArchive).where(
            MessageArchive.task_id == task_id, MessageArchive.wedding_id == wedding_id
        )
    ).first()


def _archived(session: Session, kept: MessageArchive) -> MessageRecord:
    known = dict(kept.record or {})
    events, tries = known.get("events"), known.get("tries")
    to = known.get("to")
    columns = {name: value for name, value in known.items() if name not in _APART}
    return MessageRecord(
        columns={
            **columns,
            "id": kept.message_id,
            "task_id": kept.task_id,
            "client_message_id": kept.client_message_id,
            "status": kept.status,
        },
        account=_key(session, kept.account_id),
        to=str(to) if to else None,
        events=events[-EVENTS:] if isinstance(events, list) else (),
        tries=tries[-TRIES:] if isinstance(tries, list) else (),
        archived_at=kept.at,
    )


def _key(session: Session, account_id: int) -> str:
    return session.get_one(Account, account_id).key


def _events(session: Session, message_id: int) -> list[Mapping[str, object]]:
    rows = session.exec(
        select(MessageEvent)
        .where(MessageEvent.message_id == message_id)
        .order_by(col(MessageEvent.id).desc())
        .limit(EVENTS)
    ).all()
    return [
        {
            "id": one.id,
            "phase": one.phase,
            "timestamp": one.at,
            "duration_ms": one.duration_ms,
            "metadata": one.data,
        }
        for one in reversed(rows)
    ]


def _tries(session: Session, message_id: int) -> list[Mapping[str, object]]:
    rows = session.exec(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == message_id)
        .order_by(col(MessageAttempt.attempt).desc())
        .limit(TRIES)
    ).all()
    return [one.model_dump() for one in reversed(rows)]


_Do = Callable[[Session, int, int, By, datetime], None]


def _cancel(
    session: Session, wedding_id: int, message_id: int, _by: By, now: datetime
) -> None:
    queue.cancel(session, wedding_id, message_id, now=now)


def _hold(
    session: Session, wedding_id: int, message_id: int, by: By, now: datetime
) -> None:
    queue.hold_back(session, wedding_id, message_id, by=by, now=now)


def _release(
    session: Session, wedding_id: int, message_id: int, _by: By, now: datetime
) -> None:
    queue.let_go(session, wedding_id, message_id, now=now)


def _send_now(
    session: Session, wedding_id: int, message_id: int, _by: By, now: datetime
) -> None:
    queue.force(session, wedding_id, message_id, now=now)


def _retry(
    session: Session, wedding_id: int, message_id: int, _by: By, now: datetime
) -> None:
    if not queue.retry_failed(session, wedding_id, now=now, message_ids=[message_id]):
        raise Conflict("not failed, or refused for good")


def _declare_sent(
    session: Session, wedding_id: int, message_id: int, by: By, now: datetime
) -> None:
    _with_reason(queue.declare_sent, session, wedding_id, message_id, by, now)


def _send_again(
    session: Session, wedding_id: int, message_id: int, by: By, now: datetime
) -> None:
    _with_reason(queue.send_again, session, wedding_id, message_id, by, now)


def _with_reason(
    decide: Callable[..., None],
    session: Session,
    wedding_id: int,
    message_id: int,
    by: By,
    now: datetime,
) -> None:
    """A refusal about a doubt has two reasons, and the reader is told both."""
    try:
        decide(session, wedding_id, message_id, by=by, now=now)
    except Conflict:
        raise Refused("unconfirmed.conflict") from None


_DEEDS: Mapping[Deed, _Do] = {
    Deed.CANCEL: _cancel,
    Deed.HOLD: _hold,
    Deed.RELEASE: _release,
    Deed.SEND_NOW: _send_now,
    Deed.RETRY: _retry,
    Deed.DECLARE_SENT: _declare_sent,
    Deed.SEND_AGAIN: _send_again,
}
