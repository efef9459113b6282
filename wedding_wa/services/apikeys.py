"""services: keys for programs. Shown once when made; only the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.models import ApiKey, Role
from wedding_wa.models.base import UtcDateTime
from wedding_wa.services import audit
from wedding_wa.services.audit import By, Program
from wedding_wa.services.database_trouble import in_passing
from wedding_wa.services.key_makers import MADE, made_by
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import table

MARK = "wwa"
_USED_EVERY = timedelta(minutes=1)
_NAME_LONGEST = 80
_LONGEST = timedelta(days=3653)
_LARGEST_ID = 2**31 - 1
#: Keys of one wedding that are good at the same time.
MOST = 200


class Scope(StrEnum):
    """What a key may do. `admin` includes the others; they include nothing."""

    READ = "read"
    SEND = "send"
    CONTROL = "control"
    ADMIN = "admin"


# What a person may do follows from their role in the wedding.
SCOPES_OF_ROLE: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.PLANNER: frozenset({Scope.READ, Scope.SEND, Scope.CONTROL}),
    Role.VIEWER: frozenset({Scope.READ}),
}


class MissingScope(Refused):
    """More was asked for than who asks may do themselves; `scope` is what they lack."""

    def __init__(self, scope: Scope) -> None:
        super().__init__("error.scope", "", scope=scope.value)
        self.scope = scope


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The program behind a valid key."""

    key_id: int
    wedding_id: int
    name: str
    scopes: frozenset[Scope]
    last_used_at: datetime | None
    expires_at: datetime | None = None


def create_key(
    session: Session,
    *,
    wedding_id: int,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    by: By = None,
    now: datetime,
) -> str:
    """Make a key and return it: `wwa_<prefix>_<secret>`. It cannot be shown again.

    A program makes none that may more than itself, or longer. Raises BadInput on
    "name", "scopes" or "expires_at", MissingScope, and Refused for one too many.
    """
    name = name.strip()[:_NAME_LONGEST]
    if not name:
        raise BadInput("error.key_name", "name")
    wanted = checked_scopes(scopes)
    _check_end(expires_at, now)
    if isinstance(by, Program):
        _check_within(session, by, wanted, expires_at)
    _check_room(session, wedding_id, now)
    prefix = f"{MARK}_{secrets.token_hex(4)}"
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    session.execute(
        sa.insert(ApiKey).values(
            wedding_id=wedding_id,
            name=name,
            prefix=prefix,
            key_hash=_hash(key),
            scopes=" ".join(wanted),
            created_at=now,
            expires_at=expires_at,
        )
    )
    params = {"name": name, "prefix": prefix, "scopes": wanted}
    _tell(session, MADE, wedding_id, by, now, params)
    return key


def revoke_key(
    session: Session,
    key_id: int,
    *,
    wedding_id: int,
    by: By,
    now: datetime,
) -> None:
    """End a key at once, and all that it made, and these; an ended one stays ended.

    Raises NotFound.
    """
    if not 0 < key_id <= _LARGEST_ID:
        raise NotFound
    mine = sa.and_(col(ApiKey.id) == key_id, col(ApiKey.wedding_id) == wedding_id)
    if session.scalar(sa.select(col(ApiKey.id)).where(mine)) is None:
        raise NotFound
    ending = {key_id}
    while ending:
        for ended in _end(session, ending, now):
            told = {"key_id": ended} | ({"with": key_id} if ended != key_id else {})
            _tell(session, "api_key_revoked", wedding_id, by, now, told)
        # asked once these can make no more: what they made meanwhile is among it
        ending = made_by(session, wedding_id, ending)


def _end(session: Session, ids: Collection[int], now: datetime) -> list[int]:
    """Revoke what is not; return which."""
    return sorted(
        session.scalars(
            sa.update(ApiKey)
            .where(col(ApiKey.id).in_(ids), col(ApiKey.revoked_at).is_(None))
            .values(revoked_at=now)
            .returning(col(ApiKey.id))
        )
    )


