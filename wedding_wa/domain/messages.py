"""domain: the words for a message's life: statuses, phases, holds, acks.

The diagram and the rules stand in docs/lifecycle.md. `status` says where a message
is; `Phase` rows say what happened to it; `ack` says how far WhatsApp got.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """Where a message is. Only services/queue.py changes it."""

    PENDING = "pending"
    PROCESSING = "processing"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCONFIRMED = "unconfirmed"


END_STATES = frozenset({Status.SENT, Status.FAILED, Status.SKIPPED})


class Kind(StrEnum):
    """What the message is for; notifications have their own back-off."""

    MESSAGE = "message"
    NOTIFICATION = "notification"
    TEST = "test"
    REPLY = "reply"


class Phase(StrEnum):
    """Rows of the timeline, in the order in which they usually come."""

    QUEUED = "queued"
    WAITING_RATE_LIMIT = "waiting_rate_limit"
    RATE_LIMIT_OK = "rate_limit_ok"
    FORCED = "forced"
    READING = "reading"
    WAITING_HUMAN = "waiting_human"
    TYPING = "typing"
    SENDING = "sending"
    SENT = "sent"
    RETRY_SCHEDULED = "retry_scheduled"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    HELD = "held"
    RELEASED = "released"
    EDITED = "edited"
    REORDERED = "reordered"
    UNCONFIRMED = "unconfirmed"
    SETTLED = "settled"
    RESCUED = "rescued"
    SERVER_ACK = "server_ack"
    DELIVERED = "delivered"
    READ = "read"
    REFUSED = "refused"
    REPLIED = "replied"
    # What a program from outside tells of the message. No rule ever reads it.
    EXTERNAL = "external"


LIVE_PHASES = frozenset(
    {Phase.READING, Phase.WAITING_HUMAN, Phase.TYPING, Phase.SENDING}
)
LIVE_PHASE_LASTS = timedelta(minutes=2)


class Ack(IntEnum):
    """How far WhatsApp got. It only rises; ERROR has its own column."""

    ERROR = -1
    PENDING = 0
    SERVER = 1
    DEVICE = 2
    READ = 3
    PLAYED = 4


ACK_PHASES = {
    Ack.SERVER: Phase.SERVER_ACK,
    Ack.DEVICE: Phase.DELIVERED,
    Ack.READ: Phase.READ,
}


class HoldRule(StrEnum):
    """Why a message waits. `words` makes the sentence from rule and params."""

    BY_HAND = "by_hand"
    MISSED = "missed"
    QUARANTINE = "quarantine"
    SCHEDULED = "scheduled"
    RESTORED = "restored"
    PAUSED = "paused"
    ACCOUNT_DOWN = "account_down"
    RESTRICTED = "restricted"
    HEARING_GAP = "hearing_gap"
    WINDOW = "window"
    HOURLY = "hourly"
    DAILY = "daily"
    WARMUP = "warmup"
    REST = "rest"
    GAP = "gap"
    SIBLING = "sibling"
    COOLDOWN = "cooldown"
    UNANSWERED = "unanswered"
    HUMAN = "human"
    BEHIND = "behind"
    RETRY = "retry"
    BUSY = "busy"


# What sets a message aside until a person says so: their own hold, a start that was
# missed while the app was away, a message with which the app died again and again.
ASIDE = frozenset({HoldRule.BY_HAND, HoldRule.MISSED, HoldRule.QUARANTINE})


class SkipReason(StrEnum):
    """Why a message was deliberately not sent; an end state."""

    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"
    EXPIRED = "expired"
    CONSENT_REVOKED = "consent_revoked"
    CAMPAIGN_CANCELLED = "campaign_cancelled"


class Outcome(StrEnum):
    """How one try ended."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    MAYBE_SENT = "maybe_sent"
    REFUSED = "refused"
    RESTRICTED = "restricted"
    ACCOUNT_DOWN = "account_down"
    CRASHED = "crashed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


def shown_state(
    status: str,
    *,
    attempt: int,
    phase: str | None,
    phase_attempt: int | None,
    phase_at: datetime | None,
    now: datetime,
) -> str:
    """Return what the badge says: the live phase, else the stored status.

    The live phase counts while the message is `processing` under the same attempt
    and the phase began less than two minutes ago.
    """
    fresh = phase_at is not None and now - phase_at < LIVE_PHASE_LASTS
    live = phase in LIVE_PHASES and phase_attempt == attempt and fresh
    return str(phase) if status == Status.PROCESSING and live else status
