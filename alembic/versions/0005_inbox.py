"""Indexes for the inbox: who wrote last, what is unread, one chat's lines in order."""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# (name, columns, condition)
OF_CHATS = [
    (
        "ix_chat_inbox",
        ["wedding_id", "last_inbound_at", "id"],
        "last_inbound_at IS NOT NULL",
    ),
    ("ix_chat_unread", ["wedding_id", "id"], "unread > 0"),
    ("ix_chat_unknown", ["wedding_id", "id"], "household_id IS NULL"),
]


def upgrade() -> None:
    for name, columns, condition in OF_CHATS:
        op.create_index(
            name,
            "chat",
            columns,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index(
        "ix_inbound_message_chat",
        "inbound_message",
        ["account_id", "chat_id", "at", "id"],
    )
    op.create_index(
        "ix_queue_message_chat", "queue_message", ["account_id", "chat_id", "id"]
    )


def downgrade() -> None:
    op.drop_index("ix_queue_message_chat", "queue_message")
    op.drop_index("ix_inbound_message_chat", "inbound_message")
    for name, _, _ in OF_CHATS:
        op.drop_index(name, "chat")