def prefix_of(key: str) -> str:
    """The part of a key that is shown in lists."""
    return key[: len(MARK) + 9]


def holder(session: Session, key: str, now: datetime) -> KeyHolder | None:
    """Return whose key this is; None if unknown, revoked or expired.

    Found by its public prefix, then compared in constant time.
    """
    asked = {"prefix": prefix_of(key), "now": now}
    for row in session.connection().execute(_HOLDERS, asked):
        if hmac.compare_digest(row.key_hash, _hash(key)):
            return KeyHolder(
                key_id=row.id,
                wedding_id=row.wedding_id,
                name=row.name,
                scopes=with_implied(row.scopes.split()),
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
            )
    return None


def alive_ids(ids: Collection[int], now: datetime) -> sa.Select[Any]:
    """The query of those of `ids` that are good, neither revoked nor expired."""
    return sa.select(col(ApiKey.id)).where(col(ApiKey.id).in_(ids), *_good(now))


async def verify_key(db: Database, key: str, *, now: datetime) -> KeyHolder | None:
    """`holder` for doors; also notes, once a minute, that the key was used."""
    found = await db.read(holder, key, now)
    if found and (not found.last_used_at or now - found.last_used_at >= _USED_EVERY):
        await in_passing(db.write(_used, found.key_id, now))
    return found


def _good(
    now: datetime | sa.BindParameter[datetime],
) -> tuple[sa.ColumnElement[bool], ...]:
    unexpired = sa.or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now)
    return col(ApiKey.revoked_at).is_(None), unexpired


# Built once: it is asked at every request of a program.
_HOLDERS = sa.select(table(ApiKey)).where(
    table(ApiKey).c.prefix == sa.bindparam("prefix", type_=sa.String),
    *_good(sa.bindparam("now", type_=UtcDateTime)),
)


def _used(session: Session, key_id: int, now: datetime) -> None:
    session.execute(
        sa.update(ApiKey).where(col(ApiKey.id) == key_id).values(last_used_at=now)
    )


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """Return known scopes once each, by the alphabet. Raises BadInput on "scopes"."""
    wanted = sorted({scope.strip().lower() for scope in scopes} - {""})
    known = [scope.value for scope in Scope]
    if not wanted or not set(wanted) <= set(known):
        raise BadInput("error.key_scopes", "scopes", known=", ".join(known))
    return wanted


def _check_end(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and not now < expires_at <= now + _LONGEST:
        raise BadInput("error.key_expires", "expires_at")


def _check_within(
    session: Session, by: Program, wanted: Iterable[str], expires_at: datetime | None
) -> None:
    """Raise where the new key would be more than the one that makes it, which may
    nothing if it was revoked meanwhile; it cannot be until the commit."""
    maker = session.get_one(ApiKey, by.key_id, with_for_update=True)
    may = with_implied(maker.scopes.split()) if maker.revoked_at is None else set()
    missing = with_implied(wanted) - may
    if missing:
        raise MissingScope(min(missing))
    if maker.expires_at and (expires_at is None or expires_at > maker.expires_at):
        raise BadInput("error.key_expires_later", "expires_at")


def _check_room(session: Session, wedding_id: int, now: datetime) -> None:
    good = sa.select(sa.func.count()).where(
        col(ApiKey.wedding_id) == wedding_id, *_good(now)
    )
    if (session.scalar(good) or 0) >= MOST:
        raise Refused("error.key_many", "", n=MOST)


def _tell(
    session: Session,
    action: str,
    wedding_id: int,
    by: By,
    now: datetime,
    params: Mapping[str, object],
) -> None:
    audit.record(session, action, wedding_id=wedding_id, by=by, now=now, **params)
    note(session, Change("login", wedding_id))


def with_implied(stored: Iterable[str]) -> frozenset[Scope]:
    """Return stored scopes with all that they include."""
    scopes = frozenset(Scope(value) for value in stored)
    return frozenset(Scope) if Scope.ADMIN in scopes else scopes


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
