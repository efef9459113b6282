"""A consent says to which of the couple's numbers it was given."""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Until now an account had one number, or its consents would say otherwise.
FILL = """UPDATE consent SET given_to = (
 SELECT '+' || substr(account.own_chat_id, 1, length(account.own_chat_id) - 5)
 FROM account WHERE account.id = consent.account_id
 AND account.own_chat_id LIKE '%@c.us')"""
CHANGED = (
    "OLD.given_to IS NOT NULL "
    "AND (NEW.given_to IS NULL OR NEW.given_to <> OLD.given_to)"
)
NAME, SAYS = "consent_number_frozen", "a consent keeps the number it was given to"


def upgrade() -> None:
    op.add_column("consent", sa.Column("given_to", sa.String(), nullable=True))
    op.execute(FILL)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {NAME} BEFORE UPDATE ON consent WHEN {CHANGED} "
            f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {CHANGED} THEN RAISE EXCEPTION '{SAYS}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {NAME} BEFORE UPDATE ON consent "
        f"FOR EACH ROW EXECUTE FUNCTION {NAME}()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {NAME}")
    else:
        op.execute(f"DROP TRIGGER {NAME} ON consent")
        op.execute(f"DROP FUNCTION {NAME}()")
    op.drop_column("consent", "given_to")
