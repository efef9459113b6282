"""models: what came in, and the consent that it proves."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime


class Evidence(StrEnum):
    """How an inbound message, and so a consent, came to us."""

    WEBHOOK = "webhook"
    FEED = "feed"
    HISTORY = "history"
    OWN_NUMBER = "own_number"


class WebhookLog(SQLModel, table=True):
    """A raw event whose signature was right, stored once, applied after.

    WAHA gives a message's `message` and `message.any` events one id, so the event's
    name belongs to the key. The id stays when the body is pruned. `message_id` is the
    bare id of the message it speaks of, so that an ack which came before we knew the
    id can be found again.
    """

    __tablename__ = "webhook_log"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "event_id", "event"),
        sa.Index(
            "ix_webhook_log_open",
            "account_id",
            "id",
            sqlite_where=sa.text("applied_at IS NULL"),
            postgresql_where=sa.text("applied_at IS NULL"),
        ),
        sa.Index("ix_webhook_log_message", "account_id", "message_id"),
        sa.Index("ix_webhook_log_newest", "account_id", "id"),
        sa.Index("ix_webhook_log_event", "account_id", "event", "id"),
        sa.Index(
            "ix_webhook_log_failed",
            "account_id",
            "id",
            sqlite_where=sa.text("error IS NOT NULL"),
            postgresql_where=sa.text("error IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    event_id: str
    event: str
    message_id: str | None = None
    source: str
    raw: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime)
    applied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str | None = None


class WebhookRefusal(SQLModel, table=True):
    """A delivery that was turned away, and why. It changed nothing else.

    Only the newest of an account are kept, and of each only the head, so that nobody
    can fill the disk with them. `asked` is the account as the address named it;
    `account_id` None where no account is called that. `size` is in bytes as far as
    they came, or as told beforehand.
    """

    __tablename__ = "webhook_refusal"
    __table_args__ = (
        sa.Index(None, "wedding_id", "id"),
        sa.Index(None, "account_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int | None = Field(default=None, foreign_key="account.id")
    asked: str
    reason: str
    address: str = ""
    size: int | None = None
    head: bytes = Field(default=b"", sa_type=sa.LargeBinary)
    at: datetime = Field(sa_type=UtcDateTime)


class InboundMessage(SQLModel, table=True):
    """What somebody wrote to an account. Ids are WhatsApp's bare ones.

    `media` names what came instead of, or with, the words: image, audio, video …
    """

    __tablename__ = "inbound_message"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "chat_id", "message_id"),
        sa.UniqueConstraint("id", "account_id", "chat_id"),
        sa.Index("ix_inbound_message_chat", "account_id", "chat_id", "at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    message_id: str
    phone: str | None = None
    push_name: str | None = None
    body: str = ""
    media: str | None = None
    source: str
    at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Consent(SQLModel, table=True):
    """Proof that a chat may be written to: an inbound message, or the own number.

    Immutable but for revocation (triggers); messages reference it together with
    their account and chat, so none can go through another chat's consent. `given_to`
    is the couple's number (E.164) that they wrote to.
    """

    __tablename__ = "consent"
    __table_args__ = (
        sa.UniqueConstraint("id", "account_id", "chat_id"),
        sa.ForeignKeyConstraint(
            ["inbound_id", "account_id", "chat_id"],
            [
                "inbound_message.id",
                "inbound_message.account_id",
                "inbound_message.chat_id",
            ],
        ),
        sa.CheckConstraint(
            "(source = 'own_number') = (inbound_id IS NULL)", name="evidence"
        ),
        sa.Index(
            "uq_consent_valid",
            "account_id",
            "chat_id",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.Index(None, "account_id", "phone"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    phone: str | None = None
    source: str
    inbound_id: int | None = None
    given_to: str | None = None
    evidence_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_reason: str | None = None
