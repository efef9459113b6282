"""services: the tries of a wedding's messages as records, newest first, by key.

A filter that no index knows is looked for among the next REACH tries: such a page may
hold fewer than PAGE, or none, and others still follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.messages import Outcome
from wedding_wa.models import Account, MessageArchive
from wedding_wa.services.guest_records import cursor
from wedding_wa.services.queue.rows import ATTEMPTS, MESSAGES
from wedding_wa.services.sql import table

PAGE = 100
REACH = 2000
_ACCOUNTS = table(Account)
_ARCHIVE = table(MessageArchive)


@dataclass(frozen=True, slots=True)
class WhichTries:
    """Which tries; None is all. `task_id` names a message."""

    task_id: str | None = None
    account: str | None = None
    outcome: Outcome | None = None


def attempt_records(
    session: Session, wedding_id: int, which: WhichTries, after: str
) -> tuple[Sequence[dict[str, Any]], str]:
    """A page of tries by their columns, with `task_id` and `account` (its key), and
    the cursor to the next, "" at the end.

    Raises BadInput on "after", NotFound for a message that is not there.
    """
    before = cursor(after)
    looked = _looked_at(session, wedding_id, which, before)
    filters = _filters(which)
    rows = session.execute(
        sa.select(
            ATTEMPTS,
            MESSAGES.c.task_id,
            _ACCOUNTS.c.key.label("account"),
        )
        .join(MESSAGES, MESSAGES.c.id == ATTEMPTS.c.message_id)
        .join(_ACCOUNTS, _ACCOUNTS.c.id == ATTEMPTS.c.account_id)
        .where(ATTEMPTS.c.id.in_(sa.select(looked.c.id)), *filters)
        .order_by(ATTEMPTS.c.id.desc())
        .limit(PAGE + 1)
    ).all()
    found = [dict(row._mapping) for row in rows[:PAGE]]
    if len(rows) > PAGE:
        return found, str(found[-1]["id"])
    return found, _end_of(session, looked)


def _looked_at(
    session: Session, wedding_id: int, which: WhichTries, before: int
) -> sa.Subquery:
    conditions = [ATTEMPTS.c.wedding_id == wedding_id]
    if before:
        conditions.append(ATTEMPTS.c.id < before)
    if which.task_id is not None:
        message_id = _message(session, wedding_id, which.task_id)
        conditions.append(ATTEMPTS.c.message_id == message_id)
    return (
        sa.select(ATTEMPTS.c.id)
        .where(*conditions)
        .order_by(ATTEMPTS.c.id.desc())
        .limit(REACH)
        .subquery()
    )


def _filters(which: WhichTries) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if which.account is not None:
        conditions.append(_ACCOUNTS.c.key == which.account)
    if which.outcome is not None:
        conditions.append(ATTEMPTS.c.outcome == which.outcome.value)
    return conditions


def _end_of(session: Session, looked: sa.Subquery) -> str:
    """Where looking ended before the tries did."""
    n, last = session.execute(
        sa.select(sa.func.count(), sa.func.min(looked.c.id))
    ).one()
    return str(last) if n == REACH else ""


def _message(session: Session, wedding_id: int, task_id: str) -> int:
    """The message's number; one that was archived has no tries in the tables."""
    for row, number in ((MESSAGES, MESSAGES.c.id), (_ARCHIVE, _ARCHIVE.c.message_id)):
        found = session.execute(
            sa.select(number).where(
                row.c.task_id == task_id, row.c.wedding_id == wedding_id
            )
        ).scalar()
        if found is not None:
            return int(found)
    raise NotFound("error.message_not_found")
