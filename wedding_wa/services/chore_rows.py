"""services: the chores' rows: what the page shows, and what it asks for.

A row is a chore's last run. `wanted_at`: a person asked for a run now; the process
that keeps the chores sees it, runs it and takes the wish away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.models import Chore as ChoreRow
from wedding_wa.models import Wedding
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, table

CHORES = table(ChoreRow)
# Two processes whose times fall together: the second leaves it to the first. Less than
# a restart takes until it makes good what a killed process began.
_SAME_TIME = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it ended. `error`: a sentence's key or a fault's name; None: well."""

    name: str
    started_at: datetime
    finished_at: datetime
    took_ms: int
    did: Mapping[str, int]
    error: str | None
    next_at: datetime | None


def ensure(session: Session, names: Iterable[str]) -> None:
    """Make the rows that are missing, so that each can be asked for."""
    here = set(session.exec(select(ChoreRow.name)))
    for name in names:
        if name not in here:
            _insert_if_missing(session, name)


def last_runs(session: Session) -> dict[str, datetime | None]:
    """When each chore last began a run that came to its end."""
    ended = select(ChoreRow.name, ChoreRow.started_at).where(
        col(ChoreRow.finished_at).is_not(None)
    )
    return dict(session.exec(ended).all())


def begin(
    session: Session, name: str, *, now: datetime, next_at: datetime | None
) -> bool:
    """Write that a run begins. False: another process has just begun the same one."""
    row = CHORES.c
    begun = changed(
        session,
        sa.update(CHORES)
        .where(
            row.name == name,
            sa.or_(
                row.started_at.is_(None),
                row.started_at <= now - _SAME_TIME,
                row.started_at > now,
                row.wanted_at.is_not(None),
            ),
        )
        .values(started_at=now, finished_at=None, wanted_at=None, next_at=next_at),
    )
    if begun:
        _tell(session)
    return bool(begun)


def finish(session: Session, runs: Iterable[Run], *, tell: bool = True) -> None:
    """Write how runs ended. Not `tell`: nobody needs to look again for it."""
    for run in runs:
        failed = run.error is not None
        changed(
            session,
            sa.update(CHORES)
            .where(CHORES.c.name == run.name)
            .values(
                started_at=run.started_at,
                finished_at=run.finished_at,
                took_ms=run.took_ms,
                result=dict(run.did),
                error=run.error,
                failures=CHORES.c.failures + 1 if failed else 0,
                next_at=run.next_at,
            ),
        )
    if tell:
        _tell(session)


def plan(session: Session, due: Mapping[str, datetime]) -> None:
    """Write when chores come next."""
    for name, at in due.items():
        changed(
            session,
            sa.update(CHORES).where(CHORES.c.name == name).values(next_at=at),
        )


def want(
    session: Session,
    name: str,
    *,
    wedding_id: int,
    by: By,
    now: datetime,
) -> None:
    """Ask for a run now. Asked twice is asked once. Raises NotFound."""
    asked = changed(
        session,
        sa.update(CHORES)
        .where(CHORES.c.name == name)
        .values(wanted_at=sa.func.coalesce(CHORES.c.wanted_at, now)),
    )
    if not asked:
        raise NotFound
    audit.record(
        session,
        "chore_wanted",
        wedding_id=wedding_id,
        by=by,
        now=now,
        chore=name,
    )
    _tell(session)


def wanted(session: Session) -> list[str]:
    """The chores that somebody asked for, first asked first."""
    asked = select(ChoreRow.name).where(col(ChoreRow.wanted_at).is_not(None))
    return list(session.exec(asked.order_by(col(ChoreRow.wanted_at))))


def rows(session: Session) -> dict[str, ChoreRow]:
    """Every chore's row, by name."""
    return {row.name: row for row in session.exec(select(ChoreRow))}


def _insert_if_missing(session: Session, name: str) -> None:
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if postgres else sqlite.insert
    session.execute(
        insert(CHORES).values(name=name, failures=0).on_conflict_do_nothing()
    )


def _tell(session: Session) -> None:
    for wedding_id in session.exec(select(Wedding.id)):
        note(session, Change("chore", wedding_id or 0))
