"""For tests of accounts: rows to look at, events as WAHA sends them, signed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from wedding_wa.db import Database
from wedding_wa.models import (
    Account,
    AccountStatusChange,
    Consent,
    HearingGap,
    InboundMessage,
    WebhookLog,
)

SAMPLES_KEY = "hook-secret"
SAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "fixtures/waha/webhook_samples.json").read_text()
)
_NUMBERS = itertools.count(1)


def signature(raw: bytes, key: str = SAMPLES_KEY) -> str:
    """What WAHA puts into X-Webhook-Hmac."""
    return hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()


def event(
    name: str,
    payload: dict[str, Any],
    *,
    at: datetime,
    session: str = "groom",
    me: dict[str, Any] | None = None,
    event_id: str | None = None,
) -> bytes:
    """The raw body of one event."""
    body = {
        "id": event_id or f"evt_{next(_NUMBERS):026d}",
        "timestamp": int(at.timestamp() * 1000),
        "event": name,
        "session": session,
        "me": me,
        "payload": payload,
        "engine": "NOWEB",
    }
    return json.dumps(body).encode()


def status_event(status: str, *, at: datetime, **more: Any) -> bytes:
    return event("session.status", {"name": "groom", "status": status}, at=at, **more)


def written(
    chat: str, bare: str, *, at: datetime, from_me: bool = False, **more: Any
) -> dict[str, Any]:
    """The payload of a message."""
    data = more.pop("_data", {"pushName": "Zia Maria"})
    return {
        "id": f"{str(from_me).lower()}_{chat}_{bare}",
        "timestamp": int(at.timestamp()),
        "from": chat,
        "fromMe": from_me,
        "body": "Ciao!",
        "ack": 0 if from_me else 2,
        "_data": data,
        **more,
    }


def acked(chat: str, bare: str, ack: int) -> dict[str, Any]:
    """The payload of an ack for one of our own messages."""
    return {"id": f"true_{chat}_{bare}", "from": chat, "fromMe": True, "ack": ack}


def account(database: Database, account_id: int) -> Account:
    return database.read_now(lambda s: s.get_one(Account, account_id))


def consents(database: Database, account_id: int) -> list[Consent]:
    return _rows(database, Consent, account_id)


def inbound(database: Database, account_id: int) -> list[InboundMessage]:
    return _rows(database, InboundMessage, account_id)


def gaps(database: Database, account_id: int) -> list[HearingGap]:
    return _rows(database, HearingGap, account_id)


def changes(database: Database, account_id: int) -> list[AccountStatusChange]:
    return _rows(database, AccountStatusChange, account_id)


def log(database: Database, account_id: int) -> list[WebhookLog]:
    return _rows(database, WebhookLog, account_id)


def update(database: Database, account_id: int, **fields: object) -> None:
    """Set columns of the account as a test needs them."""

    def write(session: Session) -> None:
        row = session.get_one(Account, account_id)
        for name, value in fields.items():
            setattr(row, name, value)

    database.write_now(write)


def _rows(database: Database, model: Any, account_id: int) -> list[Any]:
    return database.read_now(
        lambda s: list(
            s.exec(
                select(model).where(model.account_id == account_id).order_by(model.id)
            )
        )
    )
