"""api: the values that stand in examples, by the name of the field."""

from __future__ import annotations

from typing import Any

_TASK = "0d9f1c5e-6c1f-4a53-9d0e-2f6a9b7c4e11"

#: Where the schema under that name takes it.
VALUES: dict[str, Any] = {
    # names and numbers
    "id": 17,
    "name": "Zia Carla",
    "guest_id": 17,
    "household_id": 9,
    "chat": 5,
    "phone": "+393331112222",
    "to": "+393331112222",
    "chat_id": "393331112222@c.us",
    "account": "groom",
    "household": "Rossi",
    "push_name": "Carla",
    "side": "groom",
    "language": "it",
    "tags": ["family"],
    "notes": "",
    "token": "Qm3v9sK2xT7cW1yB",
    "code": "K7QX2",
    "link": "https://wedding.example.org/i/Qm3v9sK2xT7cW1yB",
    "stage": "active",
    "contact_id": None,
    # what was written
    "text": "The bus leaves at five.",
    "body": "Ciao Luca!",
    "sentence": "STOP",
    "media": None,
    "message_id": "3EB0C767D097B7C7E0A1",
    "task_id": _TASK,
    "client_message_id": "bus-1",
    "idempotency_key": "sheet-1",
    # moments that have not come, and reasons there are none of
    "revoked_at": None,
    "revoked_reason": None,
    "undone_at": None,
    "undone_by": None,
    "undone_inbound_id": None,
    "noted_by": None,
    "ignored_at": None,
    "opted_out_at": None,
    "opted_out": None,
    "error": None,
    "seen_at": None,
    "human_at": None,
    "linked_by": None,
    "next": None,
    "after": "",
    # how it came
    "source": "webhook",
    "given_to": "+393339998888",
    "linked_how": "code",
    "event_id": "evt_01aaa",
    "event": "message",
    "raw": None,
    "head": None,
    "reason": "signature",
    "address": "192.0.2.7",
    "asked": "groom",
    "size": 512,
}

#: Bodies by operationId, where what is required does not make a good example.
BODIES: dict[str, Any] = {
    "guests_add": {
        "name": "Zia Carla",
        "phone": "333 111 2222",
        "side": "groom",
        "tags": ["family"],
        "household": "Rossi",
    },
    "guests_change": {"tags": ["family", "choir"]},
    "guests_merge": {"guest_ids": [17, 23]},
    "households_add": {"name": "Rossi", "side": "bride", "language": "it"},
    "households_change": {"notes": "near the band"},
    "inbox_answer": {"text": "Ciao zia!", "idempotency_key": "sheet-1"},
}
