"""services: what the rules must know, read from the tables, so nothing is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

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
    """`candidate` for several messages of one account, in two queries."""
    last = _last_to_chats(session, at.account.wedding_id, messages)
    own = _own_consents(session, messages)
    return [
        Candidate(
            due_at=message.due_at,
            hold_rule=message.hold_rule,
            forced=message.forced_at is not None,
            own_number=message.consent_id in own,
            last_to_chat=last.get(message.chat_id),
            deaf=at.deaf,
            restricted_until=(
                None if message.chat_id in last else at.account.restricted_until
            ),
        )
        for message in messages
    ]


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


def _last_to_chats(
    session: Session, wedding_id: int, messages: Sequence[QueueMessage]
) -> dict[str, datetime]:
    """When these messages' chats were last written to; chats that never were lack."""
    chats = {message.chat_id for message in messages}
    rows = session.exec(
        select(
            col(MessageAttempt.chat_id), sa.func.max(col(MessageAttempt.dispatched_at))
        )
        .where(
            col(MessageAttempt.chat_id).in_(chats),
            col(MessageAttempt.counts).is_(True),
            col(MessageAttempt.wedding_id) == wedding_id,
        )
        .group_by(col(MessageAttempt.chat_id))
    ).all()
    return {chat: last for chat, last in rows if last is not None}


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
