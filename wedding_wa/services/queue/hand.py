"""services: a message in a worker's hands: its phases, the mark, its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.human import HumanPlan
from wedding_wa.domain.messages import HoldRule, Kind, Outcome, Phase, Status
from wedding_wa.domain.pacing import Hold
from wedding_wa.domain.windows import next_open
from wedding_wa.models import Account, Chat, Consent, HearingGap, Wedding
from wedding_wa.services import events
from wedding_wa.services.chat_lines import note_outbound
from wedding_wa.services.failpoints import reach
from wedding_wa.services.history import policy_of
from wedding_wa.services.lease import confirm
from wedding_wa.services.queue.rows import (
    ATTEMPTS,
    FREE,
    MESSAGES,
    Claim,
    claim_event,
    count_failures,
    end_attempt,
    held,
)
from wedding_wa.services.same_person import chats_of_person
from wedding_wa.services.sql import changed
from wedding_wa.services.wishes import wants_none


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a try brought no id: the error's code and, if any answer came, its status.

    `pause`: WAHA asked to be left alone for so long, by the whole account.
    """

    code: str
    http_status: int | None = None
    pause: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Ending:
    """How the message leaves the worker's hands."""

    status: Status
    outcome: Outcome
    phase: Phase | None
    values: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    counts: bool | None = None
    fault: Fault = Fault("")


