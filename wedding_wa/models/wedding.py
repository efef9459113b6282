"""models: the wedding (the tenant), its people and their keys."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime


class Role(StrEnum):
    OWNER = "owner"
    PLANNER = "planner"
    VIEWER = "viewer"


class Wedding(SQLModel, table=True):
    """One couple. Every owned row carries its id.

    `place` is where they marry, as the invitation says it; `guest_language` is the
    guests' language where a household has none of its own. `retention`: the fields of
    `domain.retention.Retention`; one that is missing has its default.
    """

    __tablename__ = "wedding"

    id: int | None = Field(default=None, primary_key=True)
    groom_name: str
    bride_name: str
    day: date | None = None
    place: str = ""
    guest_language: str = "en"
    time_zone: str
    default_country: str = Field(max_length=2)
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    retention: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class User(SQLModel, table=True):
    """A person who logs in. The password is an argon2 hash."""

    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str = ""
    password_hash: str
    language: str | None = None
    failed_logins: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Membership(SQLModel, table=True):
    """Who may do what in which wedding."""

    __tablename__ = "membership"

    wedding_id: int = Field(foreign_key="wedding.id", primary_key=True)
    user_id: int = Field(foreign_key="users.id", primary_key=True)
    role: str


class LoginSession(SQLModel, table=True):
    """One browser that is logged in. Only the hash of its secret is stored."""

    __tablename__ = "login_session"

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    token_hash: str = Field(unique=True)
    user_agent: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A program's key: the prefix is shown, the rest only as a hash."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id", index=True)
    name: str
    prefix: str
    key_hash: str = Field(unique=True)
    scopes: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TokenGrant(SQLModel, table=True):
    """What short-lived access tokens are given out for: a person, or a key.

    Its refresh token is `<prefix>_<secret>`, of which the hash is kept; each rotation
    has a new secret under the same prefix, so an old one that comes again is known.
    """

    __tablename__ = "token_grant"
    __table_args__ = (
        sa.CheckConstraint("(user_id IS NULL) <> (key_id IS NULL)", name="whose"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id", index=True)
    user_id: int | None = Field(default=None, foreign_key="users.id", index=True)
    key_id: int | None = Field(default=None, foreign_key="api_key.id", index=True)
    prefix: str = Field(unique=True)
    refresh_hash: str
    scopes: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditEntry(SQLModel, table=True):
    """Who did what that cannot be seen from the rows themselves."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id", index=True)
    user_id: int | None = Field(default=None, foreign_key="users.id")
    action: str
    params: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)
    at: datetime = Field(sa_type=UtcDateTime)
