"""models: a chat of one account with one person, and the wish to hear no more."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime

_ACTIVE = sa.text("undone_at IS NULL")
_UNANSWERED = sa.text("answered_at IS NULL")
_WROTE = sa.text("last_inbound_at IS NOT NULL")
_UNREAD = sa.text("unread > 0")
_UNKNOWN = sa.text("household_id IS NULL")


class Chat(SQLModel, table=True):
    """What the couple sees of a chat, and whose it is.

    `household_id` None: nobody knows yet who writes. `guest_id` None beside a
    household: one of its people. `linked_how` is `code`, `number` or `hand`.
    `last_*` is the newest line either way, `unread` what came since the couple looked.
    `human_at` is when one of the couple last typed here on the phone itself.
    """

    __tablename__ = "chat"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "chat_id"),
        sa.Index(None, "wedding_id", "last_at", "id"),
        sa.Index(None, "wedding_id", "phone"),
        sa.Index(None, "wedding_id", "chat_id"),
        sa.Index(
            "ix_chat_inbox",
            "wedding_id",
            "last_inbound_at",
            "id",
            sqlite_where=_WROTE,
            postgresql_where=_WROTE,
        ),
        sa.Index(
            "ix_chat_unread",
            "wedding_id",
            "id",
            sqlite_where=_UNREAD,
            postgresql_where=_UNREAD,
        ),
        sa.Index(
            "ix_chat_unknown",
            "wedding_id",
            "id",
            sqlite_where=_UNKNOWN,
            postgresql_where=_UNKNOWN,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    phone: str | None = None
    push_name: str | None = None
    household_id: int | None = Field(
        default=None, foreign_key="household.id", index=True
    )
    guest_id: int | None = Field(default=None, foreign_key="guest.id", index=True)
    linked_how: str | None = None
    linked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    linked_by: int | None = Field(default=None, foreign_key="users.id")
    ignored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_text: str = ""
    last_from_us: bool = False
    last_inbound_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    unread: int = 0
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    human_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HandMessage(SQLModel, table=True):
    """What one of the couple typed on the phone itself. Ids are bare ones."""

    __tablename__ = "hand_message"
    __table_args__ = (sa.UniqueConstraint("account_id", "chat_id", "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    message_id: str
    body: str = ""
    media: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class OptOut(SQLModel, table=True):
    """A person wants no more messages, from either number. Active until `undone_at`.

    It rests on their own word (`inbound_id`, `sentence`), or a person of the couple
    noted it (`noted_by`). Nothing goes to the chat, to another chat of the same phone
    or of the same guest. Undone by a person, or by the guest's START
    (`undone_inbound_id`).
    """

    __tablename__ = "opt_out"
    __table_args__ = (
        sa.Index(
            "uq_opt_out_active",
            "wedding_id",
            "chat_id",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
        sa.Index(None, "wedding_id", "phone"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    phone: str | None = None
    guest_id: int | None = Field(default=None, foreign_key="guest.id", index=True)
    inbound_id: int | None = Field(default=None, foreign_key="inbound_message.id")
    sentence: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    noted_by: int | None = Field(default=None, foreign_key="users.id")
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: int | None = Field(default=None, foreign_key="users.id")
    undone_inbound_id: int | None = Field(
        default=None, foreign_key="inbound_message.id"
    )


class StopQuestion(SQLModel, table=True):
    """A sentence in which a stop word stands: only the couple can tell what is meant.

    `answer` is `stop` or `go_on`.
    """

    __tablename__ = "stop_question"
    __table_args__ = (
        sa.Index(
            "ix_stop_question_open",
            "wedding_id",
            "id",
            sqlite_where=_UNANSWERED,
            postgresql_where=_UNANSWERED,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    account_id: int = Field(foreign_key="account.id")
    chat_id: str
    inbound_id: int = Field(foreign_key="inbound_message.id", unique=True)
    word: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answer: str | None = None
    answered_by: int | None = Field(default=None, foreign_key="users.id")
