"""services: which key made which: none of them lasts longer than its maker.

The audit knows it: a key that a program made has a line that names the program's key.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.models import ApiKey, AuditEntry
from wedding_wa.services.audit import BY_KEY

MADE = "api_key_created"

_MAKER = col(AuditEntry.params)[BY_KEY].as_integer()
_PREFIX = col(AuditEntry.params)["prefix"].as_string()


def made_by(session: Session, wedding_id: int, makers: Collection[int]) -> set[int]:
    """The keys that these made themselves, good or not."""
    return set(session.scalars(_pairs(wedding_id, col(ApiKey.id), makers)))


def maker_of(session: Session, wedding_id: int) -> dict[int, int]:
    """The maker of each key that another key made."""
    pairs = _pairs(wedding_id, col(ApiKey.id)).add_columns(_MAKER)
    return dict(session.execute(pairs).all())


def _pairs(
    wedding_id: int, what: Any, makers: Collection[int] | None = None
) -> sa.Select[Any]:
    which = _MAKER.is_not(None) if makers is None else _MAKER.in_(makers)
    return (
        sa.select(what)
        .join(AuditEntry, col(ApiKey.prefix) == _PREFIX)
        .where(
            col(ApiKey.wedding_id) == wedding_id,
            col(AuditEntry.wedding_id) == wedding_id,
            col(AuditEntry.action) == MADE,
            which,
        )
    )
