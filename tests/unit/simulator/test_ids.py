"""Identifiers and chat names as WAHA writes them."""

from __future__ import annotations

import random
import re

import pytest

from wedding_wa.simulator import ids


def test_shapes() -> None:
    """Event ids are evt_ and a lower-case ULID; message ids as NOWEB makes them."""
    rng = random.Random(7)
    event = ids.event_id(rng, 1795234091747)
    assert re.fullmatch(r"evt_[0-9a-hjkmnp-tv-z]{26}", event)
    assert event[4:14] == "01m7y4mmq3"  # the time part of the captured event
    assert re.fullmatch(r"3EB0[0-9A-F]{18}", ids.own_message_id(rng))
    assert re.fullmatch(r"3A[0-9A-F]{18}", ids.phone_message_id(rng))
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", ids.pairing_code(rng))


@pytest.mark.parametrize(
    ("told", "chat"),
    [
        ("+39 320 111-0001", "393201110001@c.us"),
        ("(1) 202.555.0140", "12025550140@c.us"),
        ("12025550140@c.us", "12025550140@c.us"),
        ("985550000007@lid", "985550000007@lid"),
    ],
)
def test_writers(told: str, chat: str) -> None:
    """A guest is told as E.164 in any spelling, or as a chat."""
    assert ids.writer(told) == chat


@pytest.mark.parametrize("told", ["", "Rosa", "12@g.us", "+12", "1202555x140"])
def test_no_writers(told: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="neither"):
        ids.writer(told)


def test_chats_and_message_ids() -> None:
    """A bare number gets @c.us; full ids have three parts and a bare one."""
    assert ids.chat_id("6285550000002") == "6285550000002@c.us"
    assert ids.chat_id("6285550000002@s.whatsapp.net") == "6285550000002@c.us"
    assert ids.jid("6285550000002@c.us") == "6285550000002@s.whatsapp.net"
    full = ids.full_id(from_me=True, chat="1@c.us", bare="3EB0")
    assert full == "true_1@c.us_3EB0"
    assert ids.bare_id(full) == ids.bare_id("3EB0") == "3EB0"
    assert ids.lid_of_phone("6281111111111") == "981111111111@lid"
