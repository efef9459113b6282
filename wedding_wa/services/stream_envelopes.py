"""services: the envelopes of the feed for programs: their names, fields and text.

    {"id": "7", "event": "message_status", "data": {…}, "version": "v1"}

docs/feed.md says what they promise; a test pins every field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from wedding_wa.domain.chat import chat_of_phone, phone_of_chat
from wedding_wa.domain.messages import Phase
from wedding_wa.models import (
    AccountStatusChange,
    Chat,
    Consent,
    InboundMessage,
    MessageEvent,
    QueueMessage,
)
from wedding_wa.services.stream_places import Place, Start
from wedding_wa.words.sentences import error_words

VERSION = "v1"


class Event(StrEnum):
    """What a reader may ask for."""

    MESSAGE_SENT = "message_sent"
    MESSAGE_STATUS = "message_status"
    SESSION_STATUS = "session_status"
    GUEST_ACTIVATED = "guest_activated"
    MESSAGE_RECEIVED = "message_received"


#: What every reader gets, whatever it asked for.
GAP, HEARTBEAT = "gap", "heartbeat"

# Of a message's phases, those that are its beginning and its ends.
_SENT = {
    Phase.QUEUED.value: "queued",
    Phase.SENT.value: "sent",
    Phase.FAILED.value: "failed",
}
_LANGUAGE = "en"

Data = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One text for the wire. `about`: the message whose newest state replaces it."""

    place: Place
    event: str
    text: str
    about: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry makes: one envelope, or two."""

    parts: tuple[tuple[Event, Data], ...]
    about: int | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """With which number, and with whom: `chat_id` by their number where it is known."""

    session: str
    chat_id: str
    phone: str | None
    guest_id: int | None
    household_id: int | None
    chat: int | None

    @classmethod
    def of(
        cls, session: str, chat_id: str, phone: str | None, chat: Chat | None
    ) -> Who:
        phone = phone or phone_of_chat(chat_id)
        return cls(
            session=session,
            chat_id=chat_of_phone(phone) if phone else chat_id,
            phone=phone,
            guest_id=chat.guest_id if chat else None,
            household_id=chat.household_id if chat else None,
            chat=chat.id if chat else None,
        )


def of_entry(entry: int, told: Told | None) -> Iterator[Envelope]:
    """The envelopes of an entry, none where there is nothing to tell."""
    for part, (event, data) in enumerate(told.parts if told else ()):
        place = Place(entry, part)
        status = told is not None and event is Event.MESSAGE_STATUS
        about = told.about if told and status else None
        yield Envelope(place, event, _text(event, data, place), about)


def message_phase(who: Who, message: QueueMessage, event: MessageEvent) -> Told:
    """Every phase and ack; the beginning and the ends of a message are told twice."""
    status = (Event.MESSAGE_STATUS, _message_status(who, message, event))
    about = None if event.phase == Phase.EXTERNAL else message.id
    end = _SENT.get(event.phase)
    if end is None:
        return Told((status,), about)
    sent = (Event.MESSAGE_SENT, _sent(who, message, event, end))
    return Told((status, sent), about)


def _message_status(who: Who, message: QueueMessage, event: MessageEvent) -> Data:
    return {
        "type": Event.MESSAGE_STATUS.value,
        "session": who.session,
        "chatId": who.chat_id,
        "status": event.phase,
        "timestamp": _iso(event.at),
        "message_id": message.task_id,
        "client_message_id": message.client_message_id,
        "attempt": event.attempt,
        "external": event.phase == Phase.EXTERNAL,
        "metadata": event.data,
    }


def _sent(who: Who, message: QueueMessage, event: MessageEvent, status: str) -> Data:
    code = event.data.get("error_detail") if status == "failed" else None
    params = message.error_params if code == message.error_code else {}
    return {
        "message_id": message.task_id,
        "client_message_id": message.client_message_id,
        "status": status,
        "session": who.session,
        "to": who.phone or who.chat_id,
        "timestamp": _iso(event.at),
        "error": error_words(_LANGUAGE, code, **params) or str(code) if code else None,
        "error_code": str(code) if code else None,
    }


def session_status(session: str, change: AccountStatusChange) -> Told:
    """A number's session at WAHA is in another state."""
    data = {
        "session": session,
        "status": change.status,
        "timestamp": _iso(change.at),
        "error": error_words(_LANGUAGE, change.error) if change.error else None,
        "error_code": change.error,
    }
    return Told(((Event.SESSION_STATUS, data),))


def guest_activated(who: Who, consent: Consent) -> Told:
    """Somebody wrote first: from now on they may be written to from this number."""
    data = {**_person(who), "timestamp": _iso(consent.evidence_at)}
    return Told(((Event.GUEST_ACTIVATED, data),))


def message_received(who: Who, heard: InboundMessage) -> Told:
    """Somebody wrote, whoever it is."""
    data = {
        **_person(who),
        "message_id": heard.message_id,
        "name": heard.push_name,
        "text": heard.body,
        "media": heard.media,
        "source": heard.source,
        "timestamp": _iso(heard.at),
    }
    return Told(((Event.MESSAGE_RECEIVED, data),))


def gap(start: Start, *, after: Place, now: datetime) -> str:
    """The text that says: what came behind `after` cannot be told whole."""
    data = {"reason": start.lost, "after": str(after), "timestamp": _iso(now)}
    return _text(GAP, data, start.place)


def heartbeat(place: Place, *, now: datetime) -> str:
    """The text that says: nothing has happened, and I am here."""
    data = {"timestamp": _iso(now), "after": str(place)}
    return _dumped({"event": HEARTBEAT, "data": data, "version": VERSION})


def _person(who: Who) -> dict[str, object]:
    return {
        "session": who.session,
        "chatId": who.chat_id,
        "phone": who.phone,
        "chat": who.chat,
        "guest_id": who.guest_id,
        "household_id": who.household_id,
    }


def _text(event: str, data: Data, place: Place) -> str:
    return _dumped({"id": str(place), "event": event, "data": data, "version": VERSION})


def _dumped(value: Data) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
