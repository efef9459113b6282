"""Guests come first: households, chats, opt-outs, invitations, lists to import."""

import sqlalchemy as sa

from alembic import op

UTC = sa.DateTime(timezone=True)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STAGE = """CASE
 WHEN opted_out_at IS NOT NULL THEN 'opted_out'
 WHEN activated_at IS NOT NULL THEN 'active'
 WHEN opened_at IS NOT NULL THEN 'opened'
 WHEN invited_at IS NOT NULL THEN 'link_sent'
 ELSE 'not_invited' END"""
# The chats of those who wrote before there were chats in the database.
KNOWN_CHATS = """INSERT INTO chat (wedding_id, account_id, chat_id, phone, push_name,
 last_at, last_text, last_from_us, last_inbound_at, unread)
 SELECT i.wedding_id, i.account_id, i.chat_id, i.phone, i.push_name,
 i.at, substr(i.body, 1, 200), false, i.at, 0
 FROM inbound_message i WHERE i.id = (SELECT max(newest.id)
 FROM inbound_message newest WHERE newest.account_id = i.account_id
 AND newest.chat_id = i.chat_id)"""


def upgrade() -> None:
    _households()
    _invitations()
    _chats()
    _wishes()
    _refusals()
    _more_columns()
    op.execute(KNOWN_CHATS)


def _households() -> None:
    op.create_table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("invited_at", UTC, nullable=True),
        sa.Column("opened_at", UTC, nullable=True),
        sa.Column("last_opened_at", UTC, nullable=True),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("activated_at", UTC, nullable=True),
        sa.Column("opted_out_at", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.Column(
            "stage", sa.String(), sa.Computed(STAGE, persisted=True), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_household_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_household"),
        sa.UniqueConstraint("token", name="uq_household_token"),
        sa.UniqueConstraint("wedding_id", "code", name="uq_household_wedding_id_code"),
    )
    op.create_index(
        "ix_household_wedding_id_folded_id", "household", ["wedding_id", "folded", "id"]
    )
    op.create_index(
        "ix_household_wedding_id_stage_id", "household", ["wedding_id", "stage", "id"]
    )
    op.create_table(
        "guest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["guest.id"], name="fk_guest_contact_id"
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_guest_household_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_guest_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_guest"),
        sa.UniqueConstraint("wedding_id", "phone", name="uq_guest_wedding_id_phone"),
    )
    op.create_index("ix_guest_contact_id", "guest", ["contact_id"])
    op.create_index("ix_guest_household_id", "guest", ["household_id"])
    op.create_index(
        "ix_guest_wedding_id_folded_id", "guest", ["wedding_id", "folded", "id"]
    )
    op.create_table(
        "guest_tag",
        sa.Column("guest_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name="fk_guest_tag_guest_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_guest_tag_wedding_id"
        ),
        sa.PrimaryKeyConstraint("guest_id", "tag", name="pk_guest_tag"),
    )
    op.create_index("ix_guest_tag_wedding_id_tag", "guest_tag", ["wedding_id", "tag"])
    op.create_table(
        "import_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_import_draft_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_import_draft_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_import_draft"),
        sa.UniqueConstraint("token", name="uq_import_draft_token"),
    )
    op.create_index("ix_import_draft_wedding_id", "import_draft", ["wedding_id"])


def _invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_invitation_wedding_id"
        ),
        sa.PrimaryKeyConstraint("wedding_id", "language", name="pk_invitation"),
    )
    op.create_table(
        "invitation_cover",
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_invitation_cover_wedding_id"
        ),
        sa.PrimaryKeyConstraint("wedding_id", name="pk_invitation_cover"),
    )


