"""Chat ids and message ids in their many spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.chat import (
    bare_id,
    chat_of_phone,
    full_id,
    is_lid,
    is_person,
    normal_chat_id,
    parse_message_id,
    phone_of_chat,
)
from wedding_wa.domain.errors import BadInput

PHONES = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
CHATS = st.from_regex(r"[1-9][0-9]{5,14}@(c\.us|lid)", fullmatch=True)
BARE = st.from_regex(r"[A-Z0-9]{8,32}", fullmatch=True)
ANYTHING = st.text(max_size=60)


@given(PHONES)
def test_a_phone_number_survives_the_way_to_a_chat_and_back(phone: str) -> None:
    """A guest's number and chat id always name each other."""
    assert phone_of_chat(chat_of_phone(phone)) == phone


@given(CHATS)
def test_normal_form_is_a_fixed_point(chat: str) -> None:
    """Normalising twice changes nothing."""
    assert normal_chat_id(chat) == chat


@pytest.mark.parametrize(
    ("spelling", "chat"),
    [
        ("6285550000001@s.whatsapp.net", "6285550000001@c.us"),
        ("6285550000001:12@s.whatsapp.net", "6285550000001@c.us"),
        ("6285550000001", "6285550000001@c.us"),
        (" 6285550000001@c.us ", "6285550000001@c.us"),
        ("985550000001@lid", "985550000001@lid"),
        ("985550000001:3@lid", "985550000001@lid"),
        ("120363-44@g.us", "120363-44@g.us"),
        ("status@broadcast", "status@broadcast"),
    ],
)
def test_every_engines_spelling_of_a_chat_is_one(spelling: str, chat: str) -> None:
    """Messages of one chat must meet, however the engine spells it."""
    assert normal_chat_id(spelling) == chat


@pytest.mark.parametrize("junk", ["", "@c.us", "1@", "a b@c.us", "+39@", "1@C US", "x"])
def test_what_names_no_chat_is_refused(junk: str) -> None:
    """Nothing is ever sent to half an address."""
    with pytest.raises(BadInput):
        normal_chat_id(junk)


@pytest.mark.parametrize("phone", ["", "39333", "+0123456789", "+39 333", "+39a12345"])
def test_only_e164_becomes_a_chat(phone: str) -> None:
    """A number that is not E.164 never turns into somebody else's chat."""
    with pytest.raises(BadInput):
        chat_of_phone(phone)


@given(BARE, CHATS, st.booleans())
def test_the_bare_id_is_the_same_in_every_spelling(
    bare: str, chat: str, from_me: bool
) -> None:
    """Phone number or LID, direct or group: one message has one bare id."""
    full = full_id(bare, chat_id=chat, from_me=from_me)
    parsed = parse_message_id(full)
    assert (parsed.bare, parsed.chat_id, parsed.from_me) == (bare, chat, from_me)
    assert (
        bare_id(full) == bare_id(bare) == bare_id(f"{full}_393331234567@c.us") == bare
    )


@given(ANYTHING)
def test_no_id_from_outside_breaks_the_parser(text: str) -> None:
    """Whatever an engine calls a message, it is evidence, never a crash."""
    assert bare_id(text) == bare_id(bare_id(text))
    parse_message_id(f"true_{text}_3EB0AA")


def test_a_person_is_a_number_or_a_lid() -> None:
    """Groups, channels and the status feed are not guests."""
    assert is_person("393331234567@c.us")
    assert is_person("985550000001@lid")
    assert is_lid("985550000001@lid")
    assert not is_person("120363-44@g.us")
    assert not is_person("status@broadcast")
    assert phone_of_chat("985550000001@lid") is None
