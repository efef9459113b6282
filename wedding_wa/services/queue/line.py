"""services: the queue's line: who is next, who must wait, who is claimed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from wedding_wa.domain.messages import HoldRule, Phase, SkipReason, Status
from wedding_wa.domain.pacing import ACCOUNT_RULES, Go, Hold
from wedding_wa.models import Account, Consent, QueueMessage
from wedding_wa.services import events
from wedding_wa.services.failpoints import reach
from wedding_wa.services.history import candidate, situation
from wedding_wa.services.lease import Lease, confirm, mine
from wedding_wa.services.queue.aside import note_alive
from wedding_wa.services.queue.leave import skip_expired, skip_pending
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
from wedding_wa.services.queue.wrong_clock import put_right
from wedding_wa.services.sql import changed
from wedding_wa.services.wishes import wants_none

_LOOK = 50
# Each fifth turn belongs to whoever has waited longest, so that those of low priority
# move on however many urgent ones come.
_ELDERS_TURN = 5
_ELDER_AFTER = timedelta(minutes=10)
_PRIORITIES = range(1, 6)
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


def next_step(
    session: Session, lease: Lease, *, now: datetime, retries_only: bool = False
) -> Step | None:
    """Decide, then claim the first message that may go, in one transaction.

    Order: forced, priority, place in the line, id; each fifth turn belongs to whoever
    has waited longest. A message that must wait is held (`due_at` moves, its place
    does not); a rule that binds the whole account ends the search. `retries_only`:
    only messages of which a try has failed. None: the lease is lost; nothing was
    touched.
    """
    if not confirm(session, lease):
        return None
    if not _anything_waits(session, lease.account_id):
        return Step()  # every change brings us here: mostly there is nothing to send
    note_alive(session, lease.account_id, now=now)
    skip_expired(session, lease.account_id, now=now)
    put_right(session, lease.account_id, now=now)
    place = situation(session, lease.account_id)
    forced, in_line = _line(session, lease.account_id, now, retries_only=retries_only)
    elder = None if retries_only else _elder(session, place.account, now)
    for message in _each_once(*forced, elder, *in_line):
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
    _after_the_worker(session, col(Account.id) == account_id)
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
    _after_the_worker(session, col(Account.wedding_id) == wedding_id)
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


def _after_the_worker(session: Session, which: sa.ColumnElement[bool]) -> None:
    """Wait until a worker that decides just now has written what it holds: it could not
    know yet, and nobody would ask again for an hour."""
    session.exec(
        select(Account.id)
        .where(which)
        .order_by(col(Account.id))
        .with_for_update(key_share=True)
    ).all()


def _anything_waits(session: Session, account_id: int) -> bool:
    found = session.execute(
        sa.select(MESSAGES.c.id)
        .where(MESSAGES.c.account_id == account_id, MESSAGES.c.status == Status.PENDING)
        .limit(1)
    )
    return found.first() is not None


def _each_once(*messages: QueueMessage | None) -> list[QueueMessage]:
    return list({row_id(one): one for one in messages if one is not None}.values())


def _in_line(account_id: int, now: datetime) -> SelectOfScalar[QueueMessage]:
    """What is due or waits for its account, and nobody set aside or sent ahead."""
    may = sa.or_(
        col(QueueMessage.due_at) <= now,
        col(QueueMessage.hold_rule).in_([rule.value for rule in ACCOUNT_RULES]),
    )
    return select(QueueMessage).where(
        col(QueueMessage.account_id) == account_id,
        col(QueueMessage.status) == Status.PENDING,
        col(QueueMessage.held_at).is_(None),
        col(QueueMessage.forced_at).is_(None),
        may,
    )


def _line(
    session: Session, account_id: int, now: datetime, *, retries_only: bool
) -> tuple[Sequence[QueueMessage], Sequence[QueueMessage]]:
    """The first that are forced, and the first that are due or wait for the account."""
    forced = (
        select(QueueMessage)
        .where(
            col(QueueMessage.account_id) == account_id,
            col(QueueMessage.status) == Status.PENDING,
            col(QueueMessage.forced_at).is_not(None),
        )
        .order_by(col(QueueMessage.forced_at), col(QueueMessage.id))
    )
    in_line = _in_line(account_id, now).order_by(
        col(QueueMessage.priority), col(QueueMessage.queue_at), col(QueueMessage.id)
    )
    if retries_only:
        forced, in_line = (
            one.where(col(QueueMessage.failures) > 0) for one in (forced, in_line)
        )
    return (
        session.exec(forced.limit(_LOOK)).all(),
        session.exec(in_line.limit(_LOOK)).all(),
    )


def _elder(session: Session, account: Account, now: datetime) -> QueueMessage | None:
    """Whose turn it is for having waited longest; None on all other turns."""
    if account.turns % _ELDERS_TURN != _ELDERS_TURN - 1:
        return None
    waiting = _in_line(account.id or 0, now).where(
        col(QueueMessage.queue_at) <= now - _ELDER_AFTER
    )
    firsts = [
        session.exec(
            waiting.where(col(QueueMessage.priority) == priority)
            .order_by(col(QueueMessage.queue_at), col(QueueMessage.id))
            .limit(1)
        ).first()
        for priority in _PRIORITIES
    ]
    return min(
        (one for one in firsts if one is not None),
        key=lambda one: (one.queue_at, row_id(one)),
        default=None,
    )


def _wake(
    session: Session, lease: Lease, now: datetime, until: datetime | None
) -> datetime | None:
    """The next moment at which something may change by itself."""
    waiting = (
        col(QueueMessage.account_id) == lease.account_id,
        col(QueueMessage.status) == Status.PENDING,
    )
    due = session.exec(
        select(sa.func.min(QueueMessage.due_at)).where(
            *waiting, QueueMessage.due_at > now, col(QueueMessage.held_at).is_(None)
        )
    ).one()
    late = session.exec(
        select(sa.func.min(QueueMessage.expires_at)).where(
            *waiting, col(QueueMessage.expires_at) > now
        )
    ).one()
    return min((moment for moment in (due, late, until) if moment), default=None)


def _skipped_instead(
    session: Session, message: QueueMessage, now: datetime, *, paused: bool
) -> bool:
    """Skip what must not go any more: not wanted, its consent revoked.

    A consent that ended may come back while the account is `paused`: another number
    had logged in.
    """
    if wants_none(session, message.wedding_id, {message.chat_id}):
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
    params = {**hold.params, "reason": hold.rule.value}
    if hold.until is not None:
        params["next_slot_at"] = hold.until.isoformat()
    begins = message.hold_rule != hold.rule
    # one that is forced is asked at each look: what is written then would be heard,
    # and bring on the next look
    stays = hold.account_wide or (not begins and message.due_at > now)
    due = hold.until or (message.due_at if stays else now + _ASK_AGAIN)
    if not begins and (message.due_at, message.hold_params) == (due, params):
        return
    if not change_pending(
        session,
        message,
        MESSAGES.c.held_at.is_(None),
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
            # a person may have held it, or changed its words, since it was read
            MESSAGES.c.held_at.is_(None),
            MESSAGES.c.text == message.text,
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
    _count_turn(session, lease.account_id)
    open_attempt(session, claim)
    events.end_waits(session, claim.message_id, at=now)
    reach("claiming")
    room = {
        "sent_count": go.sent_count,
        "limit": go.limit,
        "rate_limit_remaining": go.remaining,
    }
    claim_event(session, claim, Phase.RATE_LIMIT_OK, now, room, duration_ms=0)
    return claim


def _count_turn(session: Session, account_id: int) -> None:
    turns = col(Account.turns)
    changed(
        session,
        sa.update(Account).where(col(Account.id) == account_id).values(turns=turns + 1),
    )
