"""Rules that the database keeps by itself, whatever the code does.

Consents and what they rest on cannot be changed; a message keeps its chat and its
consent; `attempt` and `ack` only grow; the counters are always the true counts.
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# (table, columns that never change once written)
FROZEN = {
    "consent": [
        "id",
        "wedding_id",
        "account_id",
        "chat_id",
        "source",
        "inbound_id",
        "evidence_at",
        "created_at",
    ],
    "inbound_message": [
        "id",
        "wedding_id",
        "account_id",
        "chat_id",
        "message_id",
        "source",
        "at",
    ],
    "queue_message": [
        "id",
        "task_id",
        "wedding_id",
        "account_id",
        "consent_id",
        "chat_id",
    ],
}
# (name, table, event, condition that is refused, message)
REFUSED = [
    (
        "consent_revoked_for_good",
        "consent",
        "UPDATE",
        "OLD.revoked_at IS NOT NULL AND (NEW.revoked_at IS NULL "
        "OR NEW.revoked_at <> OLD.revoked_at)",
        "a revoked consent stays revoked",
    ),
    (
        "consent_phone_erased_only",
        "consent",
        "UPDATE",
        "NEW.phone IS NOT NULL AND OLD.phone IS NOT NULL AND NEW.phone <> OLD.phone",
        "a consent keeps its phone",
    ),
    (
        "consent_own_number",
        "consent",
        "INSERT",
        "NEW.source = 'own_number' AND NOT EXISTS (SELECT 1 FROM account "
        "WHERE account.id = NEW.account_id AND account.own_chat_id = NEW.chat_id)",
        "only the account's own number needs no inbound message",
    ),
    (
        "queue_message_valid_consent",
        "queue_message",
        "INSERT",
        "EXISTS (SELECT 1 FROM consent WHERE consent.id = NEW.consent_id "
        "AND consent.revoked_at IS NOT NULL)",
        "the consent was revoked",
    ),
    (
        "queue_message_attempt_grows",
        "queue_message",
        "UPDATE",
        "NEW.attempt < OLD.attempt",
        "attempt only grows",
    ),
    (
        "queue_message_ack_rises",
        "queue_message",
        "UPDATE",
        "OLD.ack IS NOT NULL AND (NEW.ack IS NULL OR NEW.ack < OLD.ack)",
        "ack only rises",
    ),
]
COUNT_UP = (
    "INSERT INTO queue_counter (account_id, bucket, n) VALUES "
    "(NEW.account_id, NEW.bucket, 1) "
    "ON CONFLICT (account_id, bucket) DO UPDATE SET n = queue_counter.n + 1"
)
COUNT_DOWN = (
    "UPDATE queue_counter SET n = n - 1 "
    "WHERE account_id = OLD.account_id AND bucket = OLD.bucket"
)


def _frozen() -> list[tuple[str, str, str, str, str]]:
    rules = []
    for table, columns in FROZEN.items():
        changed = " OR ".join(f"NEW.{c} IS DISTINCT FROM OLD.{c}" for c in columns)
        rules.append(
            (f"{table}_frozen", table, "UPDATE", changed, f"{table} cannot be changed")
        )
    return rules


def _sqlite(name: str, table: str, event: str, condition: str, message: str) -> None:
    condition = condition.replace("IS DISTINCT FROM", "IS NOT")
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END".replace(
            "account's", "account''s"
        )
    )


def _sqlite_counters() -> None:
    for event, steps in (
        ("INSERT", [COUNT_UP]),
        ("DELETE", [COUNT_DOWN]),
        ("UPDATE", [COUNT_DOWN, COUNT_UP]),
    ):
        when = "WHEN OLD.bucket IS NOT NEW.bucket" if event == "UPDATE" else ""
        op.execute(
            f"CREATE TRIGGER queue_counter_{event.lower()} AFTER {event} "
            f"ON queue_message {when} BEGIN {'; '.join(steps)}; END"
        )


def _postgres(name: str, table: str, event: str, condition: str, message: str) -> None:
    message = message.replace("'", "''")
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


def _postgres_counters() -> None:
    op.execute(
        "CREATE FUNCTION queue_counter_keep() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN "
        "IF TG_OP = 'UPDATE' AND OLD.bucket IS NOT DISTINCT FROM NEW.bucket "
        "THEN RETURN NULL; END IF; "
        # always in the buckets' order: else two moves in opposite directions would
        # each hold the row that the other one wants
        f"IF TG_OP = 'UPDATE' AND NEW.bucket < OLD.bucket "
        f"THEN {COUNT_UP}; {COUNT_DOWN}; RETURN NULL; END IF; "
        f"IF TG_OP <> 'INSERT' THEN {COUNT_DOWN}; END IF; "
        f"IF TG_OP <> 'DELETE' THEN {COUNT_UP}; END IF; "
        "RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER queue_counter_keep AFTER INSERT OR UPDATE OR DELETE "
        "ON queue_message FOR EACH ROW EXECUTE FUNCTION queue_counter_keep()"
    )


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    guard = _sqlite if _on_sqlite() else _postgres
    for rule in [*_frozen(), *REFUSED]:
        guard(*rule)
    if _on_sqlite():
        _sqlite_counters()
    else:
        _postgres_counters()


def downgrade() -> None:
    names = [(name, table) for name, table, *_ in [*_frozen(), *REFUSED]]
    if _on_sqlite():
        counters = [
            f"queue_counter_{event}" for event in ("insert", "delete", "update")
        ]
        for name in [*(name for name, _ in names), *counters]:
            op.execute(sa.text(f"DROP TRIGGER {name}"))
        return
    for name, table in [*names, ("queue_counter_keep", "queue_message")]:
        op.execute(sa.text(f"DROP TRIGGER {name} ON {table}"))
        op.execute(sa.text(f"DROP FUNCTION {name}()"))
