"""services: what the rules must know, read from the tables, so nothing is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from wedding_wa.domain.human import takes_at_most
from wedding_wa.domain.messages import Kind
from wedding_wa.domain.pacing import AccountView, Candidate, Decision, Send, decide
from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.models import (
    Account,
    Consent,
    Evidence,
    HearingGap,
    MessageAttempt,
    Policy,
    QueueMessage,
    Wedding,
)
from wedding_wa.services.between_us import Between, between
from wedding_wa.services.retried import retried

READY = "WORKING"


@dataclass(frozen=True, slots=True)
class Situation:
    """One account at one moment, as `decide` wants it."""

    account: Account
    view: AccountView
    policy: PolicyValue
    zone: ZoneInfo
    deaf: bool

    def decide(self, now: datetime, candidate: Candidate | None) -> Decision:
        """Ask the one decision function; without a candidate: could anything go?"""
        anything = candidate or Candidate(due_at=now, deaf=self.deaf)
        return decide(now, self.view, anything, self.policy, self.zone)


def situation(session: Session, account_id: int) -> Situation:
    """Read what the rules need to know of the account."""
    account, wedding = session.exec(
        select(Account, Wedding)
        .join(Wedding, col(Wedding.id) == col(Account.wedding_id))
        .where(col(Account.id) == account_id)
    ).one()
    limits = policy_of(session, account_id)
    wanted = max(limits.per_hour, limits.per_day, limits.rest_after)
    view = AccountView(
        ready=account.status == READY,
        status=account.status,
        paused=wedding.paused_at is not None or account.paused_at is not None,
        sends=_sends(session, [account_id], wanted),
        sibling=next(iter(_sends(session, _siblings(session, account), 1)), None),
        linked_at=account.linked_at,
        restored=account.restored_from is not None,
        busy_until=account.busy_until,
    )
    return Situation(
        account, view, limits, ZoneInfo(wedding.time_zone), _deaf(session, account_id)
    )


def candidate(session: Session, message: QueueMessage, at: Situation) -> Candidate:
    """Read what the rules need to know of one message and its chat."""
    return candidates(session, [message], at)[0]


def candidates(
    session: Session, messages: Sequence[QueueMessage], at: Situation
) -> list[Candidate]:
    """`candidate` for several messages of one account, in a few queries for all."""
    chats = {message.chat_id for message in messages}
    known = between(session, at.account.wedding_id, chats)
    own = _own_consents(session, messages)
    again = retried(session, at.account.id or 0, messages)
    return [
        _candidate(
            message,
            known[message.chat_id],
            at,
            own_number=message.consent_id in own,
            behind_until=again.before(message),
        )
        for message in messages
    ]


def _candidate(
    message: QueueMessage,
    past: Between,
    at: Situation,
    *,
    own_number: bool,
    behind_until: datetime | None,
) -> Candidate:
    by_hand = message.kind == Kind.REPLY
    return Candidate(
        due_at=message.due_at,
        hold_rule=message.hold_rule,
        aside=message.held_at is not None,
        behind_until=behind_until,
        takes_seconds=takes_at_most(message.text, at.policy),
        forced=message.forced_at is not None,
        own_number=own_number,
        by_hand=by_hand,
        answers=by_hand and past.their_turn_was_last,
        last_to_chat=past.last_to,
        unanswered=past.unanswered,
        human_at=past.human_at,
        deaf=at.deaf,
        restricted_until=None if past.sends else at.account.restricted_until,
    )


def policy_of(session: Session, account_id: int) -> PolicyValue:
    """The account's limits; the defaults where none were ever saved."""
    row = session.get(Policy, account_id)
    return row.value() if row else PolicyValue()


def explain(
    session: Session, message: QueueMessage, at: Situation, now: datetime
) -> Decision:
    """Say why `message` does not go now: the answer that the worker would get."""
    return at.decide(now, candidate(session, message, at))


def _sends(session: Session, account_ids: list[int], limit: int) -> tuple[Send, ...]:
    tries = session.exec(
        select(MessageAttempt)
        .where(
            col(MessageAttempt.account_id).in_(account_ids),
            col(MessageAttempt.counts).is_(True),
        )
        .order_by(col(MessageAttempt.dispatched_at).desc())
        .limit(limit)
    ).all()
    sends = [
        Send(ended, one.gap_seconds, one.sibling_seconds, one.rest_seconds)
        for one in tries
        if (ended := one.finished_at or one.dispatched_at) is not None
    ]
    return tuple(sorted(sends, key=lambda send: send.at, reverse=True))


def _siblings(session: Session, account: Account) -> list[int]:
    ids = session.exec(
        select(Account.id).where(
            Account.wedding_id == account.wedding_id, Account.id != account.id
        )
    ).all()
    return [i for i in ids if i is not None]


def _own_consents(session: Session, messages: Sequence[QueueMessage]) -> set[int]:
    """The consents among these messages' that are the account's own number."""
    found = session.exec(
        select(Consent.id).where(
            col(Consent.id).in_({message.consent_id for message in messages}),
            col(Consent.source) == Evidence.OWN_NUMBER,
        )
    ).all()
    return {consent for consent in found if consent is not None}


def _deaf(session: Session, account_id: int) -> bool:
    found = session.exec(
        select(HearingGap.id).where(
            HearingGap.account_id == account_id, col(HearingGap.closed_at).is_(None)
        )
    ).first()
    return found is not None
