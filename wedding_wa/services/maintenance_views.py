"""services: what runs by itself, as its page shows it, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlmodel import Session

from wedding_wa.domain.retention import as_texts
from wedding_wa.models import Chore as ChoreRow
from wedding_wa.services import chore_rows
from wedding_wa.services.chores import Chore
from wedding_wa.services.maintenance import chores_of
from wedding_wa.services.retention_policy import retention_of

# A run that began so long ago and never ended was broken off with its process.
_LONGEST_RUN = timedelta(hours=1)
# Often chores write once a minute; three minutes of nothing mean that nobody runs them.
_SILENT_AFTER = timedelta(minutes=3)


class ChoreState(StrEnum):
    """How a chore stands."""

    NEW = "new"
    WELL = "well"
    WANTED = "wanted"
    RUNNING = "running"
    FAILED = "failed"
    BROKEN_OFF = "broken_off"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class ChoreView:
    """One chore and its last run. One of `every` and `daily` is set.

    `error` is a sentence's key, or the name of a fault; `failures` how often in a row.
    """

    name: str
    state: ChoreState
    every: timedelta | None
    daily: time | None
    ran_at: datetime | None
    took_ms: int | None
    did: Mapping[str, int]
    error: str | None
    failures: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Screen:
    """The page. `asleep`: nobody runs anything; `retention` as one would type it."""

    chores: tuple[ChoreView, ...]
    asleep: bool
    retention: Mapping[str, str]


def maintenance_screen(
    session: Session, wedding_id: int, *, settle_after: timedelta, now: datetime
) -> Screen:
    """Read the page."""
    rows = chore_rows.rows(session)
    views = tuple(
        _view(chore, rows.get(chore.name) or ChoreRow(name=chore.name), now)
        for chore in chores_of(settle_after)
    )
    often = [view for view in views if view.every and view.every < _SILENT_AFTER]
    return Screen(
        chores=views,
        asleep=all(view.state in (ChoreState.LATE, ChoreState.NEW) for view in often),
        retention=as_texts(retention_of(session, wedding_id)),
    )


def _view(chore: Chore, row: ChoreRow, now: datetime) -> ChoreView:
    at = chore.when
    return ChoreView(
        name=chore.name,
        state=_state(chore, row, now),
        every=at if isinstance(at, timedelta) else None,
        daily=at if isinstance(at, time) else None,
        ran_at=row.started_at,
        took_ms=row.took_ms if row.finished_at else None,
        did=_counts(row.result),
        error=row.error,
        failures=row.failures,
        # of those that come often the row tells it only once a minute
        next_at=None if chore.often else row.next_at,
    )


def _state(chore: Chore, row: ChoreRow, now: datetime) -> ChoreState:
    if row.wanted_at is not None:
        return ChoreState.WANTED
    if row.started_at is None:
        return ChoreState.NEW
    if row.finished_at is None:
        broken = now - row.started_at > _LONGEST_RUN
        return ChoreState.BROKEN_OFF if broken else ChoreState.RUNNING
    if _late(chore, row, now):
        return ChoreState.LATE
    return ChoreState.FAILED if row.error is not None else ChoreState.WELL


def _late(chore: Chore, row: ChoreRow, now: datetime) -> bool:
    """It should have run, and did not: no process keeps the chores."""
    if chore.often:
        return row.finished_at is not None and now - row.finished_at > _SILENT_AFTER
    return row.next_at is not None and now - row.next_at > _SILENT_AFTER


def _counts(result: Mapping[str, object] | None) -> dict[str, int]:
    return {k: v for k, v in (result or {}).items() if isinstance(v, int) and v}
