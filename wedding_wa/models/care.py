"""models: what the app says of itself: its chores, and what the owner must know."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime


class Chore(SQLModel, table=True):
    """A chore's last run. `wanted_at`: a person asked for a run now."""

    __tablename__ = "chore"

    name: str = Field(primary_key=True)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    took_ms: int | None = None
    result: dict[str, object] | None = Field(default=None, sa_type=sa.JSON)
    error: str | None = None
    failures: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wanted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Notice(SQLModel, table=True):
    """Something the owner must know; open until `ended_at`, told once.

    At most one is open of a kind and `scope`: the account's id, or 0 for all.
    """

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index(
            "uq_notice_open",
            "wedding_id",
            "kind",
            "scope",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(None, "wedding_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int | None = Field(default=None, foreign_key="account.id")
    scope: int = 0
    kind: str
    params: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)
    at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
