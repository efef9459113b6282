"""Refused deliveries to nobody's address are kept too; indexes for the Webhooks page.

Nothing is lost by making the table of refusals anew: it is younger than any release.
"""

import sqlalchemy as sa

from alembic import op

UTC = sa.DateTime(timezone=True)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = [
    ("ix_webhook_log_newest", ["account_id", "id"], None),
    ("ix_webhook_log_event", ["account_id", "event", "id"], None),
    ("ix_webhook_log_failed", ["account_id", "id"], "error IS NOT NULL"),
]


def upgrade() -> None:
    op.drop_table("webhook_refusal")
    _refusals(account_known=False)
    op.create_index(
        "ix_webhook_refusal_account_id_id", "webhook_refusal", ["account_id", "id"]
    )
    for name, columns, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(
            name, "webhook_log", columns, sqlite_where=where, postgresql_where=where
        )


def downgrade() -> None:
    for name, _, _ in INDEXES:
        op.drop_index(name, "webhook_log")
    op.drop_table("webhook_refusal")
    _refusals(account_known=True)


def _refusals(*, account_known: bool) -> None:
    told = [] if account_known else [sa.Column("asked", sa.String(), nullable=False)]
    op.create_table(
        "webhook_refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=not account_known),
        *told,
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
