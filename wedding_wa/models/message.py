"""models: the queue: messages, their timeline, their tries, their counters."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime

# What the counters on the Queue page count. One place: the database derives it.
BUCKET_SQL = """CASE
 WHEN status = 'pending' AND hold_rule IS NULL THEN 'waiting'
 WHEN status = 'pending' THEN 'held'
 WHEN status = 'sent' AND ack_error_at IS NOT NULL THEN 'refused'
 WHEN status = 'sent' AND ack >= 3 THEN 'read'
 WHEN status = 'sent' AND ack = 2 THEN 'delivered'
 ELSE status END"""
BUCKETS = (
    "waiting",
    "held",
    "processing",
    "sent",
    "delivered",
    "read",
    "unconfirmed",
    "failed",
    "refused",
    "skipped",
)

_PENDING = sa.text("status = 'pending'")
_PROCESSING = sa.text("status = 'processing'")
_UNCONFIRMED = sa.text("status = 'unconfirmed'")
_FORCED = sa.text("forced_at IS NOT NULL")
_RETRIED = sa.text("status = 'pending' AND failures > 0")
_EXPIRING = sa.text("status = 'pending' AND expires_at IS NOT NULL")
_HELD = sa.text("held_at IS NOT NULL")
_SETTLED = sa.text("settled_by IS NOT NULL")
_CLIENT = sa.text("client_message_id IS NOT NULL")


def _index_of_client_ids(table: str) -> sa.Index:
    """What a program calls a message is one message, in a wedding."""
    return sa.Index(
        f"uq_{table}_client",
        "wedding_id",
        "client_message_id",
        unique=True,
        sqlite_where=_CLIENT,
        postgresql_where=_CLIENT,
    )


class QueueMessage(SQLModel, table=True):
    """One thing to one recipient. `status` is written by services/queue.py alone.

    `due_at` is the earliest moment; `queue_at` is its place in the line, which holds
    do not move. `attempt` grows with each claim and fences off older holders.
    `held_at`: set aside until a person says so; `hold_rule` says why. `crashes`: how
    often a process died with it in hand, unmarked. `settled_by` is what told the end of
    a doubt; `looked` what was looked at last while there is one, as the page says it.
    `asked`: what was asked under the idempotency key, as a hash. `client_message_id` is
    what a program calls it.
    """

    __tablename__ = "queue_message"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["consent_id", "account_id", "chat_id"],
            ["consent.id", "consent.account_id", "consent.chat_id"],
        ),
        sa.UniqueConstraint("wedding_id", "idempotency_key"),
        sa.CheckConstraint("priority BETWEEN 1 AND 5", name="priority"),
        sa.CheckConstraint("max_attempts >= 1", name="max_attempts"),
        sa.Index(
            "ix_queue_message_line",
            "account_id",
            "priority",
            "queue_at",
            "id",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        sa.Index(
            "ix_queue_message_due",
            "account_id",
            "due_at",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        sa.Index(
            "ix_queue_message_processing",
            "account_id",
            sqlite_where=_PROCESSING,
            postgresql_where=_PROCESSING,
        ),
        sa.Index(
            "ix_queue_message_unconfirmed",
            "account_id",
            sqlite_where=_UNCONFIRMED,
            postgresql_where=_UNCONFIRMED,
        ),
        sa.Index(
            "ix_queue_message_forced",
            "account_id",
            "forced_at",
            sqlite_where=_FORCED,
            postgresql_where=_FORCED,
        ),
        sa.Index(
            "ix_queue_message_retried",
            "account_id",
            sqlite_where=_RETRIED,
            postgresql_where=_RETRIED,
        ),
        sa.Index(
            "ix_queue_message_expires",
            "account_id",
            "expires_at",
            sqlite_where=_EXPIRING,
            postgresql_where=_EXPIRING,
        ),
        sa.Index(
            "ix_queue_message_held",
            "account_id",
            "hold_rule",
            sqlite_where=_HELD,
            postgresql_where=_HELD,
        ),
        sa.Index(
            "ix_queue_message_settled",
            "account_id",
            "settled_by",
            sqlite_where=_SETTLED,
            postgresql_where=_SETTLED,
        ),
        _index_of_client_ids("queue_message"),
        sa.Index("ix_queue_message_bucket", "wedding_id", "bucket", "id"),
        sa.Index("ix_queue_message_chat", "account_id", "chat_id", "id"),
        sa.Index("ix_queue_message_provider", "account_id", "provider_message_id"),
        sa.Index("ix_queue_message_reserved", "account_id", "reserved_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    task_id: str = Field(unique=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    consent_id: int
    chat_id: str
    phone: str | None = None
    name: str | None = None
    idempotency_key: str | None = None
    asked: str | None = None
    client_message_id: str | None = None

    kind: str = "message"
    category: str | None = None
    title: str | None = None
    text: str
    priority: int = 3
    max_attempts: int = 4
    due_at: datetime = Field(sa_type=UtcDateTime)
    queue_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    forced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    status: str = "pending"
    hold_rule: str | None = None
    hold_params: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)
    skip_reason: str | None = None
    error_code: str | None = None
    error_params: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)

    attempt: int = 0
    failures: int = 0
    crashes: int = 0
    worker: str | None = None
    reserved_id: str | None = None
    provider_message_id: str | None = None
    dispatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    ack: int | None = None
    ack_error_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    unacknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str | None = None
    looked: dict[str, object] | None = Field(default=None, sa_type=sa.JSON)
    looked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: int | None = Field(default=None, foreign_key="users.id")
    bucket: str | None = Field(
        default=None,
        sa_column=sa.Column(
            sa.String, sa.Computed(BUCKET_SQL, persisted=True), nullable=True
        ),
    )


class MessageEvent(SQLModel, table=True):
    """One line of a message's timeline.

    Written when the phase begins; `duration_ms` is filled when it ends.
    """

    __tablename__ = "message_event"
    __table_args__ = (
        sa.Index(None, "message_id", "id"),
        sa.Index(None, "wedding_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    message_id: int = Field(foreign_key="queue_message.id")
    attempt: int
    phase: str
    at: datetime = Field(sa_type=UtcDateTime)
    duration_ms: int | None = None
    data: dict[str, object] = Field(
        default_factory=dict, sa_column=sa.Column("metadata", sa.JSON, nullable=False)
    )


class MessageAttempt(SQLModel, table=True):
    """One try. `counts` says that it weighs on the limits: handed over, or maybe."""

    __tablename__ = "message_attempt"
    __table_args__ = (
        sa.UniqueConstraint("message_id", "attempt"),
        sa.Index("ix_message_attempt_account", "account_id", "counts", "dispatched_at"),
        sa.Index("ix_message_attempt_chat", "chat_id", "counts", "dispatched_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    message_id: int = Field(foreign_key="queue_message.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    attempt: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    dispatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    counts: bool = False
    gap_seconds: float = 0.0
    sibling_seconds: float = 0.0
    rest_seconds: float = 0.0
    outcome: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    took_ms: int | None = None


class QueueCounter(SQLModel, table=True):
    """How many messages of an account are in a bucket; kept by triggers."""

    __tablename__ = "queue_counter"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    bucket: str = Field(primary_key=True)
    n: int = 0


class MessageArchive(SQLModel, table=True):
    """A message that retention took out of the queue, whole, as `show --json` had it.

    The counters forget it; the proof page adds these, so that its sums stay true. It
    keeps its key, whatever is kept of it: asked again, nothing is queued twice.
    """

    __tablename__ = "message_archive"
    __table_args__ = (
        sa.Index(None, "wedding_id", "id"),
        sa.Index(None, "wedding_id", "idempotency_key"),
        _index_of_client_ids("message_archive"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    message_id: int = Field(unique=True)
    task_id: str = Field(unique=True)
    idempotency_key: str | None = None
    asked: str | None = None
    client_message_id: str | None = None
    status: str
    record: dict[str, object] | None = Field(default=None, sa_type=sa.JSON)
    at: datetime = Field(sa_type=UtcDateTime)


class DuplicateSeen(SQLModel, table=True):
    """WhatsApp has a message of ours a second time, under another id.

    Our own queue cannot do that; an engine that repeats by itself can, and then it can
    only be seen. `whatsapp_id` is the repeat's bare id.
    """

    __tablename__ = "duplicate_seen"
    __table_args__ = (sa.UniqueConstraint("account_id", "whatsapp_id"),)

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    message_id: int
    whatsapp_id: str
    sent_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
