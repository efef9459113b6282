"""Rules about guests that the database keeps by itself, whatever the code does.

Nothing is queued for a chat that wants no more messages, and nothing leaves for one,
nor on a consent that was taken back. An opt-out keeps what it rests on, and once
undone stays undone. A hand message is evidence like an inbound one.
"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPTED_OUT = (
    "EXISTS (SELECT 1 FROM opt_out WHERE opt_out.wedding_id = NEW.wedding_id "
    "AND opt_out.chat_id = NEW.chat_id AND opt_out.undone_at IS NULL)"
)
REVOKED = (
    "EXISTS (SELECT 1 FROM consent WHERE consent.id = NEW.consent_id "
    "AND consent.revoked_at IS NOT NULL)"
)
LEAVES = (
    "NEW.dispatched_at IS NOT NULL AND (OLD.dispatched_at IS NULL "
    "OR NEW.dispatched_at <> OLD.dispatched_at)"
)
# (name, table, event, condition that is refused, message)
REFUSED = [
    (
        "queue_message_wanted",
        "queue_message",
        "INSERT",
        OPTED_OUT,
        "the guest wants no more messages",
    ),
    (
        "queue_message_leaves_wanted",
        "queue_message",
        "UPDATE",
        f"{LEAVES} AND ({OPTED_OUT} OR {REVOKED})",
        "the guest wants no more messages",
    ),
    (
        "opt_out_frozen",
        "opt_out",
        "UPDATE",
        "NEW.id <> OLD.id OR NEW.wedding_id <> OLD.wedding_id "
        "OR NEW.account_id <> OLD.account_id OR NEW.chat_id <> OLD.chat_id "
        "OR NEW.at <> OLD.at OR (OLD.undone_at IS NOT NULL AND "
        "(NEW.undone_at IS NULL OR NEW.undone_at <> OLD.undone_at))",
        "an opt-out cannot be changed, only undone",
    ),
]


def _sqlite(name: str, table: str, event: str, condition: str, message: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _postgres(name: str, table: str, event: str, condition: str, message: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    guard = _sqlite if _on_sqlite() else _postgres
    for rule in REFUSED:
        guard(*rule)


def downgrade() -> None:
    for name, table, *_ in REFUSED:
        if _on_sqlite():
            op.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            op.execute(sa.text(f"DROP TRIGGER {name} ON {table}"))
            op.execute(sa.text(f"DROP FUNCTION {name}()"))
