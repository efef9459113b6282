"""services: why waiting messages wait, by the one decision function the worker obeys.

Asked once per account, then per message without further queries.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import HoldRule, Status
from wedding_wa.domain.pacing import ACCOUNT_RULES, Decision, Go, Hold
from wedding_wa.models import QueueMessage
from wedding_wa.services.history import Situation, candidates, situation
from wedding_wa.services.queue.rows import MESSAGES, row_id

# The line is looked at no further: "1000 before it" is far away in any case.
LINE_REACH = 1000
_HEADS = 10
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Place = tuple[int, datetime, int]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a message waits. `words` makes the sentence.

    `rule` None: nothing holds it but its place. `until` None: only a change frees it.
    `before` is how many of its account go first (at most LINE_REACH), None where a
    rule of its own holds it.
    """

    account: str
    rule: HoldRule | None
    until: datetime | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    before: int | None = None


class Reasons:
    """Explains waiting messages at one moment; reads each account once."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._situations: dict[int, Situation] = {}
        self._lines: dict[int, list[Place]] = {}

    def of(self, messages: Iterable[QueueMessage]) -> dict[int, Why]:
        """Return the reason of each waiting message in `messages`, by its id."""
        waiting = [m for m in messages if m.status == Status.PENDING]
        accounts = {message.account_id for message in waiting}
        return {
            row_id(message): why
            for account_id in accounts
            for message, why in self._of_account(
                account_id, [m for m in waiting if m.account_id == account_id]
            )
        }

    def next_of(self, account_id: int, line: Sequence[QueueMessage]) -> int | None:
        """Return which of `line`'s messages goes next: its index, None if `line` is
        empty. As the worker does, those that only their own rule holds are passed by.
        """
        decided = [decision for _, decision in self._decide(account_id, line)]
        for index, decision in enumerate(decided):
            if isinstance(decision, Go) or decision.account_wide:
                return index
        ends = [d.until for d in decided if isinstance(d, Hold) and d.until]
        soonest = min(ends, default=None)
        return next(
            (
                index
                for index, decision in enumerate(decided)
                if isinstance(decision, Hold) and decision.until == soonest
            ),
            None,
        )

    def _of_account(
        self, account_id: int, messages: Sequence[QueueMessage]
    ) -> list[tuple[QueueMessage, Why]]:
        at = self._situation(account_id)
        return [
            (message, self._why(at, message, decision))
            for message, decision in self._decide(account_id, messages)
        ]

    def _decide(
        self, account_id: int, messages: Sequence[QueueMessage]
    ) -> list[tuple[QueueMessage, Decision]]:
        at = self._situation(account_id)
        asked = candidates(self._session, messages, at)
        return [
            (message, at.decide(self._now, candidate))
            for message, candidate in zip(messages, asked, strict=True)
        ]

    def _why(self, at: Situation, message: QueueMessage, decision: Decision) -> Why:
        account = at.account.key
        if isinstance(decision, Go):
            return Why(account, None, before=self._before(message))
        rule = _stored_rule(message, decision)
        params = {**_stored_params(message, rule), **decision.params}
        if rule is HoldRule.PAUSED and at.account.paused_at is not None:
            params["by"] = at.account.pause_reason or "person"
        before = self._before(message) if rule in ACCOUNT_RULES else None
        return Why(account, rule, decision.until, params, before)

    def _before(self, message: QueueMessage) -> int:
        if message.forced_at is not None:
            return 0
        if message.account_id not in self._lines:
            self._lines[message.account_id] = _line(
                self._session, message.account_id, self._now
            )
        return bisect_left(self._lines[message.account_id], _place(message))

    def _situation(self, account_id: int) -> Situation:
        if account_id not in self._situations:
            self._situations[account_id] = situation(self._session, account_id)
        return self._situations[account_id]


def due(now: datetime) -> sa.ColumnElement[bool]:
    """The condition that a message's own time has come: it waits for its account."""
    waits_for_account = MESSAGES.c.hold_rule.in_([rule.value for rule in ACCOUNT_RULES])
    return sa.and_(
        MESSAGES.c.held_at.is_(None),
        sa.or_(MESSAGES.c.due_at <= now, waits_for_account),
    )


def _line(session: Session, account_id: int, now: datetime) -> list[Place]:
    """The places of the account's line, in order. Bounded, and by an index."""
    rows = session.execute(
        sa.select(MESSAGES.c.priority, MESSAGES.c.queue_at, MESSAGES.c.id)
        .where(
            MESSAGES.c.account_id == account_id,
            MESSAGES.c.status == Status.PENDING,
            due(now),
        )
        .order_by(MESSAGES.c.priority, MESSAGES.c.queue_at, MESSAGES.c.id)
        .limit(LINE_REACH)
    ).all()
    return [(priority, queue_at, i) for priority, queue_at, i in rows]


def _place(message: QueueMessage) -> Place:
    return (message.priority, message.queue_at, row_id(message))


def _stored_rule(message: QueueMessage, hold: Hold) -> HoldRule:
    """`decide` calls any later `due_at` scheduled; the row knows what moved it."""
    if hold.rule is HoldRule.SCHEDULED and message.hold_rule in list(HoldRule):
        return HoldRule(message.hold_rule)
    return hold.rule


def _stored_params(message: QueueMessage, rule: HoldRule) -> Mapping[str, object]:
    return message.hold_params if message.hold_rule == rule else {}


def heads(session: Session, account_id: int, now: datetime) -> list[QueueMessage]:
    """The first few of an account's line: forced, then due, else what is due first."""
    waiting = sa.and_(
        col(QueueMessage.account_id) == account_id,
        col(QueueMessage.status) == Status.PENDING,
        col(QueueMessage.held_at).is_(None),
    )
    # By `due_at` although any will do: that leads to the index of what waits.
    forced = select(QueueMessage).where(
        waiting,
        col(QueueMessage.due_at) > _LONG_AGO,
        col(QueueMessage.forced_at).is_not(None),
    )
    in_line = select(QueueMessage).where(waiting, due(now))
    later = select(QueueMessage).where(waiting, col(QueueMessage.due_at) > now)
    ordered = (
        forced.order_by(col(QueueMessage.forced_at), col(QueueMessage.id)),
        in_line.order_by(
            col(QueueMessage.priority), col(QueueMessage.queue_at), col(QueueMessage.id)
        ),
        later.order_by(col(QueueMessage.due_at), col(QueueMessage.id)),
    )
    for statement in ordered:
        found = session.exec(statement.limit(_HEADS)).all()
        if found:
            return list(found)
    return []
