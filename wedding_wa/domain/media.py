"""domain: what a message carries instead of words, or with them."""

from __future__ import annotations

from enum import StrEnum


class Media(StrEnum):
    """The kinds that pages have words for; `other` is whatever WhatsApp adds next."""

    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    POLL = "poll"
    OTHER = "other"
