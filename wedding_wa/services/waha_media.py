"""services: which kind of media a message of WAHA carries, in every engine's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wedding_wa.domain.media import Media
from wedding_wa.services.waha import WahaMessage
from wedding_wa.services.waha_messages import dict_of, text_of

# NOWEB and GOWS: the part of WhatsApp's own message that is there.
_PARTS: Mapping[str, Media] = {
    "imageMessage": Media.IMAGE,
    "videoMessage": Media.VIDEO,
    "ptvMessage": Media.VIDEO,
    "audioMessage": Media.AUDIO,
    "documentMessage": Media.DOCUMENT,
    "stickerMessage": Media.STICKER,
    "lottieStickerMessage": Media.STICKER,
    "locationMessage": Media.LOCATION,
    "liveLocationMessage": Media.LOCATION,
    "contactMessage": Media.CONTACT,
    "contactsArrayMessage": Media.CONTACT,
    "pollCreationMessage": Media.POLL,
    "pollCreationMessageV2": Media.POLL,
    "pollCreationMessageV3": Media.POLL,
    "eventMessage": Media.OTHER,
    "albumMessage": Media.IMAGE,
}
# Envelopes around the same parts: pictures to be seen once, files with a caption …
_ENVELOPES = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "lottieStickerMessage",
)
# WEBJS and WPP: a type.
_TYPES: Mapping[str, Media] = {
    "image": Media.IMAGE,
    "video": Media.VIDEO,
    "ptt": Media.VOICE,
    "audio": Media.AUDIO,
    "document": Media.DOCUMENT,
    "sticker": Media.STICKER,
    "location": Media.LOCATION,
    "vcard": Media.CONTACT,
    "multi_vcard": Media.CONTACT,
    "poll_creation": Media.POLL,
    "event_creation": Media.OTHER,
}
_MIMES: Mapping[str, Media] = {
    "image": Media.IMAGE,
    "video": Media.VIDEO,
    "audio": Media.AUDIO,
    "application": Media.DOCUMENT,
    "text": Media.DOCUMENT,
}
_DEEPEST = 4


def media_of(message: WahaMessage) -> Media | None:
    """The kind of media of a message; None for words alone."""
    data = dict_of(message.raw.get("_data"))
    found = _of_parts(dict_of(data.get("message")) or dict_of(data.get("Message")))
    return found or _TYPES.get(str(data.get("type"))) or _of_payload(message.raw)


def _of_parts(parts: dict[str, Any], depth: int = 0) -> Media | None:
    for name, kind in _PARTS.items():
        if name in parts:
            part = dict_of(parts[name])
            voice = part.get("ptt") is True or part.get("PTT") is True
            return Media.VOICE if kind is Media.AUDIO and voice else kind
    for name in _ENVELOPES:
        inner = dict_of(dict_of(parts.get(name)).get("message"))
        if inner and depth < _DEEPEST:
            return _of_parts(inner, depth + 1)
    return None


def _of_payload(payload: dict[str, Any]) -> Media | None:
    """What WAHA itself says of any engine's message."""
    if dict_of(payload.get("location")):
        return Media.LOCATION
    if payload.get("vCards"):
        return Media.CONTACT
    mime = text_of(dict_of(payload.get("media")).get("mimetype")) or ""
    if mime:
        return _MIMES.get(mime.partition("/")[0], Media.OTHER)
    return Media.OTHER if payload.get("hasMedia") is True else None
