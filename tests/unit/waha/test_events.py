"""What WAHA tells by itself: events, messages, acks, in every engine's shape."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.waha.replay import webhooks
from wedding_wa.domain.errors import BadInput
from wedding_wa.services.waha import (
    AckUpdate,
    Timelock,
    parse_ack,
    parse_event,
    parse_message,
    parse_status,
)

CHAT = "6285550000001@c.us"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "event", "session", "timestamp", "payload", "me", "from", "fromMe",
             "ack", "ackName", "body", "_data", "key", "status", "data", "_serialized"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


def payload(event: str, index: int = 0) -> dict[str, Any]:
    return parse_event(webhooks(event)[index]).payload


def test_an_event_is_read_whole() -> None:
    """Its id (the key for repeats), session, time and who was logged in."""
    event = parse_event(webhooks("message.any")[0])
    assert event.id == "evt_01m7y4qv8zew3cdvgj13p40bzj"
    assert (event.event, event.session) == ("message.any", "default")
    assert event.timestamp == datetime.fromtimestamp(1795234196.767, UTC)
    assert event.me is not None
    assert event.me.chat_id == "6281111111111@c.us"
    assert parse_event(webhooks("session.status")[0]).me is None


def test_every_recorded_event_is_read() -> None:
    """All kinds, also those nobody here asked for."""
    kinds = (
        "session.status",
        "message",
        "message.any",
        "message.ack",
        "message.reaction",
    )
    for kind in kinds:
        for raw in webhooks(kind):
            assert parse_event(raw).event == kind


def test_our_own_send_as_waha_echoes_it() -> None:
    """The echo proves that the text went out, under which id and to whom."""
    message = parse_message(payload("message.any", 0))
    assert message.message_id == "3EB0DC5533DFB429BF70B1"
    assert message.id == f"true_{CHAT}_3EB0DC5533DFB429BF70B1"
    assert (message.chat_id, message.from_me, message.source) == (CHAT, True, "api")
    assert (message.body, message.ack) == ("Dear Budi, you are invited", 0)
    assert message.timestamp == datetime.fromtimestamp(1795234196, UTC)


def test_a_guests_message() -> None:
    """Who wrote, under which name: the ground of every consent."""
    message = parse_message(payload("message.any", 1))
    assert (message.chat_id, message.from_me) == (CHAT, False)
    assert message.body == "Thank you, we will come!"
    assert (message.push_name, message.participant) == ("Budi", None)
    assert message.message_id == "3AAAAAAAAAAAAAAAAA01"


def test_a_guest_known_by_a_lid_also_names_the_phone() -> None:
    """Where NOWEB or GOWS tells the number behind, it is kept beside the LID."""
    base = {
        "id": "false_985550000007@lid_3ACB39E2DF42CD2DAA91",
        "timestamp": 1795234255,
    }
    noweb = {"key": {"remoteJidAlt": "6285550000007@s.whatsapp.net"}}
    gows = {"Info": {"SenderAlt": "6285550000007:3@s.whatsapp.net", "PushName": "Ida"}}
    for data in (noweb, gows):
        message = parse_message({**base, "_data": data})
        assert message.chat_id == "985550000007@lid"
        assert message.alt_chat_id == "6285550000007@c.us"
    assert message.push_name == "Ida"


def test_webjs_names_the_chat_of_an_own_message_in_to() -> None:
    """`from` is then the account itself, which is nobody's chat."""
    told = {
        "id": {"_serialized": f"true_{CHAT}_3EB0AA", "id": "3EB0AA"},
        "from": "6281111111111@c.us",
        "to": CHAT,
        "fromMe": True,
        "timestamp": 1795234255,
    }
    assert parse_message(told).chat_id == CHAT
    assert parse_message(told | {"to": "985550000001@lid"}).chat_id == CHAT
    told["id"] = "3EB0AA"
    assert (parse_message(told).chat_id, parse_message(told).message_id) == (
        CHAT, "3EB0AA"
    )  # fmt: skip


