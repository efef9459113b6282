"""services: the figures of a wedding in one look, for programs: what the strip, the
overview and the activation page count. The counters are kept by the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain import warmup
from wedding_wa.domain.guests import Stage
from wedding_wa.domain.pacing import DAY, HOUR, Hold
from wedding_wa.models import BUCKETS, Account, QueueCounter
from wedding_wa.services import activation
from wedding_wa.services.activation import Count
from wedding_wa.services.history import Situation, situation
from wedding_wa.services.overview import Concern, Overview, Step, overview
from wedding_wa.services.strip import AccountFigures, Strip, strip


@dataclass(frozen=True, slots=True)
class Sent:
    """How many went within a span, of how many that may."""

    sent: int
    limit: int


@dataclass(frozen=True, slots=True)
class AccountStats:
    """One account. `rule` is what holds it now, None while something could go;
    `buckets` counts its messages by where they are, every bucket named."""

    figures: AccountFigures
    linked: bool
    hour: Sent
    day: Sent
    rule: str | None
    buckets: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stats:
    """A wedding's figures. `steps` is empty once all are done."""

    paused: bool
    unread: int
    accounts: tuple[AccountStats, ...]
    steps: tuple[Step, ...]
    concerns: tuple[Concern, ...]
    stages: Mapping[Stage, Count]


def stats(session: Session, wedding_id: int, *, now: datetime) -> Stats:
    """Read all figures."""
    head: Strip = strip(session, wedding_id, now=now)
    plan: Overview = overview(session, wedding_id, now=now)
    linked = {one.key: one.linked for one in plan.plans}
    ids = _ids(session, wedding_id)
    return Stats(
        paused=head.paused,
        unread=head.unread,
        accounts=tuple(
            _account(session, ids[one.key], one, linked[one.key], now)
            for one in head.accounts
        ),
        steps=plan.steps,
        concerns=plan.concerns,
        stages=activation.counts(session, wedding_id, activation.Wish()),
    )


def _account(
    session: Session,
    account_id: int,
    figures: AccountFigures,
    linked: bool,
    now: datetime,
) -> AccountStats:
    at = situation(session, account_id)
    decision = at.decide(now, None)
    return AccountStats(
        figures=figures,
        linked=linked,
        hour=Sent(_sent(at, now, HOUR), at.policy.per_hour),
        day=Sent(_sent(at, now, DAY), _a_day(at, now)),
        rule=decision.rule if isinstance(decision, Hold) else None,
        buckets=_buckets(session, account_id),
    )


def _sent(at: Situation, now: datetime, span: timedelta) -> int:
    return sum(1 for send in at.view.sends if send.at > now - span)


def _a_day(at: Situation, now: datetime) -> int:
    """What may go in a day: less while a new number warms up."""
    young = warmup.daily_limit(at.policy, at.view.linked_at, now)
    return at.policy.per_day if young is None else min(young, at.policy.per_day)


def _buckets(session: Session, account_id: int) -> dict[str, int]:
    rows = session.exec(
        select(QueueCounter.bucket, sa.func.sum(QueueCounter.n))
        .where(col(QueueCounter.account_id) == account_id)
        .group_by(QueueCounter.bucket)
    ).all()
    return {**dict.fromkeys(BUCKETS, 0), **{bucket: int(n) for bucket, n in rows}}


def _ids(session: Session, wedding_id: int) -> dict[str, int]:
    rows = session.exec(
        select(Account.key, Account.id).where(Account.wedding_id == wedding_id)
    ).all()
    return {key: account_id for key, account_id in rows if account_id is not None}
