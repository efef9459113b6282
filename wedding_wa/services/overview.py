"""services: what the overview tells: what is still to do, and what needs a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.account import AccountStatus, is_ready
from wedding_wa.domain.forecast import done_about
from wedding_wa.models import Account, InboundMessage, QueueCounter
from wedding_wa.services import hearing
from wedding_wa.services.history import situation
from wedding_wa.services.lately import Line, newest_messages
from wedding_wa.services.notices import NoticeView, ended_notices
from wedding_wa.services.soon import going_soon

# Counters that need a person, the most urgent first.
_PROBLEMS = ("unconfirmed", "failed", "refused")
_ARRIVED = ("delivered", "read")

# In these WAHA itself has not answered (any more).
_NO_ANSWER = frozenset(
    {
        AccountStatus.UNKNOWN,
        AccountStatus.UNREACHABLE,
        AccountStatus.BAD_KEY,
        AccountStatus.NOT_CONFIGURED,
    }
)
# So many notices that are over are told.
_ENDED = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One tick of the first evening: `key` is waha, groom, bride, wrote or arrived."""

    key: str
    done: bool


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that needs a person, beside the notices. `what` is a counter's name,
    or deaf."""

    what: str
    account: str = ""
    n: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """When the sending of one account will be done; `done_at` is a forecast."""

    key: str
    linked: bool
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """`steps` is empty once all are done: then nobody needs them any more."""

    steps: tuple[Step, ...]
    concerns: tuple[Concern, ...]
    plans: tuple[Plan, ...]
    newest: tuple[Line, ...]
    ended: tuple[NoticeView, ...]


def overview(session: Session, wedding_id: int, *, now: datetime) -> Overview:
    """Read it all from the rows as they are; nothing here is remembered by itself."""
    accounts = session.exec(
        select(Account)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.key).desc())  # groom, bride
    ).all()
    counters = _counters(session, accounts)
    steps = _steps(session, accounts, counters)
    return Overview(
        steps=() if all(step.done for step in steps) else steps,
        concerns=_concerns(session, accounts, counters),
        plans=tuple(_plan(session, one, now) for one in accounts),
        newest=tuple(newest_messages(session, wedding_id, now=now)),
        ended=tuple(ended_notices(session, wedding_id, limit=_ENDED)),
    )


_Counters = dict[tuple[int | None, str], int]


def _counters(session: Session, accounts: Sequence[Account]) -> _Counters:
    rows = session.exec(
        select(QueueCounter).where(
            col(QueueCounter.account_id).in_([one.id for one in accounts])
        )
    ).all()
    return defaultdict(int, {(row.account_id, row.bucket): row.n for row in rows})


def _total(counters: _Counters, buckets: Sequence[str]) -> int:
    return sum(n for (_, bucket), n in counters.items() if bucket in buckets)


def _steps(
    session: Session, accounts: Sequence[Account], counters: _Counters
) -> tuple[Step, ...]:
    scanned = [Step(one.key, one.phone is not None) for one in accounts]
    answers = [one.status not in _NO_ANSWER for one in accounts]
    return (
        Step("waha", all(answers)),
        *scanned,
        Step("wrote", _somebody_wrote(session, accounts)),
        Step("arrived", _total(counters, _ARRIVED) > 0),
    )


def _somebody_wrote(session: Session, accounts: Sequence[Account]) -> bool:
    found = session.exec(
        select(sa.literal(1))
        .where(col(InboundMessage.account_id).in_([one.id for one in accounts]))
        .limit(1)
    ).first()
    return found is not None


def _concerns(
    session: Session, accounts: Sequence[Account], counters: _Counters
) -> tuple[Concern, ...]:
    deaf = [Concern("deaf", one.key) for one in accounts if _is_deaf(session, one)]
    counted = [(what, _total(counters, [what])) for what in _PROBLEMS]
    return (*deaf, *(Concern(what, n=n) for what, n in counted if n))


def _is_deaf(session: Session, account: Account) -> bool:
    assert account.id is not None
    return is_ready(account.status) and hearing.concerned(session, account.id)


def _plan(session: Session, account: Account, now: datetime) -> Plan:
    assert account.id is not None
    soon = going_soon(session, account.id, now=now)
    at = situation(session, account.id)
    return Plan(
        key=account.key,
        linked=account.phone is not None,
        done_at=done_about(now, at.view, at.policy, at.zone, waiting=soon),
    )
