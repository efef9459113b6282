"""services: the Webhooks page's read models: raw events, refusals, one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Account, Wedding
from wedding_wa.services.webhook_again import MANY, can_fail_again
from wedding_wa.services.webhook_list import (
    LOG,
    REFUSALS,
    Wish,
    event_names,
    page_of,
)
from wedding_wa.services.webhook_log import ACK, MALFORMED, MESSAGES, STATUS

#: The events that mean something to this app; every other is shown as unknown.
KNOWN = (*MESSAGES, ACK, STATUS, MALFORMED)
#: Characters of a body that are shown.
SHOWN = 60_000


@dataclass(frozen=True, slots=True)
class EventRow:
    """A stored event. `state` is "applied", "waiting", "failed", or "kept": done with,
    because nothing follows from an event that is unknown."""

    id: int
    account: str
    event: str
    source: str
    state: str
    error: str | None
    at: datetime
    size: int | None


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A delivery that was turned away. `account` is what the address named."""

    id: int
    account: str
    reason: str
    address: str
    at: datetime
    size: int | None


@dataclass(frozen=True, slots=True)
class WebhooksPage:
    """A page of either list; the other one is empty. `failed` counts up to 500.

    `fresh` is how many rows stand ready behind a list that was kept.
    """

    events: tuple[EventRow, ...]
    refusals: tuple[RefusalRow, ...]
    fresh: int
    newer: str
    older: str
    names: tuple[str, ...]
    failed: int
    refused: int
    zone: str


@dataclass(frozen=True, slots=True)
class EventDetail:
    """One event whole. `body` None: it was deleted; `cut`: more is stored."""

    row: EventRow
    event_id: str
    message_id: str | None
    applied_at: datetime | None
    body: str | None = field(repr=False)
    cut: bool


@dataclass(frozen=True, slots=True)
class RefusalDetail:
    """One refusal with the head of its body; `cut`: it had more."""

    row: RefusalRow
    body: str = field(repr=False)
    cut: bool


def webhooks_page(
    session: Session, wedding_id: int, wish: Wish, *, keep: Sequence[int] = ()
) -> WebhooksPage:
    """Read what the page lists. With `keep` the rows are exactly those ids."""
    accounts = account_keys(session, wedding_id)
    page = page_of(session, wedding_id, accounts, wish)
    ids = keep or page.ids
    refused = wish.only == "refused"
    return WebhooksPage(
        events=() if refused else event_rows(session, wedding_id, ids, accounts),
        refusals=_refusal_rows(session, wedding_id, ids) if refused else (),
        fresh=len(set(page.ids) - set(keep)) if keep else 0,
        newer=page.newer,
        older=page.older,
        names=event_names(session, list(accounts)),
        failed=_count(session, can_fail_again(wedding_id).limit(MANY)),
        refused=_count(session, _refusals_of(wedding_id)),
        zone=session.exec(
            select(Wedding.time_zone).where(Wedding.id == wedding_id)
        ).one(),
    )


def account_keys(session: Session, wedding_id: int) -> dict[int, str]:
    """The wedding's accounts, key by id."""
    rows = session.exec(
        select(col(Account.id), Account.key).where(Account.wedding_id == wedding_id)
    ).all()
    return {i: key for i, key in rows if i is not None}


def event_rows(
    session: Session, wedding_id: int, ids: Sequence[int], accounts: Mapping[int, str]
) -> tuple[EventRow, ...]:
    """These events of the wedding, in their order, without their bodies."""
    rows = session.execute(
        _event_columns().where(LOG.c.id.in_(ids), LOG.c.wedding_id == wedding_id)
    ).all()
    by_id = {row.id: _event_row(row, accounts) for row in rows}
    return tuple(by_id[i] for i in ids if i in by_id)


def event_detail(session: Session, wedding_id: int, row_id: int) -> EventDetail | None:
    """One event of this wedding; None if there is no such one."""
    accounts = account_keys(session, wedding_id)
    columns = _event_columns().add_columns(
        LOG.c.raw, LOG.c.event_id, LOG.c.message_id, LOG.c.applied_at
    )
    row = session.execute(
        columns.where(LOG.c.id == row_id, LOG.c.wedding_id == wedding_id)
    ).one_or_none()
    if row is None:
        return None
    body = None if row.raw is None else readable(row.raw)
    return EventDetail(
        row=_event_row(row, accounts),
        event_id=row.event_id,
        message_id=row.message_id,
        applied_at=row.applied_at,
        body=body[:SHOWN] if body is not None else None,
        cut=body is not None and len(body) > SHOWN,
    )


def refusal_detail(
    session: Session, wedding_id: int, row_id: int
) -> RefusalDetail | None:
    """One refusal told to this wedding; None if there is no such one."""
    row = session.execute(
        sa.select(REFUSALS).where(
            REFUSALS.c.id == row_id, REFUSALS.c.wedding_id == wedding_id
        )
    ).one_or_none()
    if row is None:
        return None
    cut = row.size is not None and row.size > len(row.head)
    return RefusalDetail(_refusal_row(row), readable(row.head), cut)


def readable(raw: bytes) -> str:
    """A body as people read it: JSON on many lines; what is none, as it came."""
    try:
        text = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode()  # half characters cannot travel


def _event_columns() -> sa.Select[Any]:
    names = (
        "id",
        "account_id",
        "event",
        "source",
        "error",
        "applied_at",
        "received_at",
    )
    columns = [LOG.c[name] for name in names]
    return sa.select(*columns, sa.func.length(LOG.c.raw).label("size"))


def _event_row(row: sa.Row[Any], accounts: Mapping[int, str]) -> EventRow:
    return EventRow(
        id=row.id,
        account=accounts[row.account_id],
        event=row.event,
        source=row.source,
        state=_state(row),
        error=row.error,
        at=row.received_at,
        size=row.size,
    )


def _state(row: sa.Row[Any]) -> str:
    if row.error is not None:
        return "failed"
    if row.applied_at is None:
        return "waiting"
    return "applied" if row.event in KNOWN else "kept"


def _refusals_of(wedding_id: int) -> sa.Select[Any]:
    return sa.select(REFUSALS.c.id).where(REFUSALS.c.wedding_id == wedding_id)


def _refusal_rows(
    session: Session, wedding_id: int, ids: Sequence[int]
) -> tuple[RefusalRow, ...]:
    rows = session.execute(
        sa.select(REFUSALS).where(
            REFUSALS.c.id.in_(ids), REFUSALS.c.wedding_id == wedding_id
        )
    ).all()
    by_id = {row.id: _refusal_row(row) for row in rows}
    return tuple(by_id[i] for i in ids if i in by_id)


def _refusal_row(row: sa.Row[Any]) -> RefusalRow:
    return RefusalRow(row.id, row.asked, row.reason, row.address, row.at, row.size)


def _count(session: Session, statement: sa.Select[Any]) -> int:
    counted = sa.select(sa.func.count()).select_from(statement.subquery())
    return int(session.execute(counted).scalar_one())
