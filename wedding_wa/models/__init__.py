"""The models room: SQLModel tables, one file a noun.

Importing it registers every table, for Alembic and for foreign keys by name.
"""

from wedding_wa.models.account import (
    Account,
    AccountStatusChange,
    HearingGap,
    Policy,
)
from wedding_wa.models.care import Chore, Notice
from wedding_wa.models.chat import Chat, HandMessage, OptOut, StopQuestion
from wedding_wa.models.guest import (
    Guest,
    GuestTag,
    Household,
    HouseholdAlias,
    ImportDraft,
)
from wedding_wa.models.inbound import (
    Consent,
    Evidence,
    InboundMessage,
    WebhookLog,
    WebhookRefusal,
)
from wedding_wa.models.invitation import Invitation, InvitationCover
from wedding_wa.models.message import (
    BUCKETS,
    DuplicateSeen,
    MessageArchive,
    MessageAttempt,
    MessageEvent,
    QueueCounter,
    QueueMessage,
)
from wedding_wa.models.stream import Source, StreamEntry
from wedding_wa.models.wedding import (
    ApiKey,
    AuditEntry,
    LoginSession,
    Membership,
    Role,
    TokenGrant,
    User,
    Wedding,
)

__all__ = [
    "BUCKETS",
    "Account",
    "AccountStatusChange",
    "ApiKey",
    "AuditEntry",
    "Chat",
    "Chore",
    "Consent",
    "DuplicateSeen",
    "Evidence",
    "Guest",
    "GuestTag",
    "HandMessage",
    "HearingGap",
    "Household",
    "HouseholdAlias",
    "ImportDraft",
    "InboundMessage",
    "Invitation",
    "InvitationCover",
    "LoginSession",
    "Membership",
    "MessageArchive",
    "MessageAttempt",
    "MessageEvent",
    "Notice",
    "OptOut",
    "Policy",
    "QueueCounter",
    "QueueMessage",
    "Role",
    "Source",
    "StopQuestion",
    "StreamEntry",
    "TokenGrant",
    "User",
    "WebhookLog",
    "WebhookRefusal",
    "Wedding",
]
