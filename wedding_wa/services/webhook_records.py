"""services: raw events and refusals as records, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import NotFound
from wedding_wa.services.webhook_list import LOG, REFUSALS, Wish, page_of
from wedding_wa.services.webhook_views import account_keys

PAGE_SIZE = 100

_EVENT = ("id", "account_id", "event_id", "event", "message_id", "source")
_TIMES = ("received_at", "applied_at", "error")
_REFUSAL = ("id", "account_id", "asked", "reason", "address", "size", "at", "head")

Record = dict[str, object]


def event_records(
    session: Session, wedding_id: int, wish: Wish
) -> tuple[list[Record], str]:
    """A page of events without their bodies, and the cursor to the older ones."""
    accounts = account_keys(session, wedding_id)
    found = page_of(session, wedding_id, accounts, wish, size=PAGE_SIZE)
    rows = session.execute(_events().where(LOG.c.id.in_(found.ids))).all()
    by_id = {row.id: _record(row, accounts) for row in rows}
    return [by_id[one] for one in found.ids if one in by_id], found.older


def event_record(session: Session, wedding_id: int, row_id: int) -> Record:
    """One event with its body as text. Raises NotFound."""
    row = session.execute(
        _events()
        .add_columns(LOG.c.raw)
        .where(LOG.c.id == row_id, LOG.c.wedding_id == wedding_id)
    ).one_or_none()
    if row is None:
        raise NotFound("webhooks.error.not_found")
    found = _record(row, account_keys(session, wedding_id))
    return {**found, "raw": None if row.raw is None else _text(row.raw)}


def refusal_records(
    session: Session, wedding_id: int, wish: Wish
) -> tuple[list[Record], str]:
    """A page of refusals, and the cursor to the older ones."""
    accounts = account_keys(session, wedding_id)
    found = page_of(session, wedding_id, accounts, wish, size=PAGE_SIZE)
    columns = [REFUSALS.c[name] for name in _REFUSAL]
    rows = session.execute(
        sa.select(*columns).where(
            REFUSALS.c.id.in_(found.ids), REFUSALS.c.wedding_id == wedding_id
        )
    ).all()
    by_id = {
        row.id: {**_record(row, accounts), "head": _text(row.head)} for row in rows
    }
    return [by_id[one] for one in found.ids if one in by_id], found.older


def _events() -> sa.Select[Any]:
    return sa.select(*[LOG.c[name] for name in (*_EVENT, *_TIMES)])


def _record(row: sa.Row[Any], accounts: Mapping[int, str]) -> Record:
    columns = {name: value for name, value in row._mapping.items() if name != "raw"}
    return {**columns, "account": accounts.get(row.account_id)}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
