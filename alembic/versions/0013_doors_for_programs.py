"""What programs need: their own name for a message, a feed to follow, tokens.

`stream_entry` is the order in which a wedding's feed tells what happened. Triggers
write it, so that no part of the code can forget to, in the transaction of the cause.
"""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
NAME = "client_message_id"
CLIENT = sa.text(f"{NAME} IS NOT NULL")
# Each table whose new rows the feed tells, as which source, and when they were.
TOLD = (
    ("message_event", "message", "at"),
    ("account_status_change", "account", "at"),
    ("inbound_message", "inbound", "received_at"),
    ("consent", "consent", "created_at"),
)
ENTRY = (
    "INSERT INTO stream_entry (wedding_id, source, ref, at) "
    "VALUES (NEW.wedding_id, '{source}', NEW.id, NEW.{at})"
)
# Entries of a wedding are numbered as they are committed, so that whoever has read up
# to a number has missed none below it. Taken at the commit, behind every lock on a
# row: so nobody who has to wait is in another's way.
IN_TURN = "PERFORM pg_advisory_xact_lock(1465008461, NEW.wedding_id)"


def upgrade() -> None:
    for name in ("queue_message", "message_archive"):
        op.add_column(name, sa.Column(NAME, sa.String(), nullable=True))
        op.create_index(
            f"uq_{name}_client",
            name,
            ["wedding_id", NAME],
            unique=True,
            sqlite_where=CLIENT,
            postgresql_where=CLIENT,
        )
    _stream()
    _grants()


def _stream() -> None:
    op.create_table(
        "stream_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("ref", sa.Integer(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        _owner("stream_entry", "wedding_id", "wedding"),
        sa.PrimaryKeyConstraint("id", name="pk_stream_entry"),
        sqlite_autoincrement=True,  # a number that was given is never given again
    )
    index = "ix_stream_entry_wedding_id_id"
    op.create_index(index, "stream_entry", ["wedding_id", "id"])
    trigger = _sqlite if op.get_bind().dialect.name == "sqlite" else _postgres
    for told in TOLD:
        trigger(*told)


def _sqlite(table: str, source: str, at: str) -> None:
    entry = ENTRY.format(source=source, at=at)
    op.execute(
        f"CREATE TRIGGER stream_{source} AFTER INSERT ON {table} BEGIN {entry}; END"
    )


def _postgres(table: str, source: str, at: str) -> None:
    entry = ENTRY.format(source=source, at=at)
    op.execute(
        f"CREATE FUNCTION stream_{source}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN {IN_TURN}; {entry}; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE CONSTRAINT TRIGGER stream_{source} AFTER INSERT ON {table} "
        "DEFERRABLE INITIALLY DEFERRED "
        f"FOR EACH ROW EXECUTE FUNCTION stream_{source}()"
    )


def _grants() -> None:
    op.create_table(
        "token_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("refresh_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("last_used_at", UTC, nullable=True),
        sa.Column("revoked_at", UTC, nullable=True),
        _owner("token_grant", "wedding_id", "wedding"),
        _owner("token_grant", "user_id", "users"),
        _owner("token_grant", "key_id", "api_key"),
        sa.PrimaryKeyConstraint("id", name="pk_token_grant"),
        sa.UniqueConstraint("prefix", name="uq_token_grant_prefix"),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (key_id IS NULL)", name="ck_token_grant_whose"
        ),
    )
    for name in ("wedding_id", "user_id", "key_id"):
        op.create_index(f"ix_token_grant_{name}", "token_grant", [name])


def _owner(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=name)


def downgrade() -> None:
    op.drop_table("token_grant")
    for table, source, _ in TOLD:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER stream_{source}")
        else:
            op.execute(f"DROP TRIGGER stream_{source} ON {table}")
            op.execute(f"DROP FUNCTION stream_{source}()")
    op.drop_table("stream_entry")
    for name in ("queue_message", "message_archive"):
        op.drop_index(f"uq_{name}_client", name)
        op.drop_column(name, NAME)
