"""services: what the sender writes down, each in one short transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import WeddingError
from wedding_wa.domain.human import HumanPlan
from wedding_wa.domain.messages import Ack, HoldRule, Outcome, Phase
from wedding_wa.domain.pacing import Hold
from wedding_wa.models import InboundMessage, QueueMessage
from wedding_wa.services import account_status, events, pausing, queue, webhook_log
from wedding_wa.services.queue import Claim, Fault
from wedding_wa.services.sql import changed


@dataclass(slots=True)
class RunningPhase:
    """The phase that is running: its row, when it began, what was planned."""

    event_id: int
    began: datetime
    data: dict[str, object]


def unseen(session: Session, account_id: int, chat_id: str) -> list[str]:
    """The bare ids of what this chat wrote and nobody marked as seen yet."""
    return list(
        session.exec(
            select(InboundMessage.message_id)
            .where(
                InboundMessage.account_id == account_id,
                InboundMessage.chat_id == chat_id,
                col(InboundMessage.seen_at).is_(None),
            )
            .order_by(col(InboundMessage.id))
            .limit(50)
        ).all()
    )


def mark_seen(
    session: Session, account_id: int, message_ids: list[str], now: datetime
) -> None:
    """Remember which inbound messages were marked as seen."""
    if message_ids:
        changed(
            session,
            sa.update(InboundMessage)
            .where(
                col(InboundMessage.account_id) == account_id,
                col(InboundMessage.message_id).in_(message_ids),
            )
            .values(seen_at=now),
        )


def typing_plan(plan: HumanPlan) -> dict[str, object]:
    """What was drawn for typing, in the timeline's words."""
    return {
        "typing_duration_ms": round(plan.typing * 1000),
        "final_pause_ms": round(plan.final_pause * 1000),
    }


def _end(session: Session, phase: RunningPhase | None, now: datetime) -> None:
    if phase is not None:
        events.end(session, phase.event_id, began=phase.began, at=now, data=phase.data)


def advance(
    session: Session,
    before: RunningPhase | None,
    claim: Claim,
    phase: Phase,
    data: Mapping[str, object],
    now: datetime,
) -> int | None:
    """End the running phase, begin the next; None if the message is not ours."""
    _end(session, before, now)
    return queue.begin_phase(session, claim, phase, now=now, data=data)


def mark(
    session: Session,
    before: RunningPhase,
    claim: Claim,
    plan: HumanPlan,
    reserved: str | None,
    now: datetime,
) -> int | None:
    """End typing and mark the message as about to go, durably."""
    _end(session, before, now)
    return queue.mark_dispatched(
        session, claim, reserved_id=reserved, plan=plan, now=now
    )


def sent(
    session: Session,
    claim: Claim,
    phase: RunningPhase,
    provider_id: str,
    plan: HumanPlan,
    now: datetime,
) -> None:
    """Write that WAHA answered; a rescue that came first is settled by the answer."""
    _end(session, phase, now)
    if not queue.finish_sent(
        session, claim, provider_id=provider_id, plan=plan, now=now
    ):
        message = session.get_one(QueueMessage, claim.message_id)
        queue.settle_sent(
            session, message, evidence="answer", provider_id=provider_id, now=now
        )
    _apply_early_acks(session, claim.account_id, provider_id, now)


def _apply_early_acks(
    session: Session, account_id: int, provider_id: str, now: datetime
) -> None:
    """Acks may come before the answer that tells the id: apply them now."""
    heard = webhook_log.find_acks(session, account_id, provider_id)
    if heard.error_at is not None:
        queue.apply_ack(
            session, account_id, provider_id, Ack.ERROR, at=heard.error_at, now=now
        )
    if heard.ack is not None:
        queue.apply_ack(session, account_id, provider_id, heard.ack, at=now, now=now)


def broken(session: Session, claim: Claim, delay: timedelta, now: datetime) -> None:
    """Write that a fault of our own broke the try off, marked or not."""
    marked = session.get_one(QueueMessage, claim.message_id).dispatched_at is not None
    outcome = Outcome.MAYBE_SENT if marked else Outcome.NOT_SENT
    fault = Fault(WeddingError.code)
    judged(session, claim, None, outcome, None, delay, fault, now)


def judged(
    session: Session,
    claim: Claim,
    phase: RunningPhase | None,
    outcome: Outcome,
    hold: Hold | None,
    delay: timedelta,
    fault: Fault,
    now: datetime,
) -> None:
    """Write the outcome of a try that brought no id."""
    _end(session, phase, now)
    if hold is not None:
        queue.release(session, claim, outcome=outcome, now=now, hold=hold, fault=fault)
        if hold.rule is HoldRule.RESTRICTED and hold.until is not None:
            account_status.restrict(session, claim.account_id, hold.until, now=now)
    elif outcome is Outcome.MAYBE_SENT:
        queue.finish_unconfirmed(session, claim, fault=fault, now=now)
    elif outcome is Outcome.REFUSED or claim.failures + 1 >= claim.max_attempts:
        queue.finish_failed(session, claim, outcome=outcome, fault=fault, now=now)
    else:
        queue.retry_later(session, claim, due_at=now + delay, fault=fault, now=now)
    pausing.pause_if_failing(session, claim.account_id, now=now)
