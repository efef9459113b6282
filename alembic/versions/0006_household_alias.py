"""Two households become one: the links and codes of both go on working."""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household_alias",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name="fk_household_alias_household_id",
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_household_alias_wedding_id"
        ),
        sa.PrimaryKeyConstraint("token", name="pk_household_alias"),
        sa.UniqueConstraint(
            "wedding_id", "code", name="uq_household_alias_wedding_id_code"
        ),
    )
    op.create_index(
        "ix_household_alias_household_id", "household_alias", ["household_id"]
    )


def downgrade() -> None:
    op.drop_table("household_alias")
