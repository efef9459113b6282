"""The tables of the main job: wedding, accounts, consent, queue."""

import sqlalchemy as sa

from alembic import op

UTC = sa.DateTime(timezone=True)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "wedding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("groom_name", sa.String(), nullable=False),
        sa.Column("bride_name", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("default_country", sa.String(length=2), nullable=False),
        sa.Column("paused_at", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wedding"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("waha_url", sa.String(), nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("api_key_sealed", sa.String(), nullable=False),
        sa.Column("webhook_secret_sealed", sa.String(), nullable=False),
        sa.Column("webhook_url", sa.String(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("waha_version", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_at", UTC, nullable=True),
        sa.Column("status_seen_at", UTC, nullable=True),
        sa.Column("status_error", sa.String(), nullable=True),
        sa.Column("stopped_at", UTC, nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("push_name", sa.String(), nullable=True),
        sa.Column("lid", sa.String(), nullable=True),
        sa.Column("own_chat_id", sa.String(), nullable=True),
        sa.Column("qr_at", UTC, nullable=True),
        sa.Column("qr_count", sa.Integer(), nullable=False),
        sa.Column("last_heard_at", UTC, nullable=True),
        sa.Column("last_heard_kind", sa.String(), nullable=True),
        sa.Column("restricted_until", UTC, nullable=True),
        sa.Column("paused_at", UTC, nullable=True),
        sa.Column("pause_reason", sa.String(), nullable=True),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", UTC, nullable=True),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_account_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("wedding_id", "key", name="uq_account_wedding_id_key"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=True),
        sa.Column("last_used_at", UTC, nullable=True),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_api_key_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("key_hash", name="uq_api_key_key_hash"),
    )
    op.create_index("ix_api_key_wedding_id", "api_key", ["wedding_id"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_audit_entry_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_audit_entry_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index(
        "ix_audit_entry_wedding_id", "audit_entry", ["wedding_id"], unique=False
    )

    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("last_seen_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_login_session_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_login_session_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("token_hash", name="uq_login_session_token_hash"),
    )
    op.create_index(
        "ix_login_session_user_id", "login_session", ["user_id"], unique=False
    )

    op.create_table(
        "membership",
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_membership_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_membership_wedding_id"
        ),
        sa.PrimaryKeyConstraint("wedding_id", "user_id", name="pk_membership"),
    )
    op.create_table(
        "account_status_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_status_change_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_account_status_change_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_status_change"),
    )
    op.create_index(
        "ix_account_status_change_account_id_id",
        "account_status_change",
        ["account_id", "id"],
        unique=False,
    )

    op.create_table(
        "hearing_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("closed_at", UTC, nullable=True),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_hearing_gap_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_hearing_gap_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_gap"),
    )
    op.create_index(
        "ix_hearing_gap_account_id", "hearing_gap", ["account_id"], unique=False
    )
    op.create_index(
        "uq_hearing_gap_open",
        "hearing_gap",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )

    op.create_table(
        "inbound_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("push_name", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_inbound_message_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_inbound_message_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_message"),
        sa.UniqueConstraint(
            "account_id",
            "chat_id",
            "message_id",
            name="uq_inbound_message_account_id_chat_id_message_id",
        ),
        sa.UniqueConstraint(
            "id",
            "account_id",
            "chat_id",
            name="uq_inbound_message_id_account_id_chat_id",
        ),
    )
    op.create_table(
        "policy",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_policy_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_policy"),
    )
    op.create_table(
        "queue_counter",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_queue_counter_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "bucket", name="pk_queue_counter"),
    )
    op.create_table(
        "webhook_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("applied_at", UTC, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_webhook_log_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_webhook_log_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_log"),
        sa.UniqueConstraint(
            "account_id",
            "event_id",
            "event",
            name="uq_webhook_log_account_id_event_id_event",
        ),
    )
    op.create_index(
        "ix_webhook_log_message",
        "webhook_log",
        ["account_id", "message_id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_log_open",
        "webhook_log",
        ["account_id", "id"],
        unique=False,
        sqlite_where=sa.text("applied_at IS NULL"),
        postgresql_where=sa.text("applied_at IS NULL"),
    )

    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("inbound_id", sa.Integer(), nullable=True),
        sa.Column("evidence_at", UTC, nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.Column("revoked_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(source = 'own_number') = (inbound_id IS NULL)", name="ck_consent_evidence"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_consent_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id", "account_id", "chat_id"],
            [
                "inbound_message.id",
                "inbound_message.account_id",
                "inbound_message.chat_id",
            ],
            name="fk_consent_inbound_id_account_id_chat_id",
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_consent_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sa.UniqueConstraint(
            "id", "account_id", "chat_id", name="uq_consent_id_account_id_chat_id"
        ),
    )
    op.create_index(
        "ix_consent_account_id_phone", "consent", ["account_id", "phone"], unique=False
    )
    op.create_index(
        "uq_consent_valid",
        "consent",
        ["account_id", "chat_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )

    op.create_table(
        "queue_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("queue_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=True),
        sa.Column("forced_at", UTC, nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("hold_rule", sa.String(), nullable=True),
        sa.Column("hold_params", sa.JSON(), nullable=False),
        sa.Column("skip_reason", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_params", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("reserved_id", sa.String(), nullable=True),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("dispatched_at", UTC, nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("ack", sa.Integer(), nullable=True),
        sa.Column("ack_error_at", UTC, nullable=True),
        sa.Column("unacknowledged_at", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column(
            "bucket",
            sa.String(),
            sa.Computed(
                "CASE\n WHEN status = 'pending' AND hold_rule IS NULL THEN 'waiting'\n WHEN status = 'pending' THEN 'held'\n WHEN status = 'sent' AND ack_error_at IS NOT NULL THEN 'refused'\n WHEN status = 'sent' AND ack >= 3 THEN 'read'\n WHEN status = 'sent' AND ack = 2 THEN 'delivered'\n ELSE status END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint("max_attempts >= 1", name="ck_queue_message_max_attempts"),
        sa.CheckConstraint(
            "priority BETWEEN 1 AND 5", name="ck_queue_message_priority"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_queue_message_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["consent_id", "account_id", "chat_id"],
            ["consent.id", "consent.account_id", "consent.chat_id"],
            name="fk_queue_message_consent_id_account_id_chat_id",
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_queue_message_created_by"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_queue_message_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_queue_message"),
        sa.UniqueConstraint("task_id", name="uq_queue_message_task_id"),
        sa.UniqueConstraint(
            "wedding_id",
            "idempotency_key",
            name="uq_queue_message_wedding_id_idempotency_key",
        ),
    )
    op.create_index(
        "ix_queue_message_bucket",
        "queue_message",
        ["wedding_id", "bucket", "id"],
        unique=False,
    )
    op.create_index(
        "ix_queue_message_processing",
        "queue_message",
        ["account_id"],
        unique=False,
        sqlite_where=sa.text("status = 'processing'"),
        postgresql_where=sa.text("status = 'processing'"),
    )
    op.create_index(
        "ix_queue_message_unconfirmed",
        "queue_message",
        ["account_id"],
        unique=False,
        sqlite_where=sa.text("status = 'unconfirmed'"),
        postgresql_where=sa.text("status = 'unconfirmed'"),
    )
    op.create_index(
        "ix_queue_message_forced",
        "queue_message",
        ["account_id", "forced_at"],
        unique=False,
        sqlite_where=sa.text("forced_at IS NOT NULL"),
        postgresql_where=sa.text("forced_at IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_message_due",
        "queue_message",
        ["account_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_queue_message_line",
        "queue_message",
        ["account_id", "priority", "queue_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_queue_message_provider",
        "queue_message",
        ["account_id", "provider_message_id"],
        unique=False,
    )
    op.create_index(
        "ix_queue_message_reserved",
        "queue_message",
        ["account_id", "reserved_id"],
        unique=False,
    )

    op.create_table(
        "message_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("dispatched_at", UTC, nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("gap_seconds", sa.Float(), nullable=False),
        sa.Column("sibling_seconds", sa.Float(), nullable=False),
        sa.Column("rest_seconds", sa.Float(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_message_attempt_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["queue_message.id"], name="fk_message_attempt_message_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_message_attempt_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message_attempt"),
        sa.UniqueConstraint(
            "message_id", "attempt", name="uq_message_attempt_message_id_attempt"
        ),
    )
    op.create_index(
        "ix_message_attempt_account",
        "message_attempt",
        ["account_id", "counts", "dispatched_at"],
        unique=False,
    )
    op.create_index(
        "ix_message_attempt_chat",
        "message_attempt",
        ["chat_id", "counts", "dispatched_at"],
        unique=False,
    )

    op.create_table(
        "message_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wedding_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["queue_message.id"], name="fk_message_event_message_id"
        ),
        sa.ForeignKeyConstraint(
            ["wedding_id"], ["wedding.id"], name="fk_message_event_wedding_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message_event"),
    )
    op.create_index(
        "ix_message_event_message_id_id",
        "message_event",
        ["message_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_message_event_wedding_id_id",
        "message_event",
        ["wedding_id", "id"],
        unique=False,
    )


def downgrade() -> None:

    op.drop_table("message_event")

    op.drop_table("message_attempt")

    op.drop_table("queue_message")

    op.drop_table("consent")

    op.drop_table("webhook_log")
    op.drop_table("queue_counter")
    op.drop_table("policy")
    op.drop_table("inbound_message")

    op.drop_table("hearing_gap")

    op.drop_table("account_status_change")
    op.drop_table("membership")

    op.drop_table("login_session")

    op.drop_table("audit_entry")

    op.drop_table("api_key")
    op.drop_table("account")
    op.drop_table("wedding")
    op.drop_table("users")
