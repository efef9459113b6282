"""A message that was put away keeps its key: asked again, nothing is queued twice."""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEX = "ix_message_archive_wedding_id_idempotency_key"
# Those that were put away whole before have it in their record.
KEPT = "UPDATE message_archive SET idempotency_key = {key}"
KEY = {
    "sqlite": "json_extract(record, '$.idempotency_key')",
    "postgresql": "record ->> 'idempotency_key'",
}


def upgrade() -> None:
    for name in ("idempotency_key", "asked"):
        op.add_column("message_archive", sa.Column(name, sa.String(), nullable=True))
    op.create_index(INDEX, "message_archive", ["wedding_id", "idempotency_key"])
    op.execute(KEPT.format(key=KEY[op.get_bind().dialect.name]))


def downgrade() -> None:
    op.drop_index(INDEX, "message_archive")
    for name in ("asked", "idempotency_key"):
        op.drop_column("message_archive", name)
