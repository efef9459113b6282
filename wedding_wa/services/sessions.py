"""services: who is logged in.

The cookie holds 32 random bytes; the database only their SHA-256. A login ends when
it expires, when the person logs out, or when the password is set anew; there is no
cache, so an ended login is refused at the next event.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound
from wedding_wa.models import LoginSession, Membership, Role, User, Wedding
from wedding_wa.services.database_trouble import in_passing
from wedding_wa.services.live import Change, note

COOKIE = "wedding_wa"

_TOKEN_BYTES = 32
_AGENT_LONGEST = 200
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and at which wedding. `language` is None until chosen."""

    session_id: int
    user_id: int
    wedding_id: int
    role: Role
    email: str
    name: str
    language: str | None
    time_zone: str
    default_country: str
    groom_name: str
    bride_name: str
    last_seen_at: datetime
    expires_at: datetime

    @property
    def by(self) -> int:
        """Who does what they do, as the audit has it."""
        return self.user_id


def start(
    session: Session, user_id: int, *, days: int, user_agent: str = "", now: datetime
) -> str:
    """Log the person in and return the secret for the cookie.

    Raises NotFound for somebody who belongs to no wedding (any more).
    """
    wedding_id = session.scalar(
        sa.select(col(Membership.wedding_id))
        .where(col(Membership.user_id) == user_id)
        .order_by(col(Membership.wedding_id))
        .limit(1)
    )
    if wedding_id is None:
        raise NotFound("error.no_wedding")
    _sweep(session, user_id, now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.execute(
        sa.insert(LoginSession).values(
            user_id=user_id,
            wedding_id=wedding_id,
            token_hash=_hash(token),
            user_agent=user_agent[:_AGENT_LONGEST],
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    return token


def session_user(session: Session, token: str, now: datetime) -> Viewer | None:
    """Return who holds `token`; None if it is unknown, ended or expired."""
    if not token:
        return None
    row = session.execute(_VIEWER, {"hash": _hash(token), "now": now}).first()
    if row is None:
        return None
    values = dict(row._mapping)  # its documented way to a mapping
    return Viewer(**values | {"role": Role(values["role"])})


async def viewer(db: Database, token: str, *, now: datetime) -> Viewer | None:
    """`session_user` for doors; also notes, once a minute, that they were here."""
    if not token:
        return None
    found = await db.read(session_user, token, now)
    if found and now - found.last_seen_at >= _TOUCH_EVERY:
        await in_passing(db.write(_touch, found.session_id, now))
    return found


async def viewer_of(
    db: Database, cookie_header: str, *, now: datetime
) -> Viewer | None:
    """Return who sent a `Cookie:` header, None for nobody."""
    return await viewer(db, token_in(cookie_header), now=now)


def token_in(cookie_header: str) -> str:
    """Return the login secret in a `Cookie:` header, "" where there is none."""
    for part in cookie_header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value.strip('"')
    return ""


def end(session: Session, token: str) -> None:
    """Log out. Nothing happens for a secret that is not known."""
    _delete(session, col(LoginSession.token_hash) == _hash(token))


def end_all(session: Session, user_id: int, *, keep: int | None = None) -> None:
    """Log the person out everywhere, but for the session `keep`."""
    which = col(LoginSession.user_id) == user_id
    if keep is not None:
        which = sa.and_(which, col(LoginSession.id) != keep)
    _delete(session, which)


def _delete(session: Session, which: sa.ColumnElement[bool]) -> None:
    ended = session.execute(
        sa.delete(LoginSession)
        .where(which)
        .returning(col(LoginSession.wedding_id), col(LoginSession.user_id))
    ).all()
    for wedding_id, user_id in ended:  # wakes their open pages, which then leave
        note(session, Change("login", wedding_id, user_id))


def _sweep(session: Session, user_id: int, now: datetime) -> None:
    session.execute(
        sa.delete(LoginSession).where(
            col(LoginSession.user_id) == user_id, col(LoginSession.expires_at) <= now
        )
    )


def _touch(session: Session, session_id: int, now: datetime) -> None:
    session.execute(
        sa.update(LoginSession)
        .where(
            col(LoginSession.id) == session_id,
            col(LoginSession.last_seen_at) <= now - _TOUCH_EVERY,
        )
        .values(last_seen_at=now)
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# Built once: it runs at every event of every open page.
_VIEWER: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        col(LoginSession.id).label("session_id"),
        col(LoginSession.user_id),
        col(LoginSession.wedding_id),
        col(Membership.role),
        col(User.email),
        col(User.name),
        col(User.language),
        col(Wedding.time_zone),
        col(Wedding.default_country),
        col(Wedding.groom_name),
        col(Wedding.bride_name),
        col(LoginSession.last_seen_at),
        col(LoginSession.expires_at),
    )
    .join(User, col(User.id) == col(LoginSession.user_id))
    .join(Wedding, col(Wedding.id) == col(LoginSession.wedding_id))
    .join(
        Membership,
        sa.and_(
            col(Membership.user_id) == col(LoginSession.user_id),
            col(Membership.wedding_id) == col(LoginSession.wedding_id),
        ),
    )
    .where(
        col(LoginSession.token_hash) == sa.bindparam("hash"),
        col(LoginSession.expires_at) > sa.bindparam("now"),
    )
)
