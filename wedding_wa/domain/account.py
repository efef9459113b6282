"""domain: the words for an account's status, and how long its QR codes last."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class AccountStatus(StrEnum):
    """WAHA's words for a session, and ours where WAHA cannot tell one.

    WAHA may say others, newer ones: they are kept as they come and mean "not ready".
    """

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    SCAN = "SCAN_QR_CODE"
    WORKING = "WORKING"
    FAILED = "FAILED"
    # ours
    UNKNOWN = "UNKNOWN"  # nothing heard yet
    UNREACHABLE = "UNREACHABLE"  # no answer, or none that is WAHA's
    BAD_KEY = "BAD_KEY"
    MISSING = "MISSING"  # WAHA has no session of that name
    NOT_CONFIGURED = "NOT_CONFIGURED"


class Ear(StrEnum):
    """How WAHA's events reach us, by what has really come (services.hearing_ways)."""

    WEBHOOK = "webhook"  # WAHA calls us
    FEED = "feed"  # we listen at WAHA's own websocket
    NOTHING = "nothing"  # neither works at this moment


#: How long WhatsApp lets a QR code live, and how many come in a round; then FAILED.
#: Recorded from WAHA: 60 s, then five times 20 s.
FIRST_CODE = timedelta(seconds=60)
NEXT_CODE = timedelta(seconds=20)
CODES = 6


def is_ready(status: str) -> bool:
    """Whether an account in this status can send."""
    return status == AccountStatus.WORKING


def next_code_at(qr_at: datetime, qr_count: int) -> datetime:
    """Return when the code that appeared at `qr_at`, the `qr_count`th, is replaced."""
    return qr_at + (FIRST_CODE if qr_count <= 1 else NEXT_CODE)
