"""services: the keys of a wedding as they are listed, without what is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import NotFound
from wedding_wa.models import ApiKey
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.key_makers import maker_of

PAGE_SIZE = 100


class KeyState(StrEnum):
    """What a key is worth now."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key; `prefix` is all of it that may be seen. `made_by` is the key that made
    it, and with which it ends; None where a person did."""

    id: int
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    state: KeyState
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    made_by: int | None


def keys(
    session: Session, wedding_id: int, *, now: datetime, after: int = 0
) -> tuple[list[KeyRow], str]:
    """A page of a wedding's keys by id, and the cursor to the next, "" at the end."""
    rows = session.scalars(
        sa.select(ApiKey)
        .where(col(ApiKey.wedding_id) == wedding_id, col(ApiKey.id) > after)
        .order_by(col(ApiKey.id))
        .limit(PAGE_SIZE + 1)
    ).all()
    makers = maker_of(session, wedding_id)
    page = [_row(one, makers, now) for one in rows[:PAGE_SIZE]]
    return page, str(page[-1].id) if len(rows) > PAGE_SIZE else ""


def newest_keys(
    session: Session, wedding_id: int, *, now: datetime, ended: int
) -> list[KeyRow]:
    """All that are good, and the last few that are not, the newest first each."""
    good = sa.and_(
        col(ApiKey.revoked_at).is_(None),
        sa.or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now),
    )
    mine = (
        sa.select(ApiKey)
        .where(col(ApiKey.wedding_id) == wedding_id)
        .order_by(col(ApiKey.id).desc())
    )
    rows = [
        *session.scalars(mine.where(good)),
        *session.scalars(mine.where(sa.not_(good)).limit(ended)),
    ]
    makers = maker_of(session, wedding_id)
    return [_row(one, makers, now) for one in rows]


def key_of(session: Session, wedding_id: int, prefix: str, now: datetime) -> KeyRow:
    """The newest key with this prefix. Raises NotFound."""
    row = session.scalar(
        sa.select(ApiKey)
        .where(col(ApiKey.wedding_id) == wedding_id, col(ApiKey.prefix) == prefix)
        .order_by(col(ApiKey.id).desc())
        .limit(1)
    )
    if row is None:
        raise NotFound
    return _row(row, maker_of(session, wedding_id), now)


def _row(key: ApiKey, makers: Mapping[int, int], now: datetime) -> KeyRow:
    stored = key.scopes.split()
    return KeyRow(
        id=key.id or 0,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(scope for scope in Scope if scope.value in stored),
        state=_state(key, now),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        made_by=makers.get(key.id or 0),
    )


def _state(key: ApiKey, now: datetime) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    expired = key.expires_at is not None and key.expires_at <= now
    return KeyState.EXPIRED if expired else KeyState.ACTIVE
