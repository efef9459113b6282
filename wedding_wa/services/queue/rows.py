"""services: what the queue's modules share: the claim, its conditions, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.messages import HoldRule, Outcome, Phase, Status
from wedding_wa.models import Account, MessageAttempt, QueueMessage
from wedding_wa.services import events
from wedding_wa.services.lease import Lease, mine
from wedding_wa.services.sql import changed, insert_id, table

MESSAGES = table(QueueMessage)
ATTEMPTS = table(MessageAttempt)
#: So long after its moment a message may still be in a copy: it was taken meanwhile.
TAKING = timedelta(seconds=30)
FREE: dict[str, object] = {"hold_rule": None, "hold_params": {}}


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in a worker's hands: valid while attempt and lease are these."""

    message_id: int
    wedding_id: int
    account_id: int
    chat_id: str
    text: str
    kind: str
    attempt: int
    failures: int
    max_attempts: int
    reserved_id: str | None
    claimed_at: datetime
    lease: Lease
    forced: bool = False

    @classmethod
    def of(cls, message: QueueMessage, lease: Lease, now: datetime) -> Claim:
        """The claim that follows from `message` as it was before the update."""
        return cls(
            message_id=row_id(message),
            wedding_id=message.wedding_id,
            account_id=message.account_id,
            chat_id=message.chat_id,
            text=message.text,
            kind=message.kind,
            attempt=message.attempt + 1,
            failures=message.failures,
            max_attempts=message.max_attempts,
            reserved_id=message.reserved_id,
            claimed_at=now,
            lease=lease,
            forced=message.forced_at is not None,
        )


def row_id(message: QueueMessage) -> int:
    """The id of a stored message."""
    assert message.id is not None
    return message.id


def find_mine(session: Session, wedding_id: int, message_id: int) -> QueueMessage:
    """The wedding's message. Raises NotFound."""
    message = session.get(QueueMessage, message_id)
    if message is None or message.wedding_id != wedding_id:
        raise NotFound("error.message_not_found")
    return message


def held(claim: Claim, *, fenced: bool = True) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition that the message is still in these hands.

    Not `fenced`: the lease may be gone meanwhile; enough where the outcome is known.
    """
    ours: tuple[sa.ColumnElement[bool], ...] = (
        MESSAGES.c.id == claim.message_id,
        MESSAGES.c.status == Status.PROCESSING,
        MESSAGES.c.attempt == claim.attempt,
    )
    return (*ours, sa.exists().where(*mine(claim.lease))) if fenced else ours


def change_pending(
    session: Session,
    message: QueueMessage,
    *also: sa.ColumnElement[bool],
    **values: object,
) -> bool:
    """Change a waiting message as it was read; False if it moved meanwhile. `also` is
    what else of it must still be so."""
    return bool(
        changed(
            session,
            sa.update(MESSAGES)
            .where(
                MESSAGES.c.id == message.id,
                MESSAGES.c.status == Status.PENDING,
                MESSAGES.c.attempt == message.attempt,
                *also,
            )
            .values(**values),
        )
    )


def free_those_behind(
    session: Session, message: QueueMessage, *, now: datetime
) -> None:
    """The message does not wait for another try any more, or not before others: let
    those that waited for it be decided anew, at once."""
    if not message.failures:
        return
    changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.account_id == message.account_id,
            MESSAGES.c.status == Status.PENDING,
            MESSAGES.c.hold_rule == HoldRule.BEHIND,
            MESSAGES.c.due_at > now,
        )
        .values(due_at=now),
    )


def claim_event(
    session: Session,
    claim: Claim,
    phase: Phase,
    at: datetime,
    data: Mapping[str, object] | None = None,
    *,
    duration_ms: int | None = None,
) -> int:
    """Write a phase of a message in hand."""
    return events.begin(
        session,
        claim.message_id,
        phase,
        wedding_id=claim.wedding_id,
        attempt=claim.attempt,
        at=at,
        data=data,
        duration_ms=duration_ms,
    )


def message_event(
    session: Session,
    message: QueueMessage,
    phase: Phase,
    at: datetime,
    data: Mapping[str, object] | None = None,
    *,
    duration_ms: int | None = None,
) -> int:
    """Write a phase of a message that nobody holds."""
    return events.begin(
        session,
        row_id(message),
        phase,
        wedding_id=message.wedding_id,
        attempt=message.attempt,
        at=at,
        data=data,
        duration_ms=duration_ms,
    )


def open_attempt(session: Session, claim: Claim) -> None:
    """Write that a try begins; it weighs on no limit before it is dispatched."""
    row = {
        "wedding_id": claim.wedding_id,
        "message_id": claim.message_id,
        "account_id": claim.account_id,
        "chat_id": claim.chat_id,
        "attempt": claim.attempt,
        "started_at": claim.claimed_at,
        "counts": False,
        "gap_seconds": 0.0,
        "sibling_seconds": 0.0,
        "rest_seconds": 0.0,
    }
    insert_id(session, sa.insert(ATTEMPTS).values(row))


def settle_attempt(
    session: Session,
    message_id: int,
    attempt: int,
    outcome: Outcome,
    *,
    counts: bool,
    error_code: str | None = None,
) -> None:
    """Write what evidence tells of a try. When it went stays what it was: the limits
    count from the send, not from the proof."""
    row = ATTEMPTS.c
    changed(
        session,
        sa.update(ATTEMPTS)
        .where(row.message_id == message_id, row.attempt == attempt)
        .values(
            outcome=outcome.value,
            counts=counts,
            error_code=error_code,
            finished_at=sa.func.coalesce(row.finished_at, row.dispatched_at),
        ),
    )


def end_attempt(
    session: Session,
    message_id: int,
    attempt: int,
    outcome: Outcome,
    *,
    now: datetime,
    counts: bool | None = None,
    http_status: int | None = None,
    error_code: str | None = None,
) -> None:
    """Write how a try ended. `counts` None keeps its weight on the limits."""
    which = (ATTEMPTS.c.message_id == message_id, ATTEMPTS.c.attempt == attempt)
    started = session.execute(sa.select(ATTEMPTS.c.started_at).where(*which)).scalar()
    values: dict[str, object] = {
        "outcome": outcome.value,
        "finished_at": now,
        "http_status": http_status,
        "error_code": error_code,
        "took_ms": events.milliseconds(started, now) if started else None,
    }
    if counts is not None:
        values["counts"] = counts
    changed(session, sa.update(ATTEMPTS).where(*which).values(values))


def count_failures(session: Session, account_id: int, more: int | None) -> None:
    """One more failure in a row, or (None) the row is broken by a success."""
    n = col(Account.failures_in_row)
    changed(
        session,
        sa.update(Account)
        .where(col(Account.id) == account_id, n > 0 if more is None else sa.true())
        .values(failures_in_row=0 if more is None else n + more),
    )
