"""services: WAHA's messages and events as values, from webhooks and look-ups alike.

Bodies come from outside: every field may be missing, of another type or of another
engine's shape. What a value cannot do without raises `BadInput`; the rest is None.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from wedding_wa.domain.chat import MessageId, normal_chat_id, parse_message_id
from wedding_wa.domain.errors import BadInput

_T = TypeVar("_T")
_ACKS = {"ERROR": -1, "PENDING": 0, "SERVER": 1, "DEVICE": 2, "READ": 3, "PLAYED": 4}


@dataclass(frozen=True)
class WahaMessage:
    """One message of a chat. Its repr holds neither text nor phone number.

    `alt_chat_id` is the same person's other name (the phone's chat of a LID message)
    where the engine tells it. `source` is `api` only for what WAHA itself sent lately.
    """

    message_id: str
    from_me: bool
    timestamp: datetime
    id: str = field(repr=False)
    chat_id: str = field(repr=False)
    source: str | None = None
    body: str = field(default="", repr=False)
    ack: int | None = None
    participant: str | None = field(default=None, repr=False)
    push_name: str | None = field(default=None, repr=False)
    alt_chat_id: str | None = field(default=None, repr=False)
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class AckUpdate:
    """How far a message got: -1 ERROR, 0 PENDING, 1 SERVER, 2 DEVICE, 3 READ, 4."""

    message_id: str
    ack: int
    from_me: bool
    chat_id: str = field(repr=False)


@dataclass(frozen=True)
class Me:
    """Who is logged in. Also told before the scan (after a pairing code was asked
    for): only the session's status says whether the account works."""

    chat_id: str
    push_name: str | None = None
    lid: str | None = None


@dataclass(frozen=True)
class Timelock:
    """WhatsApp's restriction of new chats; `until` None when no end was told."""

    active: bool
    until: datetime | None = None


@dataclass(frozen=True)
class StatusUpdate:
    """A session's status, and its timelock where the event speaks of one."""

    status: str
    timelock: Timelock | None = None


@dataclass(frozen=True)
class WahaEvent:
    """One webhook or websocket event. Repeats of it carry the same `id`."""

    id: str
    event: str
    session: str
    timestamp: datetime
    me: Me | None = field(default=None, repr=False)
    payload: dict[str, Any] = field(default_factory=dict, repr=False)


def parse_event(raw: bytes) -> WahaEvent:
    """Read an event's raw body. Raises `BadInput` where it is none."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise _bad("body") from None
    if not isinstance(body, dict):
        raise _bad("body")
    return WahaEvent(
        id=_needed(text_of(body.get("id")), "id"),
        event=_needed(text_of(body.get("event")), "event"),
        session=_needed(text_of(body.get("session")), "session"),
        timestamp=_needed(moment_of(body.get("timestamp"), per_second=1000), "time"),
        me=parse_me(body.get("me")),
        payload=dict_of(body.get("payload")),
    )


def parse_message(payload: dict[str, Any]) -> WahaMessage:
    """Read a message of an event or of a chat's history."""
    full = _needed(_serialized(payload.get("id")), "id")
    parsed = parse_message_id(full)
    data = dict_of(payload.get("_data"))
    from_me = parsed.from_me
    if from_me is None:
        from_me = payload.get("fromMe") is True
    written = payload.get("timestamp", data.get("messageTimestamp"))
    return WahaMessage(
        id=full,
        message_id=parsed.bare,
        chat_id=_chat(parsed, payload, from_me=from_me),
        from_me=from_me,
        source=text_of(payload.get("source")),
        body=text_of(payload.get("body")) or "",
        timestamp=_needed(moment_of(written), "timestamp"),
        ack=_ack(payload),
        participant=text_of(payload.get("participant")) or parsed.participant,
        push_name=_push_name(data),
        alt_chat_id=_alt_chat(data),
        raw=payload,
    )


def parse_ack(payload: dict[str, Any]) -> AckUpdate:
    """Read an ack event's payload."""
    parsed = parse_message_id(_needed(_serialized(payload.get("id")), "id"))
    from_me = parsed.from_me
    if from_me is None:
        from_me = payload.get("fromMe") is True
    return AckUpdate(
        message_id=parsed.bare,
        ack=_needed(_ack(payload), "ack"),
        from_me=from_me,
        chat_id=_chat(parsed, payload, from_me=from_me),
    )


def parse_status(payload: dict[str, Any]) -> StatusUpdate:
    """Read the payload of `session.status`."""
    data = dict_of(payload.get("data"))
    return StatusUpdate(
        status=_needed(text_of(payload.get("status")), "status"),
        timelock=parse_timelock(data.get("reachoutTimelock")),
    )


def parse_me(value: object) -> Me | None:
    """Read who is logged in; None where nobody is."""
    chat = chat_of(dict_of(value).get("id"))
    if chat is None:
        return None
    told = dict_of(value)
    return Me(chat, text_of(told.get("pushName")), chat_of(told.get("lid")))


def parse_timelock(value: object) -> Timelock | None:
    """Read `reachoutTimelock`; None where WAHA says nothing of it."""
    told = dict_of(value)
    if not told:
        return None
    until = moment_of(told.get("timeEnforcementEnds"))
    return Timelock(active=told.get("isActive") is True, until=until)


def dict_of(value: object) -> dict[str, Any]:
    """Return a JSON object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """Return a non-empty string that every database takes, else None.

    NUL and lone surrogates are legal in JSON, and neither can be stored as text.
    """
    if not isinstance(value, str) or not value:
        return None
    storable = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return storable.replace("\x00", "\ufffd")


def chat_of(value: object) -> str | None:
    """Return a chat id in its normal form; None for what names no chat."""
    if isinstance(value, dict):  # WEBJS: {"server", "user", "_serialized"}
        value = value.get("_serialized")
    if not isinstance(value, str):
        return None
    try:
        return normal_chat_id(value)
    except BadInput:
        return None


def moment_of(value: object, *, per_second: int = 1) -> datetime | None:
    """Return a Unix time as aware UTC. NOWEB writes some as strings; 0 is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value) / per_second
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _chat(parsed: MessageId, payload: dict[str, Any], *, from_me: bool) -> str:
    """The id knows its chat in every engine; `from` of an own message does not."""
    named = parsed.chat_id
    if named is None and from_me:
        named = chat_of(payload.get("to"))
    return _needed(named or chat_of(payload.get("from")), "chat")


def _ack(payload: dict[str, Any]) -> int | None:
    ack = payload.get("ack")
    if isinstance(ack, int) and not isinstance(ack, bool) and -1 <= ack <= 4:
        return ack
    return _ACKS.get(str(payload.get("ackName")))


def _serialized(value: object) -> str | None:
    """A message id as text; WEBJS wraps it in an object."""
    if isinstance(value, dict):
        value = value.get("_serialized") or value.get("id")
    return text_of(value)


def _push_name(data: dict[str, Any]) -> str | None:
    info = dict_of(data.get("Info"))  # GOWS
    for name in (data.get("pushName"), info.get("PushName"), data.get("notifyName")):
        if text := text_of(name):
            return text
    return None


def _alt_chat(data: dict[str, Any]) -> str | None:
    key, info = dict_of(data.get("key")), dict_of(data.get("Info"))
    return chat_of(key.get("remoteJidAlt")) or chat_of(info.get("SenderAlt"))


def _needed(value: _T | None, name: str) -> _T:
    if value is None:
        raise _bad(name)
    return value


def _bad(name: str) -> BadInput:
    return BadInput("error.waha.bad_event", name)
