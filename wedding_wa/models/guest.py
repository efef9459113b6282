"""models: households and their guests, as the couple lists them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wedding_wa.models.base import UtcDateTime

# How far a household has come. One place: the database derives it.
STAGE_SQL = """CASE
 WHEN opted_out_at IS NOT NULL THEN 'opted_out'
 WHEN activated_at IS NOT NULL THEN 'active'
 WHEN opened_at IS NOT NULL THEN 'opened'
 WHEN invited_at IS NOT NULL THEN 'link_sent'
 ELSE 'not_invited' END"""


class Household(SQLModel, table=True):
    """People invited together, with one invitation and one secret link.

    `token` is the secret of `/i/{token}`; `code` is what the first WhatsApp message
    carries. `side` is whose number the invitation offers. `opened_at` is the first
    opening, `activated_at` the first message; `opted_out_at` while nobody of it wants
    any. `folded` is the name for search and order: lower case, no accents.
    """

    __tablename__ = "household"
    __table_args__ = (
        sa.UniqueConstraint("wedding_id", "code"),
        sa.Index(None, "wedding_id", "stage", "id"),
        sa.Index(None, "wedding_id", "folded", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    name: str
    folded: str
    side: str
    language: str | None = None
    notes: str = ""
    token: str = Field(unique=True)
    code: str
    invited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opens: int = 0
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opted_out_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    stage: str | None = Field(
        default=None,
        sa_column=sa.Column(
            sa.String, sa.Computed(STAGE_SQL, persisted=True), nullable=True
        ),
    )


class HouseholdAlias(SQLModel, table=True):
    """The link and the code of a household that became part of another."""

    __tablename__ = "household_alias"
    __table_args__ = (sa.UniqueConstraint("wedding_id", "code"),)

    token: str = Field(primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    household_id: int = Field(foreign_key="household.id", index=True)
    code: str


class Guest(SQLModel, table=True):
    """One person. Several on one phone: the first has it, `contact_id` names them.

    `phone` is E.164; `language` None means the household's.
    """

    __tablename__ = "guest"
    __table_args__ = (
        sa.UniqueConstraint("wedding_id", "phone"),
        sa.Index(None, "wedding_id", "folded", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")
    household_id: int = Field(foreign_key="household.id", index=True)
    name: str
    folded: str
    side: str
    phone: str | None = None
    contact_id: int | None = Field(default=None, foreign_key="guest.id", index=True)
    language: str | None = None
    notes: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class GuestTag(SQLModel, table=True):
    """A word by which the couple groups guests; lower case, no spaces."""

    __tablename__ = "guest_tag"
    __table_args__ = (sa.Index(None, "wedding_id", "tag"),)

    guest_id: int = Field(foreign_key="guest.id", primary_key=True)
    tag: str = Field(primary_key=True)
    wedding_id: int = Field(foreign_key="wedding.id")


class ImportDraft(SQLModel, table=True):
    """A guest list that was uploaded and not yet confirmed; nothing is written of it.

    `data` is the cells, as compressed JSON; `columns` says which is what.
    """

    __tablename__ = "import_draft"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True)
    wedding_id: int = Field(foreign_key="wedding.id", index=True)
    user_id: int | None = Field(default=None, foreign_key="users.id")
    filename: str
    data: bytes = Field(sa_type=sa.LargeBinary)
    columns: dict[str, object] = Field(default_factory=dict, sa_type=sa.JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