def test_a_group_message_names_who_wrote() -> None:
    """The chat is the group, the bare id is the third part, not the last."""
    told = {
        "id": "false_120363-44@g.us_3EB0AA_393331234567@c.us",
        "from": "120363-44@g.us",
        "timestamp": 1795234255,
    }
    message = parse_message(told)
    assert (message.chat_id, message.message_id) == ("120363-44@g.us", "3EB0AA")
    assert message.participant == "393331234567@c.us"


@pytest.mark.parametrize(
    ("index", "ack"), [(0, 2), (1, 3), (2, -1)], ids=["DEVICE", "READ", "ERROR"]
)
def test_acks_as_recorded(index: int, ack: int) -> None:
    """The error too, which comes before its message."""
    update = parse_ack(payload("message.ack", index))
    chat = "6285550000463@c.us" if ack == -1 else CHAT
    bare = "3EB0BE85FE6C8F726BFE50" if ack == -1 else "3EB0DC5533DFB429BF70B1"
    assert update == AckUpdate(message_id=bare, ack=ack, from_me=True, chat_id=chat)


def test_an_ack_by_name_only_counts_too() -> None:
    """Some engines leave the number out."""
    told = payload("message.ack") | {"ack": None, "ackName": "PLAYED"}
    assert parse_ack(told).ack == 4
    assert parse_ack(told | {"ack": -1, "ackName": None}).ack == -1
    with pytest.raises(BadInput):
        parse_ack(told | {"ackName": "LEVEL9"})
    with pytest.raises(BadInput):
        parse_ack(told | {"ack": 17, "ackName": None})


def test_statuses_as_recorded() -> None:
    """Each change of the session, in WAHA's word."""
    statuses = [
        parse_status(parse_event(raw).payload) for raw in webhooks("session.status")
    ]
    assert [one.status for one in statuses] == [
        "STARTING", "SCAN_QR_CODE", "WORKING", "STOPPED", "FAILED"
    ]  # fmt: skip
    assert {one.timelock for one in statuses} == {None}


def test_a_timelock_comes_with_a_working_status() -> None:
    """From 2026.7.2; a lock without an end is still a lock."""
    told = {"status": "WORKING", "data": {"reachoutTimelock": {"isActive": True}}}
    assert parse_status(told).timelock == Timelock(active=True, until=None)
    told["data"] = {
        "reachoutTimelock": {"isActive": False, "timeEnforcementEnds": 1795300000}
    }
    assert parse_status(told).timelock == Timelock(
        active=False, until=datetime.fromtimestamp(1795300000, UTC)
    )


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"id":"e"}',
     b'{"id":"","event":"x","session":"d","timestamp":1}',
     b'{"id":"e","event":"x","session":"d","timestamp":"soon"}',
     b'{"id":"e","event":"x","session":"d","timestamp":1e400}'],
)  # fmt: skip
def test_what_is_no_event_is_bad_input(raw: bytes) -> None:
    """A stranger's body ends in one sentence, not in a stack trace."""
    with pytest.raises(BadInput):
        parse_event(raw)


@given(JSON)
def test_no_payload_from_outside_breaks_a_parser(value: Any) -> None:
    """Each reads it or refuses it; nothing else may come out."""
    raw = json.dumps(value).encode()
    readers = (parse_message, parse_ack, parse_status)
    told = value if isinstance(value, dict) else {"id": value, "timestamp": 1}
    for read, body in [(parse_event, raw), *((reader, told) for reader in readers)]:
        try:
            read(body)
        except BadInput:
            continue


def test_text_is_always_storable() -> None:
    """NUL and half an emoji are legal JSON and break databases."""
    raw = json.dumps(payload("message.any", 1) | {"body": "a\x00b\ud83dc"})
    body = parse_message(json.loads(raw)).body
    assert body.encode().decode() == body
    assert "\x00" not in body
    assert body.startswith("a")
    assert body.endswith("c")


def test_a_repr_tells_neither_text_nor_number() -> None:
    """Messages and events may stand in a log line."""
    for raw in webhooks("message.any"):
        event = parse_event(raw)
        told = f"{event!r} {parse_message(event.payload)!r}"
        for secret in ("62855", "62811", "Budi", "Groom", "come!"):
            assert secret not in told
    assert "62855" not in repr(parse_ack(payload("message.ack")))
