"""services: what proves that a message went, or that it never did.

Acks, echoes and look-ups come repeated, out of order and not at all; each is applied
by the message's bare WhatsApp id, and `ack` only rises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import (
    ACK_PHASES,
    Ack,
    Outcome,
    Phase,
    Status,
)
from wedding_wa.models import QueueMessage
from wedding_wa.services import events
from wedding_wa.services.chat_lines import note_outbound
from wedding_wa.services.queue.aside import end_notices
from wedding_wa.services.queue.rows import (
    ATTEMPTS,
    FREE,
    MESSAGES,
    count_failures,
    end_attempt,
    free_those_behind,
    message_event,
    row_id,
    settle_attempt,
)
from wedding_wa.services.sql import changed

NEVER_WENT = "error.settled_not_sent"

# What holds of one that went after all, whatever it was till then.
_AS_SENT: dict[str, object] = {
    "status": Status.SENT.value,
    "ack": sa.func.coalesce(MESSAGES.c.ack, 0),
    "held_at": None,
    "error_code": None,
    "skip_reason": None,
    "forced_at": None,
    **FREE,
}


def apply_ack(
    session: Session,
    account_id: int,
    message_id: str,
    ack: int,
    *,
    at: datetime,
    now: datetime,
) -> bool:
    """Apply an ack for the bare WhatsApp id; False if no message of ours has it."""
    message = _by_whatsapp_id(session, account_id, message_id)
    if message is None:
        return False
    refused = ack == Ack.ERROR
    # also an ERROR ack proves that WhatsApp had it, though not that it took it
    settle_sent(
        session,
        message,
        evidence="ack",
        provider_id=message_id,
        now=now,
        late=not refused,
    )
    if refused:
        _refused(session, message, at)
    else:
        _raise_ack(session, message, ack, at)
    return True


def apply_echo(
    session: Session, account_id: int, message_id: str, *, at: datetime, now: datetime
) -> bool:
    """Apply WAHA's own echo of a message of ours; False if it is not one of ours."""
    message = _by_whatsapp_id(session, account_id, message_id)
    if message is None:
        return False
    settle_sent(session, message, evidence="echo", provider_id=message_id, now=now)
    _raise_ack(session, message, Ack.PENDING, at)
    return True


def settle_sent(
    session: Session,
    message: QueueMessage,
    *,
    evidence: str,
    provider_id: str | None,
    now: datetime,
    late: bool = True,
    said: Mapping[str, str] | None = None,
) -> bool:
    """Evidence shows that a message did go, though nobody knew. `said`: who says so,
    as `audit.named` has them, where that is the evidence.

    `late`: also one that was already held for not sent (WAHA was seen to send minutes
    after its client had gone). It may be back in the line, claimed once more, given up
    or cancelled: whatever it is by now, not when it was looked at, it must not go
    twice, and it did go.
    """
    if (found := _as_it_is(session, message)) is None:
        return False
    message = found
    as_it_was = _doubtful(late=late) & (MESSAGES.c.attempt == message.attempt)
    settled = changed(
        session,
        sa.update(MESSAGES)
        .where(MESSAGES.c.id == message.id, as_it_was)
        .values(
            **_AS_SENT,
            provider_message_id=provider_id,
            settled_by=evidence,
            finished_at=now,
        ),
    )
    if not settled:
        return False
    _end_what_it_did(session, message, now)
    count_failures(session, message.account_id, None)
    _show_in_chat(session, message, provider_id, now)
    free_those_behind(session, message, now=now)
    if message.held_at is not None:
        end_notices(session, message, now=now)
    told = {**(said or {}), "evidence": evidence, "provider_message_id": provider_id}
    _tell_sent(session, message, told, now)
    return True


def _tell_sent(
    session: Session, message: QueueMessage, data: Mapping[str, object], now: datetime
) -> None:
    message_event(session, message, Phase.SETTLED, now, {**data, "result": "sent"})
    message_event(session, message, Phase.SENT, now, data)


