"""What is set aside, what settled a doubt, chores, notices, archive, repeats seen."""

import sqlalchemy as sa

from alembic import op

UTC = sa.DateTime(timezone=True)

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _columns() -> dict[str, list[sa.Column]]:
    return {
        "queue_message": [
            sa.Column("held_at", UTC, nullable=True),
            sa.Column("crashes", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("settled_by", sa.String(), nullable=True),
            sa.Column("looked", sa.JSON(), nullable=True),
            sa.Column("looked_at", UTC, nullable=True),
        ],
        "account": [
            sa.Column("alive_at", UTC, nullable=True),
            sa.Column("turns", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("restored_from", UTC, nullable=True),
        ],
        "wedding": [
            sa.Column("retention", sa.JSON(), nullable=False, server_default="{}"),
        ],
    }


# What settled the doubts of before stands in their timeline.
SETTLED = """UPDATE queue_message SET settled_by = (
 SELECT {evidence} FROM message_event
 WHERE message_event.message_id = queue_message.id
 AND message_event.phase = 'settled' ORDER BY message_event.id DESC LIMIT 1)
 WHERE id IN (SELECT message_id FROM message_event WHERE phase = 'settled')"""
EVIDENCE = {
    "sqlite": "json_extract(metadata, '$.evidence')",
    "postgresql": "metadata ->> 'evidence'",
}


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    _index("held", "hold_rule", "held_at IS NOT NULL")
    _index("settled", "settled_by", "settled_by IS NOT NULL")
    _index("expires", "expires_at", "status = 'pending' AND expires_at IS NOT NULL")
    op.execute(SETTLED.format(evidence=EVIDENCE[op.get_bind().dialect.name]))
    _care()
    _archive()


def _index(name: str, column: str, condition: str) -> None:
    op.create_index(
        f"ix_queue_message_{name}",
        "queue_message",
        ["account_id", column],
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def _owner(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{column}_id"], [f"{column}.id"], name=f"fk_{table}_{column}_id"
    )


def _care() -> None:
    op.create_table(
        "chore",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", UTC, nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", UTC, nullable=True),
        sa.Column("wanted_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_chore"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        _owner("notice", "wedding"),
        _owner("notice", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_wedding_id_id", "notice", ["wedding_id", "id"])
    op.create_index(
        "uq_notice_open",
        "notice",
        ["wedding_id", "kind", "scope"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _archive() -> None:
    op.create_table(
        "message_archive",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=True),
        sa.Column("at", UTC, nullable=False),
        _owner("message_archive", "wedding"),
        _owner("message_archive", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_message_archive"),
        sa.UniqueConstraint("message_id", name="uq_message_archive_message_id"),
        sa.UniqueConstraint("task_id", name="uq_message_archive_task_id"),
    )
    op.create_index(
        "ix_message_archive_wedding_id_id", "message_archive", ["wedding_id", "id"]
    )
    op.create_table(
        "duplicate_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("whatsapp_id", sa.String(), nullable=False),
        sa.Column("sent_at", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        _owner("duplicate_seen", "wedding"),
        _owner("duplicate_seen", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_duplicate_seen"),
        sa.UniqueConstraint(
            "account_id",
            "whatsapp_id",
            name="uq_duplicate_seen_account_id_whatsapp_id",
        ),
    )
    op.create_index("ix_duplicate_seen_wedding_id", "duplicate_seen", ["wedding_id"])


def downgrade() -> None:
    for table in ("duplicate_seen", "message_archive", "notice", "chore"):
        op.drop_table(table)
    for name in ("held", "settled", "expires"):
        op.drop_index(f"ix_queue_message_{name}", "queue_message")
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
