"""services: the limits of both numbers side by side, and what binds now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.pacing import Decision
from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.models import Account
from wedding_wa.services.audit import By
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.history import policy_of, situation
from wedding_wa.services.policies import save_policy


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """One account's limits, and what the worker would be told now."""

    key: str
    policy: PolicyValue
    decision: Decision


def limits(
    session: Session, wedding_id: int, *, now: datetime
) -> tuple[AccountLimits, ...]:
    """Read the limits of the wedding's accounts, by the one decision function."""
    ids = session.exec(
        select(Account.id)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.key).desc())  # groom, bride
    ).all()
    return tuple(_limits(session, account_id or 0, now) for account_id in ids)


def make_same(
    session: Session,
    wedding_id: int,
    *,
    source: str,
    target: str,
    now: datetime,
    by: By = None,
) -> None:
    """Give the account `target` the limits that `source` has."""
    wanted = policy_of(session, account_id_of(session, wedding_id, source))
    _put(session, wedding_id, target, wanted, now, by)


def to_defaults(
    session: Session,
    wedding_id: int,
    key: str,
    *,
    now: datetime,
    by: By = None,
) -> None:
    """Give the account the limits that a new one has."""
    _put(session, wedding_id, key, PolicyValue(), now, by)


def _limits(session: Session, account_id: int, now: datetime) -> AccountLimits:
    at = situation(session, account_id)
    return AccountLimits(at.account.key, at.policy, at.decide(now, None))


def _put(
    session: Session,
    wedding_id: int,
    key: str,
    wanted: PolicyValue,
    now: datetime,
    by: By,
) -> None:
    account_id = account_id_of(session, wedding_id, key)
    before = asdict(policy_of(session, account_id))
    texts = {
        name: str(value)
        for name, value in asdict(wanted).items()
        if value != before[name]
    }
    save_policy(session, account_id, texts, now=now, by=by)