def _as_it_is(session: Session, message: QueueMessage) -> QueueMessage | None:
    """The message now; until the commit nobody claims it or has it sent again."""
    return session.exec(
        select(QueueMessage)
        .where(QueueMessage.id == message.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def _show_in_chat(
    session: Session, message: QueueMessage, provider_id: str | None, now: datetime
) -> None:
    if provider_id is None:
        return  # known by a person's word alone: WhatsApp has no name for it
    note_outbound(
        session,
        message.account_id,
        message.chat_id,
        text=message.text,
        provider_id=provider_id,
        at=message.dispatched_at or now,
    )


def _doubtful(*, late: bool) -> sa.ColumnElement[bool]:
    """Unconfirmed, or (`late`) thought not to have gone and not on its way now."""
    unconfirmed = MESSAGES.c.status == Status.UNCONFIRMED
    if not late:
        return unconfirmed
    given_back = MESSAGES.c.status.in_([Status.PENDING, Status.FAILED, Status.SKIPPED])
    not_yet = sa.and_(
        MESSAGES.c.status == Status.PROCESSING, MESSAGES.c.dispatched_at.is_(None)
    )
    return sa.or_(unconfirmed, given_back, not_yet)


def _end_what_it_did(session: Session, message: QueueMessage, now: datetime) -> None:
    """The try dispatched last is the one that went; a later one is called off."""
    message_id = row_id(message)
    events.end_waits(session, message_id, at=now)
    events.end_doings(session, message_id, at=now)
    went = session.execute(
        sa.select(sa.func.max(ATTEMPTS.c.attempt)).where(
            ATTEMPTS.c.message_id == message_id, ATTEMPTS.c.dispatched_at.is_not(None)
        )
    ).scalar()
    if went is not None:
        settle_attempt(session, message_id, went, Outcome.SENT, counts=True)
    if message.status == Status.PROCESSING and message.attempt != went:
        end_attempt(session, message_id, message.attempt, Outcome.CANCELLED, now=now)


def settle_pending(
    session: Session, message: QueueMessage, *, evidence: str, now: datetime
) -> bool:
    """Evidence shows that an unconfirmed message never went: one failure, try again.

    The same reserved id is used then. The last try failed means failed.
    """
    failures = message.failures + 1
    again = failures < message.max_attempts
    if not _leave_doubt(session, message, failures, again=again, by=evidence, now=now):
        return False
    settle_attempt(
        session,
        row_id(message),
        message.attempt,
        Outcome.NOT_SENT,
        counts=False,
        error_code=NEVER_WENT,
    )
    count_failures(session, message.account_id, 1)
    data = {"evidence": evidence, "result": "not_sent", "failures": failures}
    message_event(session, message, Phase.SETTLED, now, data)
    if not again:
        message_event(session, message, Phase.FAILED, now, {"error_detail": NEVER_WENT})
    return True


def _leave_doubt(
    session: Session,
    message: QueueMessage,
    failures: int,
    *,
    again: bool,
    by: str,
    now: datetime,
) -> bool:
    left = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == message.id,
            MESSAGES.c.status == Status.UNCONFIRMED,
            MESSAGES.c.attempt == message.attempt,
        )
        .values(
            status=(Status.PENDING if again else Status.FAILED).value,
            failures=failures,
            due_at=now,
            worker=None,
            dispatched_at=None,
            settled_by=by,
            error_code=NEVER_WENT,
            finished_at=None if again else now,
            **FREE,
        ),
    )
    return bool(left)


def _by_whatsapp_id(
    session: Session, account_id: int, message_id: str
) -> QueueMessage | None:
    return session.exec(
        select(QueueMessage)
        .where(
            QueueMessage.account_id == account_id,
            sa.or_(
                col(QueueMessage.provider_message_id) == message_id,
                col(QueueMessage.reserved_id) == message_id,
            ),
        )
        .order_by(col(QueueMessage.id).desc())
        .limit(1)
    ).first()


def _raise_ack(session: Session, message: QueueMessage, ack: int, at: datetime) -> None:
    """`ack` only rises; each level that is new becomes a line of the timeline."""
    raised = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == message.id,
            sa.func.coalesce(MESSAGES.c.ack, -1) < ack,
        )
        .values(
            ack=ack,
            unacknowledged_at=None if ack else MESSAGES.c.unacknowledged_at,
            # a later delivery proves that an earlier error was not the last word
            ack_error_at=None if ack >= Ack.DEVICE else MESSAGES.c.ack_error_at,
        ),
    )
    phase = ACK_PHASES.get(Ack(ack)) if ack in Ack.__members__.values() else None
    if raised and phase is not None:
        message_event(session, message, phase, at, {"ack": ack})


def _refused(session: Session, message: QueueMessage, at: datetime) -> None:
    """An ERROR ack counts while WhatsApp has not yet delivered the message."""
    refused = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == message.id,
            MESSAGES.c.ack_error_at.is_(None),
            sa.func.coalesce(MESSAGES.c.ack, 0) <= int(Ack.SERVER),
        )
        .values(ack_error_at=at),
    )
    if refused:
        message_event(session, message, Phase.REFUSED, at, {"ack": int(Ack.ERROR)})
