"""services: who did what that the rows themselves do not tell."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.models import AuditEntry


def record(
    session: Session,
    action: str,
    *,
    wedding_id: int,
    user_id: int | None,
    now: datetime,
    **params: object,
) -> None:
    """Write one line. `params` are JSON values: ids and names, never a secret."""
    session.execute(
        sa.insert(AuditEntry).values(
            wedding_id=wedding_id,
            user_id=user_id,
            action=action,
            params=params,
            at=now,
        )
    )
