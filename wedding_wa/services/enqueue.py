"""services: putting a message into the queue, the only way out to a guest.

A message needs the consent of the chat it goes to: the database refuses it without,
and this module says so in words first.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.chat import chat_of_phone
from wedding_wa.domain.errors import BadInput, NoConsent, NotFound
from wedding_wa.domain.messages import Kind, Phase, Status
from wedding_wa.domain.phone import parse_phone
from wedding_wa.models import Account, Consent, InboundMessage, QueueMessage, Wedding
from wedding_wa.services import events
from wedding_wa.services.history import policy_of
from wedding_wa.services.sql import insert_id, table

MAX_TEXT = 4096
_MESSAGES = table(QueueMessage)
# C0 and C1 controls but line break and tab; they break chats and logs
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class EnqueueRequest:
    """One message to one recipient, as a door understood it.

    `to` is a phone as people type it or a chat id; times are aware.
    """

    account: str
    to: str
    text: str
    kind: str = Kind.MESSAGE.value
    priority: int = 3
    due_at: datetime | None = None
    expires_at: datetime | None = None
    max_attempts: int | None = None
    created_by: int | None = None


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What a door tells: the row's id and the public id."""

    id: int
    task_id: str


def enqueue(
    session: Session, wedding_id: int, request: EnqueueRequest, *, now: datetime
) -> Enqueued:
    """Accept a message. Raises BadInput, NotFound, or NoConsent with the wa.me link."""
    account = find_account(session, wedding_id, request.account)
    chat_id, phone = _recipient(session, wedding_id, request.to)
    consent = _consent(session, account, chat_id, phone)
    if consent is None:
        raise NoConsent(account=account.key, link=wa_me_link(account.phone))
    return _insert(session, account, consent, request, now)


def find_account(session: Session, wedding_id: int, key: str) -> Account:
    """The wedding's account with this key. Raises NotFound."""
    account = session.exec(
        select(Account).where(Account.wedding_id == wedding_id, Account.key == key)
    ).first()
    if account is None:
        raise NotFound("error.account_not_found", account=key)
    return account


def account_id_of(session: Session, wedding_id: int, key: str) -> int:
    """The id of the wedding's account with this key. Raises NotFound."""
    account_id = find_account(session, wedding_id, key).id
    assert account_id is not None
    return account_id


def wa_me_link(phone: str | None) -> str:
    """The link with which a guest writes first; empty before the first login."""
    return f"https://wa.me/{phone.lstrip('+')}" if phone else ""


def clean_text(text: str) -> str:
    """Return `text` as it will be sent. Raises BadInput: empty, or too long."""
    cleaned = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not cleaned:
        raise BadInput("error.text_empty", "text")
    if len(cleaned) > MAX_TEXT:
        raise BadInput("error.text_long", "text", limit=MAX_TEXT, length=len(cleaned))
    return cleaned


def _recipient(session: Session, wedding_id: int, to: str) -> tuple[str, str | None]:
    """The chat id and, where known, the phone (E.164) of what a person typed."""
    typed = to.strip()
    if typed.endswith("@lid"):
        return typed, None
    if "@" in typed:
        typed = f"+{typed.partition('@')[0]}"
    country = session.exec(
        select(Wedding.default_country).where(Wedding.id == wedding_id)
    ).one()
    phone = parse_phone(typed, country)
    return chat_of_phone(phone), phone


def _consent(
    session: Session, account: Account, chat_id: str, phone: str | None
) -> Consent | None:
    """The chat's valid consent; for a phone also one that came under a LID."""
    same = col(Consent.chat_id) == chat_id
    if phone is not None:
        same = sa.or_(same, col(Consent.phone) == phone)
    return session.exec(
        select(Consent)
        .where(
            Consent.account_id == account.id, col(Consent.revoked_at).is_(None), same
        )
        .order_by((col(Consent.chat_id) == chat_id).desc(), col(Consent.id))
    ).first()


def _insert(
    session: Session,
    account: Account,
    consent: Consent,
    request: EnqueueRequest,
    now: datetime,
) -> Enqueued:
    row = _row(session, account, consent, request, now)
    message_id = insert_id(session, sa.insert(_MESSAGES).values(row))
    events.begin(
        session,
        message_id,
        Phase.QUEUED,
        wedding_id=account.wedding_id,
        attempt=0,
        at=now,
        data={"priority": request.priority, "due_at": row["due_at"].isoformat()},
    )
    return Enqueued(message_id, row["task_id"])


def _row(
    session: Session,
    account: Account,
    consent: Consent,
    request: EnqueueRequest,
    now: datetime,
) -> dict[str, Any]:
    """The message as it begins. Raises BadInput for a field that makes no sense."""
    assert account.id is not None
    due = max(request.due_at or now, now)
    return {
        "task_id": str(uuid.uuid4()),
        "wedding_id": account.wedding_id,
        "account_id": account.id,
        "consent_id": consent.id,
        "chat_id": consent.chat_id,
        "phone": consent.phone,
        "name": _push_name(session, consent),
        "kind": _known_kind(request.kind),
        "text": clean_text(request.text),
        "priority": _between("priority", request.priority, 1, 5),
        "max_attempts": _tries(session, account.id, request.max_attempts),
        "due_at": due,
        "queue_at": due,
        "expires_at": _still_useful(request.expires_at, due),
        "status": Status.PENDING.value,
        "hold_rule": "scheduled" if due > now else None,
        "hold_params": {"reason": "scheduled"} if due > now else {},
        "error_params": {},
        "attempt": 0,
        "failures": 0,
        "created_at": now,
        "created_by": request.created_by,
    }


def _tries(session: Session, account_id: int, wanted: int | None) -> int:
    if wanted is None:
        return policy_of(session, account_id).max_attempts
    return _between("max_attempts", wanted, 1, 20)


def _known_kind(kind: str) -> str:
    if kind not in set(Kind):
        raise BadInput("error.invalid", "kind", fields="kind")
    return kind


def _between(field: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise BadInput("error.between", field, low=low, high=high)
    return value


def _still_useful(expires_at: datetime | None, due: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= due:
        raise BadInput("error.expires_before", "expires_at")
    return expires_at


def _push_name(session: Session, consent: Consent) -> str | None:
    """How the writer calls themself on WhatsApp, for the couple's eyes."""
    if consent.inbound_id is None:
        return None
    return session.exec(
        select(InboundMessage.push_name).where(InboundMessage.id == consent.inbound_id)
    ).first()
