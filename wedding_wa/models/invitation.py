"""models: what the invitation says, and its picture."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime


class Invitation(SQLModel, table=True):
    """The invitation's texts in one language, as JSON.

    A text that is missing has its default, so a new one needs no migration.
    """

    __tablename__ = "invitation"

    wedding_id: int = Field(foreign_key="wedding.id", primary_key=True)
    language: str = Field(primary_key=True)
    texts: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class InvitationCover(SQLModel, table=True):
    """The cover picture, made small on its way in. `digest` names its version."""

    __tablename__ = "invitation_cover"

    wedding_id: int = Field(foreign_key="wedding.id", primary_key=True)
    mime: str
    digest: str
    width: int
    height: int
    data: bytes = Field(sa_type=sa.LargeBinary)
    updated_at: datetime = Field(sa_type=UtcDateTime)
