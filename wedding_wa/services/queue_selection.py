"""services: what somebody has selected in the queue, and what can be done with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import HoldRule, Status
from wedding_wa.models import Account, QueueCounter
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.queue_bulk import (
    CAN,
    VALUES,
    What,
    of_these,
    parts,
    select_ids,
    still_possible,
)
from wedding_wa.services.queue_list import Wish, matching

# Among what can be done: sending now, which is for one message only.
FORCE = "force"
# Figures of a long list stop here: nobody counts on.
MANY = 10_000
_FORCEABLE = sa.and_(
    MESSAGES.c.status == Status.PENDING, MESSAGES.c.forced_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom an order is for: `ids`, or with `wish` all that it lists on every page."""

    ids: tuple[int, ...] = ()
    wish: Wish | None = None


NOBODY = Chosen()


@dataclass(frozen=True, slots=True)
class Selected:
    """How many are selected, and with how many of them each order can be done."""

    n: int
    able: Mapping[str, int]


def selected(session: Session, wedding_id: int, chosen: Chosen) -> Selected:
    """Count what is selected. Costs nothing where nothing is."""
    if chosen.wish is not None:
        return _all_of(session, wedding_id, chosen.wish)
    if not chosen.ids:
        return Selected(0, {})
    able: Counter[str] = Counter()
    for some in parts(chosen.ids, VALUES):
        able.update(_able(session, of_these(wedding_id, some)))
    del able["n"]
    return Selected(len(chosen.ids), +able)


def frozen(
    session: Session, wedding_id: int, chosen: Chosen, what: What
) -> tuple[int, ...]:
    """Return the messages that `what` would change now, in the order of the line."""
    if chosen.wish is None:
        return tuple(still_possible(session, wedding_id, chosen.ids, what))
    accounts = accounts_of(session, wedding_id)
    return tuple(select_ids(session, wedding_id, accounts, chosen.wish, what=what))


def retryable_ids(
    session: Session, wedding_id: int, account: str | None = None
) -> tuple[int, ...]:
    """Return the failed messages that another try may help, of one account or all."""
    failed = Wish(state=Status.FAILED)
    accounts = accounts_of(session, wedding_id, account)
    return tuple(select_ids(session, wedding_id, accounts, failed, what=What.RETRY))


def accounts_of(
    session: Session, wedding_id: int, key: str | None = None
) -> Sequence[int]:
    """Return the ids of the wedding's accounts, or of the one with this key."""
    which = select(Account.id).where(Account.wedding_id == wedding_id)
    if key is not None:
        which = which.where(Account.key == key)
    return [account_id for account_id in session.exec(which) if account_id is not None]


def how_many_aside(
    session: Session, accounts: Sequence[int], rule: HoldRule | None = None
) -> int:
    """Return how many messages `rule`, or anything, has set aside."""
    # the index of what is set aside holds nothing else
    statement = sa.select(sa.func.count()).where(
        MESSAGES.c.account_id.in_(accounts), MESSAGES.c.held_at.is_not(None)
    )
    if rule is not None:
        statement = statement.where(MESSAGES.c.hold_rule == rule)
    return int(session.execute(statement).scalar_one())


def _all_of(session: Session, wedding_id: int, wish: Wish) -> Selected:
    accounts = accounts_of(session, wedding_id)
    if wish.search or wish.rule:
        conditions = matching(wedding_id, accounts, wish)
        able = Counter(_able(session, conditions))
        return Selected(able.pop("n", 0), +able)
    return _by_counters(session, wedding_id, accounts, wish.state)


def _by_counters(
    session: Session, wedding_id: int, accounts: Sequence[int], state: str
) -> Selected:
    """A whole state, or everything: by the counters, so that it costs no rows."""
    rows = session.exec(
        select(QueueCounter.bucket, sa.func.sum(QueueCounter.n))
        .where(col(QueueCounter.account_id).in_(accounts))
        .group_by(QueueCounter.bucket)
    )
    counts = Counter({b: int(n) for b, n in rows if state in ("", b)})
    waits = counts["waiting"] + counts["held"]
    aside = how_many_aside(session, accounts) if counts["held"] else 0
    in_hand = counts["processing"]
    able = {
        What.CANCEL: waits + in_hand,
        What.HOLD: waits + in_hand - aside,
        What.RELEASE: aside,
        What.PRIORITY: waits,
        What.RETRY: _retryable(session, wedding_id) if counts["failed"] else 0,
    }
    return Selected(
        sum(counts.values()), {what.value: n for what, n in able.items() if n > 0}
    )


def _retryable(session: Session, wedding_id: int) -> int:
    failed = (
        sa.select(MESSAGES.c.id)
        .where(MESSAGES.c.wedding_id == wedding_id, CAN[What.RETRY])
        .limit(MANY)
        .subquery()
    )
    return int(
        session.execute(sa.select(sa.func.count()).select_from(failed)).scalar_one()
    )


def _able(
    session: Session, conditions: Sequence[sa.ColumnElement[bool]]
) -> dict[str, int]:
    """Per order how many of these it can change, and `n`, how many they are."""
    counted = {
        "n": sa.func.count(),
        FORCE: _how_often(_FORCEABLE),
        **{what.value: _how_often(can) for what, can in CAN.items()},
    }
    row = session.execute(
        sa.select(*[column.label(name) for name, column in counted.items()])
        .select_from(MESSAGES)
        .where(*conditions)
    ).one()
    return {name: int(value or 0) for name, value in row._mapping.items()}


def _how_often(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))
