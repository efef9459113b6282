"""Programs at /api/admin/whatsapp-queue, and messages for them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tests.builders import put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Made, Place
from wedding_wa.db import Database
from wedding_wa.models import QueueMessage

ROOT = "http://localhost:8000/api/admin"
QUEUE = f"{ROOT}/whatsapp-queue"

# The promise to programs: exactly these, and no other.
FIELDS = {
    *("id", "task_id", "client_message_id", "account", "to", "chat_id", "phone"),
    *("name", "kind", "category", "title", "text", "priority", "status", "bucket"),
    *("hold_rule", "hold_params", "skip_reason", "error_code", "attempt", "failures"),
    *("max_attempts", "due_at", "queue_at", "expires_at", "forced_at", "held_at"),
    *("created_at", "dispatched_at", "finished_at", "reserved_id"),
    *("provider_message_id", "ack", "ack_error_at", "unacknowledged_at"),
    *("settled_by", "events"),
}
EVENT_FIELDS = {
    *("id", "queue_message", "phase", "timestamp", "duration_ms", "metadata"),
}
STATES: dict[str, dict[str, object]] = {
    "waiting": {"status": "pending"},
    "held": {"hold_rule": "hourly"},
    "processing": {"status": "processing"},
    "sent": {"status": "sent", "ack": 1},
    "delivered": {"status": "sent", "ack": 2},
    "read": {"status": "sent", "ack": 3},
    "refused": {"status": "sent", "ack": 1, "ack_error_at": NOON},
    "unconfirmed": {"status": "unconfirmed"},
    "failed": {"status": "failed", "error_code": "error.waha"},
    "skipped": {"status": "skipped", "skip_reason": "expired"},
}


def queued(place: Place, made: Made, **more: object) -> int:
    """A message to Carla."""
    return put(place.house.db, made.couple, **{"to": CARLA, **more}).id  # type: ignore[arg-type]


def as_json(value: object) -> object:
    """Times are ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def set_row(database: Database, message_id: int, **values: object) -> None:
    """A message as it would be later; no test here is about how it came to that."""
    database.write_now(
        lambda s: s.execute(
            sa.update(QueueMessage)
            .where(QueueMessage.id == message_id)  # type: ignore[arg-type]
            .values(**values)
        )
    )


def failed(place: Place, made: Made, error: str, **more: object) -> int:
    found = queued(place, made, **more)
    state = {"status": "failed", "failures": 4, "error_code": error}
    set_row(place.house.db, found, **state)
    return found
