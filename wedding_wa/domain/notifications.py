"""domain: what a monitored notification is about, and how soon that wants to go.

The category is a label people see in the queue; what is sent is the text alone.
"""

from __future__ import annotations

from enum import StrEnum

from wedding_wa.domain.errors import BadInput


class Category(StrEnum):
    """What a notification is about. Anything else is refused, with this list."""

    ACCOUNT = "account"
    OTP = "otp"
    SYSTEM = "system"
    NOTIFICATION = "notification"
    URGENT = "urgent"
    REMINDER = "reminder"
    RSVP = "rsvp"


NORMAL_PRIORITY = 3
# A one-time code is worthless in ten minutes; the rest stands in line like a message.
_PRIORITIES = {
    Category.URGENT: 1,
    Category.OTP: 1,
    Category.ACCOUNT: 2,
    Category.SYSTEM: 2,
}


def category_of(text: str) -> Category:
    """The category written as `text`. Raises BadInput, which names them all."""
    try:
        return Category(text.strip().lower())
    except ValueError:
        raise BadInput(
            "enqueue.bad.category", "category", known=", ".join(Category)
        ) from None


def usual_priority(category: Category | None) -> int:
    """1 (first) to 5 (last), where whoever asks names none."""
    return _PRIORITIES.get(category, NORMAL_PRIORITY) if category else NORMAL_PRIORITY
