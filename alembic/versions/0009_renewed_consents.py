"""What waits may rest on the same proof once more.

A consent that ended because another number logged in comes back, as a new row of the
same proof, with the number it was given to. A message that waits, or of which
nobody knows whether it went, may go over to that row and to no other; all else of it
stays frozen.
"""

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME, SAYS = "queue_message_frozen", "queue_message cannot be changed"
FROZEN = ("id", "task_id", "wedding_id", "account_id", "chat_id")
SAME_PROOF = """OLD.status IN ('pending', 'unconfirmed') AND EXISTS (
 SELECT 1 FROM consent renewed JOIN consent ended ON ended.id = OLD.consent_id
 WHERE renewed.id = NEW.consent_id AND renewed.revoked_at IS NULL
 AND ended.revoked_reason = 'number_changed'
 AND renewed.given_to = ended.given_to
 AND (renewed.inbound_id = ended.inbound_id
 OR (renewed.source = 'own_number' AND ended.source = 'own_number')))"""


def _changed(*columns: str) -> str:
    return " OR ".join(f"NEW.{one} IS DISTINCT FROM OLD.{one}" for one in columns)


def _guard(condition: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        on_sqlite = condition.replace("IS DISTINCT FROM", "IS NOT")
        op.execute(sa.text(f"DROP TRIGGER {NAME}"))
        op.execute(
            sa.text(
                f"CREATE TRIGGER {NAME} BEFORE UPDATE ON queue_message "
                f"WHEN {on_sqlite} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
        )
        return
    op.execute(
        sa.text(
            f"CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger "
            f"LANGUAGE plpgsql AS $$ BEGIN IF {condition} "
            f"THEN RAISE EXCEPTION '{SAYS}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END $$"
        )
    )


def upgrade() -> None:
    moved = f"({_changed('consent_id')}) AND NOT ({SAME_PROOF})"
    _guard(f"{_changed(*FROZEN)} OR ({moved})")


def downgrade() -> None:
    _guard(_changed(*FROZEN, "consent_id"))