def begin_phase(
    session: Session,
    claim: Claim,
    phase: Phase,
    *,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> int | None:
    """Write that the message in hand enters `phase`; None if it is not ours."""
    ours = session.execute(sa.select(MESSAGES.c.id).where(*held(claim))).scalar()
    return None if ours is None else claim_event(session, claim, phase, now, data)


def mark_dispatched(
    session: Session,
    claim: Claim,
    *,
    reserved_id: str | None,
    plan: HumanPlan,
    now: datetime,
) -> int | None:
    """Write durably that the message is about to go; only then may it be posted.

    Returns the id of the `sending` event. None: it is not ours any more, was
    cancelled, its consent was revoked, the guest wants no more, it is too late,
    sending was paused, the sending hours are over, one of the couple has begun to type
    to them on the phone, or the account may be deaf to what the guest wrote meanwhile.
    """
    if wants_none(session, claim.wedding_id, {claim.chat_id}):
        return None
    if not (claim.forced or _open(session, claim, now)):
        return None
    marked = confirm(session, claim.lease) and changed(
        session,
        sa.update(MESSAGES)
        .where(*held(claim), *_may_still_go(claim, now), _no_hand(session, claim))
        .values(dispatched_at=now, reserved_id=reserved_id),
    )
    if not marked:
        return None
    reach("marking")
    changed(
        session,
        sa.update(ATTEMPTS)
        .where(
            ATTEMPTS.c.message_id == claim.message_id,
            ATTEMPTS.c.attempt == claim.attempt,
        )
        .values(
            dispatched_at=now,
            counts=True,
            gap_seconds=plan.gap,
            sibling_seconds=plan.sibling,
            rest_seconds=plan.rest,
        ),
    )
    return claim_event(session, claim, Phase.SENDING, now, {"reserved_id": reserved_id})


def _open(session: Session, claim: Claim, now: datetime) -> bool:
    """Whether the sending hours go on; reading and typing may have taken long."""
    hours = policy_of(session, claim.account_id).opening_hours
    zone = session.exec(
        select(Wedding.time_zone).where(Wedding.id == claim.wedding_id)
    ).one()
    return next_open(now, hours, ZoneInfo(zone)) == now


def _no_hand(session: Session, claim: Claim) -> sa.ColumnElement[bool]:
    """The condition that none of the couple has typed to the person since the claim:
    human before machine, as `decide` has it. WhatsApp's times are whole seconds."""
    quiet = policy_of(session, claim.account_id).human_hold_seconds
    if claim.kind == Kind.REPLY or not quiet:
        return sa.true()
    people = chats_of_person(session, claim.wedding_id, claim.chat_id)
    typed = sa.exists().where(
        col(Chat.wedding_id) == claim.wedding_id,
        col(Chat.chat_id).in_(people),
        col(Chat.human_at) >= claim.claimed_at.replace(microsecond=0),
    )
    return sa.or_(MESSAGES.c.forced_at.is_not(None), ~typed)


def _may_still_go(claim: Claim, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    paused = sa.or_(
        sa.exists().where(
            col(Wedding.id) == claim.wedding_id, col(Wedding.paused_at).is_not(None)
        ),
        sa.exists().where(
            col(Account.id) == claim.account_id, col(Account.paused_at).is_not(None)
        ),
    )
    revoked = sa.exists().where(
        col(Consent.id) == MESSAGES.c.consent_id, col(Consent.revoked_at).is_not(None)
    )
    deaf = sa.exists().where(
        col(HearingGap.account_id) == claim.account_id,
        col(HearingGap.closed_at).is_(None),
    )
    late = sa.and_(MESSAGES.c.expires_at.is_not(None), MESSAGES.c.expires_at <= now)
    return (~paused, ~revoked, ~deaf, ~late)


def finish_sent(
    session: Session,
    claim: Claim,
    *,
    provider_id: str,
    plan: HumanPlan,
    now: datetime,
) -> bool:
    """WAHA answered with an id: the message is sent.

    The lease may have been lost meanwhile: what was sent is sent.
    """
    ending = _Ending(
        Status.SENT,
        Outcome.SENT,
        Phase.SENT,
        values={
            "provider_message_id": provider_id,
            "ack": sa.func.coalesce(MESSAGES.c.ack, 0),
            "error_code": None,
        },
        data={
            "provider_message_id": provider_id,
            "gap_seconds": round(plan.gap, 1),
        },
    )
    if not _leave(session, claim, ending, now=now, fenced=False):
        return False
    reach("finishing")
    count_failures(session, claim.account_id, None)
    note_outbound(
        session,
        claim.account_id,
        claim.chat_id,
        text=claim.text,
        provider_id=provider_id,
        at=now,
    )
    return True


def release(
    session: Session,
    claim: Claim,
    *,
    outcome: Outcome,
    now: datetime,
    hold: Hold | None = None,
    fault: Fault | None = None,
) -> bool:
    """Put a message that surely did not go back in the line, no failure counted."""
    values: dict[str, object] = {**FREE, "worker": None, "dispatched_at": None}
    data: dict[str, object] = {}
    if hold is not None:
        data = {**hold.params, "reason": hold.rule.value}
        values |= {"hold_rule": hold.rule.value, "hold_params": data}
        values["due_at"] = hold.until or now
    ending = _Ending(
        Status.PENDING,
        outcome,
        Phase.WAITING_RATE_LIMIT if hold else None,
        values,
        data,
        counts=False,
        fault=fault or Fault(""),
    )
    return _leave(session, claim, ending, now=now)


def retry_later(
    session: Session,
    claim: Claim,
    *,
    due_at: datetime,
    fault: Fault,
    now: datetime,
) -> bool:
    """A try failed and others are left: back in the line with a later `due_at`. A force
    was for this try: else the next would wait for no back-off."""
    failures = claim.failures + 1
    reason: dict[str, object] = {"reason": HoldRule.RETRY.value, "error": fault.code}
    ending = _Ending(
        Status.PENDING,
        Outcome.NOT_SENT,
        Phase.RETRY_SCHEDULED,
        values={
            "worker": None,
            "dispatched_at": None,
            "failures": failures,
            "due_at": due_at,
            "forced_at": None,
            "hold_rule": HoldRule.RETRY.value,
            "hold_params": reason,
            "error_code": fault.code,
        },
        data={
            "error_detail": fault.code,
            "http_status": fault.http_status,
            "next_slot_at": due_at.isoformat(),
            "try": failures,
            "max_attempts": claim.max_attempts,
        },
        counts=False,
        fault=fault,
    )
    if not _leave(session, claim, ending, now=now):
        return False
    count_failures(session, claim.account_id, 1)
    _leave_alone(session, claim.account_id, fault, now)
    return True


def finish_failed(
    session: Session,
    claim: Claim,
    *,
    outcome: Outcome,
    fault: Fault,
    now: datetime,
) -> bool:
    """Give the message up: refused for good, or the last try failed."""
    ending = _Ending(
        Status.FAILED,
        outcome,
        Phase.FAILED,
        values={"failures": claim.failures + 1, "error_code": fault.code},
        data={"error_detail": fault.code, "http_status": fault.http_status},
        counts=False,
        fault=fault,
    )
    if not _leave(session, claim, ending, now=now):
        return False
    count_failures(session, claim.account_id, 1)
    _leave_alone(session, claim.account_id, fault, now)
    return True


def _leave_alone(
    session: Session, account_id: int, fault: Fault, now: datetime
) -> None:
    """WAHA limits a number, not a message: those behind wait as well."""
    if fault.pause is not None:
        changed(
            session,
            sa.update(Account)
            .where(col(Account.id) == account_id)
            .values(busy_until=now + fault.pause),
        )


def finish_unconfirmed(
    session: Session, claim: Claim, *, fault: Fault, now: datetime
) -> bool:
    """The answer was lost: nobody knows whether it went. Evidence will settle it."""
    ending = _Ending(
        Status.UNCONFIRMED,
        Outcome.MAYBE_SENT,
        Phase.UNCONFIRMED,
        values={"error_code": fault.code},
        data={"error_detail": fault.code, "http_status": fault.http_status},
        fault=fault,
    )
    return _leave(session, claim, ending, now=now)


def _leave(
    session: Session,
    claim: Claim,
    ending: _Ending,
    *,
    now: datetime,
    fenced: bool = True,
) -> bool:
    """Write status, try and event together; False if the message is not ours."""
    values = dict(ending.values)
    if ending.status is not Status.PENDING:
        values |= {"forced_at": None}
    if ending.status in (Status.SENT, Status.FAILED):
        values |= {"finished_at": now}
    left = changed(
        session,
        sa.update(MESSAGES)
        .where(*held(claim, fenced=fenced))
        .values(status=ending.status.value, **values),
    )
    if not left:
        return False
    events.end_doings(session, claim.message_id, at=now)
    end_attempt(
        session,
        claim.message_id,
        claim.attempt,
        ending.outcome,
        now=now,
        counts=ending.counts,
        http_status=ending.fault.http_status,
        error_code=ending.fault.code or None,
    )
    if ending.phase is not None:
        whole = events.milliseconds(claim.claimed_at, now)
        duration = whole if ending.phase is Phase.SENT else None
        claim_event(
            session, claim, ending.phase, now, ending.data, duration_ms=duration
        )
    return True
