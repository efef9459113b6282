"""domain: how WhatsApp names chats and messages.

A chat with a person is `<digits>@c.us` (the phone number without its plus) or
`<digits>@lid` (WhatsApp's hidden id of a person whose number we may not know).
Engines also say `<digits>@s.whatsapp.net` and `<digits>:<device>@...` for the same
chat; inside this project only the normal form exists.

A message is `<fromMe>_<chat>_<ID>[_<participant>]`. The chat part may change under
the same message (phone number or LID), so two messages are compared by `ID` alone,
the bare id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wedding_wa.domain.errors import BadInput

PHONE_SERVER = "c.us"
LID_SERVER = "lid"

_E164 = re.compile(r"\+[1-9][0-9]{4,14}")
_DIGITS = re.compile(r"[0-9]{1,32}")
_ADDRESS = re.compile(r"(?P<user>[^@\s_:]+)(?::[0-9]+)?@(?P<server>[a-z][a-z.]*)")
_FULL_ID = re.compile(
    r"(?P<from_me>true|false)_(?P<chat>[^_]+)_(?P<bare>[^_]+)(?:_(?P<participant>.+))?"
)
_SAME_SERVER = {"s.whatsapp.net": PHONE_SERVER, "hosted.lid": LID_SERVER}


@dataclass(frozen=True)
class MessageId:
    """A message's id taken apart; what a bare id does not tell is None."""

    bare: str
    chat_id: str | None = None
    from_me: bool | None = None
    participant: str | None = None


def normal_chat_id(raw: str) -> str:
    """Return the one form of a chat id that this project uses.

    `s.whatsapp.net` becomes `c.us`, a device number is dropped, bare digits are a
    phone number. Raises `BadInput` on anything that names no chat.
    """
    text = raw.strip()
    if _DIGITS.fullmatch(text):
        return f"{text}@{PHONE_SERVER}"
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise BadInput("error.chat.bad_id", "chat_id")
    server = _SAME_SERVER.get(found["server"], found["server"])
    return f"{found['user']}@{server}"


def chat_of_phone(phone: str) -> str:
    """Return the chat id of an E.164 number (`+39…` -> `39…@c.us`)."""
    return f"{digits_of_phone(phone)}@{PHONE_SERVER}"


def digits_of_phone(phone: str) -> str:
    """Return an E.164 number without its plus, as WAHA's paths want it."""
    if not _E164.fullmatch(phone):
        raise BadInput("error.phone.not_e164", "phone")
    return phone.removeprefix("+")


def phone_of_chat(chat_id: str) -> str | None:
    """Return the E.164 number of a chat, None for a LID, a group or a channel."""
    user, _, server = chat_id.partition("@")
    phone = f"+{user}"
    return phone if server == PHONE_SERVER and _E164.fullmatch(phone) else None


def is_lid(chat_id: str) -> bool:
    """Whether the chat is named by WhatsApp's hidden id instead of a number."""
    return chat_id.endswith(f"@{LID_SERVER}")


def is_person(chat_id: str) -> bool:
    """Whether the chat is one with a person: no group, channel or status."""
    return is_lid(chat_id) or phone_of_chat(chat_id) is not None


def parse_message_id(text: str) -> MessageId:
    """Take a message id apart; one without its chat is taken as a bare id.

    Never fails: an id in hand is evidence, even when its chat part makes no sense.
    """
    found = _FULL_ID.fullmatch(text)
    if found is None:
        return MessageId(bare=text)
    try:
        chat_id = normal_chat_id(found["chat"])
    except BadInput:
        chat_id = None
    return MessageId(
        bare=found["bare"],
        chat_id=chat_id,
        from_me=found["from_me"] == "true",
        participant=found["participant"],
    )


def bare_id(text: str) -> str:
    """Return the part of a message id by which messages are compared."""
    return parse_message_id(text).bare


def full_id(bare: str, *, chat_id: str, from_me: bool) -> str:
    """Return the id under which WAHA lists a message of a person's chat."""
    return f"{'true' if from_me else 'false'}_{chat_id}_{bare}"