def _chats() -> None:
    op.create_table(
        "chat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("push_name", sa.String(), nullable=True),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("guest_id", sa.Integer(), nullable=True),
        sa.Column("linked_how", sa.String(), nullable=True),
        sa.Column("linked_at", UTC, nullable=True),
        sa.Column("linked_by", sa.Integer(), nullable=True),
        sa.Column("ignored_at", UTC, nullable=True),
        sa.Column("last_at", UTC, nullable=True),
        sa.Column("last_text", sa.String(), nullable=False),
        sa.Column("last_from_us", sa.Boolean(), nullable=False),
        sa.Column("last_inbound_at", UTC, nullable=True),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("read_at", UTC, nullable=True),
        sa.Column("human_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_chat_account_id"
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name="fk_chat_guest_id"),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_chat_household_id"
        ),
        sa.ForeignKeyConstraint(["linked_by"], ["users.id"], name="fk_chat_linked_by"),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_chat_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_chat"),
        sa.UniqueConstraint("account_id", "chat_id", name="uq_chat_account_id_chat_id"),
    )
    op.create_index("ix_chat_guest_id", "chat", ["guest_id"])
    op.create_index("ix_chat_household_id", "chat", ["household_id"])
    op.create_index("ix_chat_wedding_id_chat_id", "chat", ["wedding_id", "chat_id"])
    op.create_index(
        "ix_chat_wedding_id_last_at_id", "chat", ["wedding_id", "last_at", "id"]
    )
    op.create_index("ix_chat_wedding_id_phone", "chat", ["wedding_id", "phone"])
    op.create_table(
        "hand_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=True),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_hand_message_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_hand_message_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hand_message"),
        sa.UniqueConstraint(
            "account_id",
            "chat_id",
            "message_id",
            name="uq_hand_message_account_id_chat_id_message_id",
        ),
    )


def _wishes() -> None:
    op.create_table(
        "opt_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("guest_id", sa.Integer(), nullable=True),
        sa.Column("inbound_id", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", UTC, nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("undone_inbound_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_opt_out_account_id"
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name="fk_opt_out_guest_id"),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name="fk_opt_out_inbound_id"
        ),
        sa.ForeignKeyConstraint(["noted_by"], ["users.id"], name="fk_opt_out_noted_by"),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["users.id"], name="fk_opt_out_undone_by"
        ),
        sa.ForeignKeyConstraint(
            ["undone_inbound_id"],
            ["inbound_message.id"],
            name="fk_opt_out_undone_inbound_id",
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_opt_out_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_opt_out"),
    )
    op.create_index("ix_opt_out_guest_id", "opt_out", ["guest_id"])
    op.create_index("ix_opt_out_wedding_id_phone", "opt_out", ["wedding_id", "phone"])
    op.create_index(
        "uq_opt_out_active",
        "opt_out",
        ["wedding_id", "chat_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "stop_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("inbound_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("answered_at", UTC, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_stop_question_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["users.id"], name="fk_stop_question_answered_by"
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name="fk_stop_question_inbound_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_stop_question_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stop_question"),
        sa.UniqueConstraint("inbound_id", name="uq_stop_question_inbound_id"),
    )
    op.create_index(
        "ix_stop_question_open",
        "stop_question",
        ["wedding_id", "id"],
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )


def _refusals() -> None:
    op.create_table(
        "webhook_refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_webhook_refusal_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_webhook_refusal_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_refusal"),
    )
    op.create_index(
        "ix_webhook_refusal_wedding_id_id", "webhook_refusal", ["wedding_id", "id"]
    )


def _more_columns() -> None:
    op.add_column("account", sa.Column("hears_by", sa.String(), nullable=True))
    op.add_column("account", sa.Column("hears_since", UTC, nullable=True))
    op.add_column("account", sa.Column("webhook_at", UTC, nullable=True))
    op.add_column("account", sa.Column("linked_at", UTC, nullable=True))
    op.add_column("inbound_message", sa.Column("media", sa.String(), nullable=True))
    op.add_column(
        "wedding", sa.Column("place", sa.String(), nullable=False, server_default="")
    )
    op.add_column(
        "wedding",
        sa.Column("guest_language", sa.String(), nullable=False, server_default="en"),
    )


def downgrade() -> None:

    op.drop_column("wedding", "guest_language")
    op.drop_column("wedding", "place")
    op.drop_column("inbound_message", "media")
    op.drop_column("account", "linked_at")
    op.drop_column("account", "webhook_at")
    op.drop_column("account", "hears_since")
    op.drop_column("account", "hears_by")
    op.drop_table("stop_question")
    op.drop_table("opt_out")
    op.drop_table("guest_tag")
    op.drop_table("chat")
    op.drop_table("webhook_refusal")
    op.drop_table("hand_message")
    op.drop_table("guest")
    op.drop_table("invitation_cover")
    op.drop_table("invitation")
    op.drop_table("import_draft")
    op.drop_table("household")
