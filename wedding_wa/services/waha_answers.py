"""services: WAHA's answers as values.

Each reader returns None where the body is not what WAHA says there; the client then
judges the answer as unreadable.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from wedding_wa.domain.chat import parse_message_id
from wedding_wa.domain.errors import BadInput
from wedding_wa.services.waha_messages import (
    Me,
    Timelock,
    WahaMessage,
    chat_of,
    dict_of,
    moment_of,
    parse_me,
    parse_message,
    parse_timelock,
    text_of,
)

_PNG = b"\x89PNG\r\n\x1a\n"
_STATUSES = ("PENDING", "ERROR", "SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED")


@dataclass(frozen=True)
class ServerVersion:
    """Which WAHA answers: `2026.7.1`, `NOWEB`, `CORE`."""

    version: str
    engine: str
    tier: str


@dataclass(frozen=True)
class SessionInfo:
    """A session as WAHA tells it. Only `status` says whether it works."""

    name: str
    status: str
    me: Me | None = field(default=None, repr=False)
    config: dict[str, Any] | None = field(default=None, repr=False)
    engine: str | None = None
    timelock: Timelock | None = None

    @property
    def reachout_until(self) -> datetime | None:
        """When WhatsApp ends the restriction of new chats; None when there is none
        (or, with `timelock.active`, when no end was told)."""
        lock = self.timelock
        return lock.until if lock is not None and lock.active else None


@dataclass(frozen=True)
class Qr:
    """A code to scan: the picture, and what it says where the engine tells."""

    png: bytes = field(repr=False)
    value: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SentMessage:
    """WAHA handed the message to its engine. Acks tell the rest, `status` does not."""

    message_id: str
    chat_id: str = field(repr=False)
    status: str | None = None


@dataclass(frozen=True)
class ChatOverview:
    """One line of the chat list."""

    chat_id: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    last_message_at: datetime | None = None


@dataclass(frozen=True)
class NumberCheck:
    """Whether a number is on WhatsApp, and under which chat id (it may be a LID)."""

    exists: bool
    chat_id: str | None = field(default=None, repr=False)


def body_of(answer: httpx.Response) -> Any:
    """Return the JSON of an answer, None where it is empty or something else."""
    try:
        return json.loads(answer.content) if answer.content else None
    except (ValueError, RecursionError):
        return None


def read_version(body: object) -> ServerVersion | None:
    """Read `/api/server/version`."""
    told = dict_of(body)
    version, engine = text_of(told.get("version")), text_of(told.get("engine"))
    if version is None or engine is None:
        return None
    return ServerVersion(version, engine.upper(), text_of(told.get("tier")) or "")


def read_session(body: object) -> SessionInfo | None:
    """Read a session. Its engine is told only while it runs."""
    told = dict_of(body)
    name, status = text_of(told.get("name")), text_of(told.get("status"))
    if name is None or status is None:
        return None
    config = told.get("config")
    return SessionInfo(
        name=name,
        status=status,
        me=parse_me(told.get("me")),
        config=config if isinstance(config, dict) else None,
        engine=text_of(dict_of(told.get("engine")).get("engine")),
        timelock=parse_timelock(dict_of(told.get("me")).get("reachoutTimelock")),
    )


def read_png(answer: httpx.Response) -> bytes | None:
    """Read a QR picture, sent as it is or as base64 in JSON."""
    png = answer.content
    if not png.startswith(_PNG):
        data = text_of(dict_of(body_of(answer)).get("data"))
        try:
            png = base64.b64decode(data or "", validate=True)
        except binascii.Error:
            return None
    return png if png.startswith(_PNG) else None


def read_sent(body: object, *, chat_id: str) -> SentMessage | None:
    """Read the answer of a send in any engine's shape.

    NOWEB `{"key": {"id", "remoteJid"}, "status"}`; GOWS and WPP `{"id": "true_…"}`;
    WEBJS `{"id": {"id", "remote", "_serialized"}, "_data": {"id": …}}`. `chat_id` is
    the chat that was asked for, used where the answer does not name one.
    """
    told = dict_of(body)
    for named in (told, dict_of(told.get("_data"))):
        found = _sent_id(named)
        if found is not None:
            bare, chat = found
            return SentMessage(bare, chat or chat_id, _sent_status(told))
    return None


def read_chat(body: object) -> ChatOverview | None:
    """Read one chat of the overview."""
    told = dict_of(body)
    chat_id = chat_of(told.get("id"))
    if chat_id is None:
        return None
    last = moment_of(dict_of(told.get("lastMessage")).get("timestamp"))
    if last is None:
        last = moment_of(dict_of(told.get("_chat")).get("conversationTimestamp"))
    return ChatOverview(chat_id, text_of(told.get("name")), last)


def read_number(body: object) -> NumberCheck | None:
    """Read the answer of check-exists."""
    exists = dict_of(body).get("numberExists")
    if not isinstance(exists, bool):
        return None
    chat_id = chat_of(dict_of(body).get("chatId")) if exists else None
    return NumberCheck(exists, chat_id)


def read_message(body: object) -> WahaMessage | None:
    """Read one message of a chat's history."""
    try:
        return parse_message(dict_of(body))
    except BadInput:
        return None


def _sent_id(told: dict[str, Any]) -> tuple[str, str | None] | None:
    key = dict_of(told.get("key"))
    if bare := text_of(key.get("id")):
        return bare, chat_of(key.get("remoteJid"))
    named = told.get("id")
    if isinstance(named, dict):
        if bare := text_of(named.get("id")):
            return bare, chat_of(named.get("remote"))
        named = named.get("_serialized")
    full = text_of(named)
    if full is None:
        return None
    parsed = parse_message_id(full)
    return parsed.bare, parsed.chat_id


def _sent_status(told: dict[str, Any]) -> str | None:
    status = told.get("status", told.get("ackName"))
    return status if status in _STATUSES else None
