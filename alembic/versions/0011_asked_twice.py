"""What was asked under a key, who is tried again, until when WAHA wants a pause."""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


RETRIED = sa.text("status = 'pending' AND failures > 0")


def upgrade() -> None:
    op.add_column("queue_message", sa.Column("asked", sa.String(), nullable=True))
    op.add_column(
        "account",
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "ix_queue_message_retried",
        "queue_message",
        ["account_id"],
        sqlite_where=RETRIED,
        postgresql_where=RETRIED,
    )


def downgrade() -> None:
    op.drop_index("ix_queue_message_retried", "queue_message")
    op.drop_column("account", "busy_until")
    op.drop_column("queue_message", "asked")
