"""services: what tokens are given out for: a person or a key, until it ends.

A grant holds as long as nobody ended it and whoever it is for may come in themselves:
the person belongs to the wedding, the key is neither revoked nor expired. What it
allows is at no time more than they may.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.models import ApiKey, Membership, Role, TokenGrant, User
from wedding_wa.services.apikeys import SCOPES_OF_ROLE, Scope, with_implied
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed

MARK = "wwr"


@dataclass(frozen=True, slots=True)
class Grant:
    """One that holds. `scopes` is what it allows at this moment."""

    id: int
    wedding_id: int
    prefix: str
    scopes: frozenset[Scope]
    user_id: int | None
    key_id: int | None
    name: str
    refresh_hash: str
    expires_at: datetime
    last_used_at: datetime | None

    @property
    def subject(self) -> str:
        """Whose it is, as tokens say it."""
        return f"key:{self.key_id}" if self.key_id else f"user:{self.user_id}"


def new_prefix() -> str:
    """The part of a refresh token that is no secret."""
    return f"{MARK}_{secrets.token_hex(8)}"


def add(
    session: Session,
    *,
    wedding_id: int,
    user_id: int | None,
    key_id: int | None,
    prefix: str,
    refresh_hash: str,
    scopes: Collection[Scope],
    expires_at: datetime,
    now: datetime,
) -> None:
    """Write a grant down; exactly one of `user_id` and `key_id` is whose it is."""
    session.execute(
        sa.insert(TokenGrant).values(
            wedding_id=wedding_id,
            user_id=user_id,
            key_id=key_id,
            prefix=prefix,
            refresh_hash=refresh_hash,
            scopes=" ".join(sorted(scopes)),
            created_at=now,
            expires_at=expires_at,
        )
    )


def alive(
    session: Session, prefix: str, now: datetime, *, to_change: bool = False
) -> Grant | None:
    """Return the grant of this prefix if it holds; `to_change` keeps others off it."""
    query = _HOLDING.where(col(TokenGrant.prefix) == prefix)
    if to_change:
        query = query.with_for_update(of=TokenGrant)
    row = session.execute(query, {"now": now}).first()
    return _grant(row) if row else None


def alive_ids(ids: Collection[int], now: datetime) -> sa.Select[Any]:
    """The query of those of `ids` that hold, with `now` bound."""
    holding = _HOLDING.where(col(TokenGrant.id).in_(ids)).params(now=now)
    return holding.with_only_columns(col(TokenGrant.id))


def renew(
    session: Session, grant: Grant, refresh_hash: str, *, until: datetime, now: datetime
) -> None:
    """Give it another refresh token; the one before is dead from here on."""
    _update(session, grant, refresh_hash=refresh_hash, expires_at=until)
    used(session, grant, now)


def used(session: Session, grant: Grant, now: datetime) -> None:
    """Note that it was used, and the key that it is for."""
    _update(session, grant, last_used_at=now)
    if grant.key_id is not None:
        session.execute(
            sa.update(ApiKey)
            .where(col(ApiKey.id) == grant.key_id)
            .values(last_used_at=now)
        )


def end(session: Session, grant: Grant, now: datetime) -> None:
    """End it and every token given out for it, at once."""
    _end(session, col(TokenGrant.id) == grant.id, now)


def end_of_person(session: Session, user_id: int, now: datetime) -> None:
    """End all that a person's programs hold."""
    _end(session, col(TokenGrant.user_id) == user_id, now)


def _end(session: Session, which: sa.ColumnElement[bool], now: datetime) -> None:
    ended = session.execute(
        sa.update(TokenGrant)
        .where(which, col(TokenGrant.revoked_at).is_(None))
        .values(revoked_at=now)
        .returning(col(TokenGrant.wedding_id), col(TokenGrant.user_id)),
        execution_options={"synchronize_session": False},
    ).all()
    for wedding_id, user_id in ended:
        note(session, Change("login", wedding_id, user_id))


def _update(session: Session, grant: Grant, **values: object) -> None:
    changed(
        session,
        sa.update(TokenGrant).where(col(TokenGrant.id) == grant.id).values(**values),
    )


def _grant(row: sa.Row[*tuple[Any, ...]]) -> Grant:
    one, role, key_scopes, key_name, person = row
    own = with_implied(one.scopes.split())
    theirs = SCOPES_OF_ROLE[Role(role)] if role else with_implied(key_scopes.split())
    return Grant(
        id=one.id,
        wedding_id=one.wedding_id,
        prefix=one.prefix,
        scopes=own & theirs,
        user_id=one.user_id,
        key_id=one.key_id,
        name=key_name or person or "",
        refresh_hash=one.refresh_hash,
        expires_at=one.expires_at,
        last_used_at=one.last_used_at,
    )


# One read, at every request with a token: the grant, and whether its owner may.
_HOLDING: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        TokenGrant,
        col(Membership.role),
        col(ApiKey.scopes),
        col(ApiKey.name),
        col(User.name),
    )
    .outerjoin(
        Membership,
        sa.and_(
            col(Membership.user_id) == col(TokenGrant.user_id),
            col(Membership.wedding_id) == col(TokenGrant.wedding_id),
        ),
    )
    .outerjoin(User, col(User.id) == col(TokenGrant.user_id))
    .outerjoin(
        ApiKey,
        sa.and_(
            col(ApiKey.id) == col(TokenGrant.key_id),
            col(ApiKey.revoked_at).is_(None),
            sa.or_(
                col(ApiKey.expires_at).is_(None),
                col(ApiKey.expires_at) > sa.bindparam("now"),
            ),
        ),
    )
    .where(
        col(TokenGrant.revoked_at).is_(None),
        col(TokenGrant.expires_at) > sa.bindparam("now"),
        sa.or_(col(Membership.role).is_not(None), col(ApiKey.id).is_not(None)),
    )
)
