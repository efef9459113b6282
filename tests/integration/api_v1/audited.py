"""Whoever asks is named in what their request leaves in the audit: any test's, here."""

from __future__ import annotations

import httpx
from sqlmodel import Session, col, select

from wedding_wa.db import Database
from wedding_wa.models import AuditEntry
from wedding_wa.services import audit


def watched(client: httpx.AsyncClient, database: Database) -> httpx.AsyncClient:
    """The client, which from now on fails where a line names nobody."""
    known: list[int] = []

    async def before(_request: httpx.Request) -> None:
        known[:] = [len(lines(database))]

    async def after(response: httpx.Response) -> None:
        new = lines(database)[known[0] :]
        nameless = [one.action for one in new if audit.by_of(one) is None]
        request = response.request
        assert not nameless, f"{request.method} {request.url.path}: {nameless}"

    client.event_hooks = {"request": [before], "response": [after]}
    return client


def lines(database: Database) -> list[AuditEntry]:
    """All lines of the audit, the oldest first."""

    def read(session: Session) -> list[AuditEntry]:
        rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
        session.expunge_all()
        return list(rows)

    return database.read_now(read)
