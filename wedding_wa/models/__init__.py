"""The models room: SQLModel tables, one file a noun.

Importing it registers every table, for Alembic and for foreign keys by name.
"""

from wedding_wa.models.account import (
    Account,
    AccountStatusChange,
    HearingGap,
    Policy,
)
from wedding_wa.models.inbound import Consent, Evidence, InboundMessage, WebhookLog
from wedding_wa.models.message import (
    BUCKETS,
    MessageAttempt,
    MessageEvent,
    QueueCounter,
    QueueMessage,
)
from wedding_wa.models.wedding import (
    ApiKey,
    AuditEntry,
    LoginSession,
    Membership,
    Role,
    User,
    Wedding,
)

__all__ = [
    "BUCKETS",
    "Account",
    "AccountStatusChange",
    "ApiKey",
    "AuditEntry",
    "Consent",
    "Evidence",
    "HearingGap",
    "InboundMessage",
    "LoginSession",
    "Membership",
    "MessageAttempt",
    "MessageEvent",
    "Policy",
    "QueueCounter",
    "QueueMessage",
    "Role",
    "User",
    "WebhookLog",
    "Wedding",
]
