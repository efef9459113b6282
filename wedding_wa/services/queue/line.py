"""services: the queue's line: who is next, who must wait, who is claimed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import HoldRule, Phase, SkipReason, Status
from wedding_wa.domain.pacing import ACCOUNT_RULES, Go, Hold
from wedding_wa.models import Consent, QueueMessage
from wedding_wa.services import events
from wedding_wa.services.history import candidate, situation
from wedding_wa.services.lease import Lease, confirm, mine
from wedding_wa.services.queue.people import skip_pending
from wedding_wa.services.queue.rows import (
    FREE,
    MESSAGES,
    Claim,
    change_pending,
    claim_event,
    message_event,
    open_attempt,
    row_id,
)
from wedding_wa.services.sql import changed
from wedding_wa.services.wishes import wants_none

_LOOK = 50
# Holds of one person's chat that other limits, WhatsApp's grace or their own word may
# end early.
_OF_A_CHAT = (
    HoldRule.COOLDOWN.value,
    HoldRule.RESTRICTED.value,
    HoldRule.UNANSWERED.value,
    HoldRule.HUMAN.value,
)
# A hold of a chat without an end is asked again so late: what ends it says so itself,
# and until then it must not stand in the way of those behind it.
_ASK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Step:
    """What the worker does next: send `claim`, or wait until `wake_at`."""

    claim: Claim | None = None
    wake_at: datetime | None = None


def next_step(session: Session, lease: Lease, *, now: datetime) -> Step | None:
    """Decide, then claim the first message that may go, in one transaction.

    Order: forced, priority, place in the line, id. A message that must wait is held
    (`due_at` moves, its place does not); a rule that binds the whole account ends
    the search. None: the lease is lost; nothing was touched.
    """
    if not confirm(session, lease):
        return None
    if not _anything_waits(session, lease.account_id):
        return Step()  # every change brings us here: mostly there is nothing to send
    place = situation(session, lease.account_id)
    forced, in_line = _line(session, lease.account_id, now)
    for message in (*forced, *in_line):
        if _skipped_instead(session, message, now, paused=place.view.paused):
            continue
        decision = place.decide(now, candidate(session, message, place))
        if isinstance(decision, Hold):
            _hold(session, message, decision, now)
            if decision.account_wide and message.forced_at is None:
                return Step(wake_at=_wake(session, lease, now, decision.until))
            continue
        claim = _claim(session, message, lease, decision, now)
        if claim is not None:
            return Step(claim)
    # each of these was held for later, so the next look sees those behind them
    more = now if len(in_line) >= _LOOK else None
    return Step(wake_at=_wake(session, lease, now, more))


def look_again(session: Session, account_id: int, *, now: datetime) -> int:
    """The rules changed: let what they hold by chat be decided anew, at once."""
    return changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.account_id == account_id,
            MESSAGES.c.status == Status.PENDING,
            MESSAGES.c.hold_rule.in_(_OF_A_CHAT),
            MESSAGES.c.due_at > now,
        )
        .values(due_at=now),
    )


def heard_from(
    session: Session, wedding_id: int, chat_ids: Collection[str], *, now: datetime
) -> int:
    """The person behind these chats wrote: let what waits for them be decided anew."""
    return changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.wedding_id == wedding_id,
            MESSAGES.c.chat_id.in_(chat_ids),
            MESSAGES.c.status == Status.PENDING,
            MESSAGES.c.hold_rule.in_(_OF_A_CHAT),
            MESSAGES.c.due_at > now,
        )
        .values(due_at=now),
    )


def _anything_waits(session: Session, account_id: int) -> bool:
    found = session.execute(
        sa.select(MESSAGES.c.id)
        .where(MESSAGES.c.account_id == account_id, MESSAGES.c.status == Status.PENDING)
        .limit(1)
    )
    return found.first() is not None


def _line(
    session: Session, account_id: int, now: datetime
) -> tuple[Sequence[QueueMessage], Sequence[QueueMessage]]:
    """The first that are forced, and the first that are due or wait for the account."""
    may = sa.or_(
        col(QueueMessage.due_at) <= now,
        col(QueueMessage.hold_rule).in_([rule.value for rule in ACCOUNT_RULES]),
    )
    waiting = select(QueueMessage).where(
        col(QueueMessage.account_id) == account_id,
        col(QueueMessage.status) == Status.PENDING,
    )
    forced = waiting.where(col(QueueMessage.forced_at).is_not(None)).order_by(
        col(QueueMessage.forced_at), col(QueueMessage.id)
    )
    in_line = waiting.where(may, col(QueueMessage.forced_at).is_(None)).order_by(
        col(QueueMessage.priority), col(QueueMessage.queue_at), col(QueueMessage.id)
    )
    return (
        session.exec(forced.limit(_LOOK)).all(),
        session.exec(in_line.limit(_LOOK)).all(),
    )


def _wake(
    session: Session, lease: Lease, now: datetime, until: datetime | None
) -> datetime | None:
    """The next moment at which something may change by itself."""
    due = session.exec(
        select(sa.func.min(QueueMessage.due_at)).where(
            QueueMessage.account_id == lease.account_id,
            QueueMessage.status == Status.PENDING,
            QueueMessage.due_at > now,
        )
    ).one()
    return min((moment for moment in (due, until) if moment), default=None)


def _skipped_instead(
    session: Session, message: QueueMessage, now: datetime, *, paused: bool
) -> bool:
    """Skip what must not go any more: too late, not wanted, its consent revoked.

    A consent that ended may come back while the account is `paused`: another number
    had logged in.
    """
    if message.expires_at is not None and message.expires_at <= now:
        reason = SkipReason.EXPIRED
    elif wants_none(session, message.wedding_id, {message.chat_id}):
        reason = SkipReason.OPTED_OUT
    elif not paused and _revoked(session, message.consent_id):
        reason = SkipReason.CONSENT_REVOKED
    else:
        return False
    skip_pending(session, message, reason, now=now)
    return True


def _revoked(session: Session, consent_id: int) -> bool:
    found = session.exec(
        select(Consent.revoked_at).where(Consent.id == consent_id)
    ).one()
    return found is not None


def _hold(session: Session, message: QueueMessage, hold: Hold, now: datetime) -> None:
    """Let it wait: `due_at` moves, no try and no failure counted; logged once."""
    due = hold.until or (message.due_at if hold.account_wide else now + _ASK_AGAIN)
    params = {**hold.params, "reason": hold.rule.value}
    if hold.until is not None:
        params["next_slot_at"] = hold.until.isoformat()
    begins = message.hold_rule != hold.rule
    if not begins and (message.due_at, message.hold_params) == (due, params):
        return
    if not change_pending(
        session,
        message,
        due_at=due,
        hold_rule=hold.rule.value,
        hold_params=params,
    ):
        return
    if begins:
        events.end_waits(session, row_id(message), at=now)
        message_event(session, message, Phase.WAITING_RATE_LIMIT, now, params)


def _claim(
    session: Session, message: QueueMessage, lease: Lease, go: Go, now: datetime
) -> Claim | None:
    """Take the message: `attempt` grows, and only this lease may go on with it."""
    taken = changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == message.id,
            MESSAGES.c.status == Status.PENDING,
            MESSAGES.c.attempt == message.attempt,
            sa.exists().where(*mine(lease)),
        )
        .values(
            status=Status.PROCESSING.value,
            attempt=message.attempt + 1,
            worker=lease.owner,
            # the hold it waited for may have ended early: it is due now, come what may
            due_at=min(message.due_at, now),
            dispatched_at=None,
            **FREE,
        ),
    )
    if not taken:
        return None
    claim = Claim.of(message, lease, now)
    open_attempt(session, claim)
    events.end_waits(session, claim.message_id, at=now)
    counted = {"sent_count": go.sent_count, "limit": go.limit}
    claim_event(
        session,
        claim,
        Phase.RATE_LIMIT_OK,
        now,
        {**counted, "rate_limit_remaining": go.remaining},
        duration_ms=0,
    )
    return claim
