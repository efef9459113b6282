"""models: a WhatsApp number, its limits, its life and what it hears."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.models.base import UtcDateTime


class Account(SQLModel, table=True):
    """One WhatsApp number. `key` is `groom` or `bride`.

    `status_at` is since when the status holds, `status_seen_at` when it was last
    proven: what is older changes nothing. `stopped_at` is the owner's own stop.
    `phone` is who is logged in; `own_chat_id` stays after a logout, so that another
    number is noticed. The lease columns say who may send for it; `lease_token` only
    grows and fences off a sender that slept past its lease. `hears_by` is how WAHA's
    events come, `webhook` or `feed`; None while it is being found out. `webhook_at` is
    when a signed webhook last came. `linked_at` is when this number first logged in.
    `alive_at` is when a sender last said that it lives; `turns` counts the claims.
    `restored_from`: this database is a copy taken then, and WAHA has not yet told what
    was sent since: until it has, nothing goes. `busy_until`: WAHA asked for a pause.
    """

    __tablename__ = "account"
    __table_args__ = (sa.UniqueConstraint("wedding_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    key: str

    waha_url: str = ""
    session: str = ""
    api_key_sealed: str = ""
    webhook_secret_sealed: str = ""
    webhook_url: str = ""
    engine: str = ""
    waha_version: str = ""

    status: str = "UNKNOWN"
    status_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status_error: str | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    phone: str | None = None
    push_name: str | None = None
    lid: str | None = None
    own_chat_id: str | None = None
    qr_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    qr_count: int = 0

    last_heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_heard_kind: str | None = None
    hears_by: str | None = None
    hears_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    webhook_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    linked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    restricted_until: datetime | None = Field(default=None, sa_type=UtcDateTime)

    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pause_reason: str | None = None
    failures_in_row: int = 0

    alive_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    turns: int = 0
    restored_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    busy_until: datetime | None = Field(default=None, sa_type=UtcDateTime)

    lease_token: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AccountStatusChange(SQLModel, table=True):
    """One change of an account's status, as WAHA told it."""

    __tablename__ = "account_status_change"
    __table_args__ = (sa.Index(None, "account_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    status: str
    error: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class Policy(SQLModel, table=True):
    """An account's limits: the fields of `domain.policy.Policy`, as JSON.

    A field that is missing has its default, so a new limit needs no migration.
    """

    __tablename__ = "policy"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    fields: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)
    updated_at: datetime = Field(sa_type=UtcDateTime)

    def value(self) -> PolicyValue:
        return PolicyValue(**self.fields)  # type: ignore[arg-type]  # checked on write


class HearingGap(SQLModel, table=True):
    """A span in which the account may have been deaf; closed once its chats are read.

    While it is open nothing is sent to the chats it may concern. Closed without
    `found`: the chats could not be read, and `error` says why.
    """

    __tablename__ = "hearing_gap"
    __table_args__ = (
        sa.Index(
            "uq_hearing_gap_open",
            "account_id",
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id", index=True)
    since: datetime = Field(sa_type=UtcDateTime)
    reason: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    found: int | None = None
    tries: int = 0
    error: str | None = None
