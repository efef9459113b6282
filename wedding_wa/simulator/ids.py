"""simulator: identifiers as WAHA and WhatsApp make them."""

from __future__ import annotations

import base64
import random
import re

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRING = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"


def _text(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def _hex(rng: random.Random, digits: int) -> str:
    return f"{rng.getrandbits(digits * 4):0{digits}X}"


def event_id(rng: random.Random, now_ms: int) -> str:
    """Return `evt_` and a lower-case ULID: 48 bits of time, 80 of chance."""
    value = (now_ms << 80) | rng.getrandbits(80)
    digits = [_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5)]
    return "evt_" + "".join(digits)


def request_id(rng: random.Random) -> str:
    return _text(rng, _BASE36, 16)


def own_message_id(rng: random.Random) -> str:
    """Return an id as NOWEB makes it for what it sends."""
    return "3EB0" + _hex(rng, 18)


def phone_message_id(rng: random.Random) -> str:
    """Return an id as a phone makes it."""
    return "3A" + _hex(rng, 18)


def pairing_code(rng: random.Random) -> str:
    return f"{_text(rng, _PAIRING, 4)}-{_text(rng, _PAIRING, 4)}"


def secret(rng: random.Random) -> str:
    return base64.b64encode(rng.randbytes(32)).decode()


def code_ref(rng: random.Random) -> str:
    return _text(rng, _BASE36 + _BASE36.upper(), 21)


# --- chats ---------------------------------------------------------------------


def chat_id(to: str) -> str:
    """Return the chat of what an API caller wrote: a bare number gets `@c.us`."""
    if "@" not in to:
        return f"{to}@c.us"
    return to.replace("@s.whatsapp.net", "@c.us")


def writer(of: str) -> str:
    """Return the chat of a writer told as `+39 320 …`, `39320…`, `…@c.us` or `…@lid`.

    Raises ValueError for anything else.
    """
    known = re.fullmatch(r"(\d{5,20})@(c\.us|lid)", of.strip())
    if known:
        return known.group(0)
    digits = re.sub(r"[\s().-]", "", of).removeprefix("+")
    if not re.fullmatch(r"\d{5,15}", digits):
        raise ValueError(f"{of!r} is neither a phone number nor a LID")
    return f"{digits}@c.us"


def digits(of: str) -> str:
    return re.sub(r"\D", "", of.split("@")[0])


def jid(chat: str) -> str:
    """Return a chat's id inside Baileys' raw data."""
    return chat.replace("@c.us", "@s.whatsapp.net")


def lid_of_phone(phone: str) -> str:
    return f"98{phone[-10:]}@lid"


def full_id(*, from_me: bool, chat: str, bare: str) -> str:
    return f"{'true' if from_me else 'false'}_{chat}_{bare}"


def bare_id(message_id: str) -> str:
    """Return the last part of `true_<chat>_<ID>`, or the id itself."""
    parts = message_id.split("_")
    return parts[2] if len(parts) > 2 else message_id
