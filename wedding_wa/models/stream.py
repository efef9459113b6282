"""models: the order in which the feed for programs tells what happened."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime


class Source(StrEnum):
    """Which table's row an entry points at, or what it says of the entries before."""

    MESSAGE = "message"  # message_event
    ACCOUNT = "account"  # account_status_change
    INBOUND = "inbound"  # inbound_message
    CONSENT = "consent"
    FORGOTTEN = "forgotten"  # retention: what was before is not kept any more
    RESTORED = "restored"  # a copy: what came after the entry before may be lost


class StreamEntry(SQLModel, table=True):
    """Something happened: the new row `ref` of `source`. Written by triggers.

    Numbered as committed: whoever has read a wedding's entries up to an id has missed
    none below it. `ref` may be gone by the time somebody reads; it is 0 where `source`
    names no table (services.stream_marks).
    """

    __tablename__ = "stream_entry"
    __table_args__ = (
        sa.Index(None, "wedding_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    source: str
    ref: int
    at: datetime = Field(sa_type=UtcDateTime)
