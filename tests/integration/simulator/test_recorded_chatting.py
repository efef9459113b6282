"""Scanning, writing and reading answer as a real WAHA did."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.integration.simulator.conftest import Api
from tests.integration.simulator.receiver import until
from tests.integration.simulator.recorded import RECORDED, same
from tests.integration.simulator.test_recorded_sessions import replay, replay_all
from wedding_wa.simulator import SimulatorServer

BUDI = "6285550000001@c.us"
INBOUND = "3AAAAAAAAAAAAAAAAA01"


@pytest.fixture
def groom(sim: SimulatorServer, api: Api) -> Api:
    """The recorded session: `default`, its config, the groom's phone."""
    config = RECORDED["get in WORKING"]["answer"]["config"]
    api.put("/api/sessions/default", json={"config": config}).raise_for_status()
    api.post("/api/sessions/default/start").raise_for_status()
    sim.wait_status("default", "SCAN_QR_CODE")
    return api


@pytest.fixture
def working(sim: SimulatorServer, groom: Api) -> Api:
    sim.scan("default", phone="+62 811 1111 1111", name="Groom")
    sim.wait_status("default", "WORKING")
    return groom


def send(api: Api, title: str) -> None:
    """Send with the id that the real one made, so that the answers can be equal."""
    record = RECORDED[title]
    body = {**record["body"], "id": record["answer"]["key"]["id"]}
    answer = api.post("/api/sendText", json=body)
    assert answer.status_code == record["status"]
    same(record["answer"], answer.json(), title)


def test_the_code_in_its_three_shapes(groom: Api) -> None:
    """The QR code comes as PNG, as JSON for that very Accept, and raw."""
    replay(groom, "get in SCAN_QR_CODE")
    raw = groom.get("/api/default/auth/qr?format=raw")
    value = raw.json()["value"]
    assert re.fullmatch(
        r"https://wa\.me/settings/linked_devices#2@.+(,[^,]+){4}", value
    )
    picture = groom.get("/api/default/auth/qr")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content[:8] == b"\x89PNG\r\n\x1a\n"
    width_height = picture.content[16:24]
    assert width_height == (260).to_bytes(4, "big") * 2
    told = groom.get(
        "/api/default/auth/qr?format=image", headers={"Accept": "application/json"}
    )
    assert list(told.json()) == ["mimetype", "data"]
    screen = groom.get("/api/screenshot?session=default")
    assert screen.content == picture.content


def test_the_pairing_code(sim: SimulatorServer, groom: Api) -> None:
    """A code is asked for, shows the phone as `me`, and logs that phone in."""
    replay(groom, "request-code (pairing code) with method")
    replay(groom, "request-code (pairing code) OK")
    replay(groom, "me after request-code")
    code = sim.world("GET", "/state")["sessions"][2]["pairingCode"]
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    sim.scan("default", code=code.lower(), name="Groom")
    sim.wait_status("default", "WORKING")
    replay(groom, "me in WORKING")


def test_working_answers_as_recorded(working: Api) -> None:
    """Once WORKING, every recorded answer of part 2 comes back the same."""
    replay_all(
        working,
        """get in WORKING
        me in WORKING
        QR in WORKING
        pairing code in WORKING
        screenshot in WORKING
        check-exists (exists)
        check-exists (not on WhatsApp)
        sendSeen (no messageIds)
        startTyping
        stopTyping
        lids
        lid by phone
        phone by lid
        profile
malformed JSON
        get one message by unknown id""",
    )
    for title in ("sendText without text", "sendText without chatId"):
        record = RECORDED[title]
        answer = working.post("/api/sendText", json=record["body"])
        assert answer.status_code == 500
        same(record["answer"], answer.json(), title)


@pytest.mark.parametrize(
    "title",
    ["sendText", "sendText to plain phone number without @c.us", "sendText to lid"],
)
def test_send_text_answers_the_raw_message(working: Api, title: str) -> None:
    """sendText answers what NOWEB does, under the id that the caller reserved."""
    send(working, title)


def test_the_store_tells_of_what_was_sent(working: Api) -> None:
    """Sent and read, the chat shows both messages, newest first, as recorded."""
    send(working, "sendText")
    _wait_read(working, "3EB0DC5533DFB429BF70B1")
    send(working, "sendText with id field")
    _wait_read(working, "3EB07D1185128E3FCD8B30")
    replay(working, "chat messages")


def test_the_same_id_is_sent_twice(sim: SimulatorServer, working: Api) -> None:
    """An own id is a name, not a promise: asked twice, WhatsApp gets it twice."""
    body = {"session": "default", "chatId": "6285550000055@c.us", "text": "once"}
    own = "3EB0AABBCCDDEEFF001122"
    for _ in range(2):
        answer = working.post("/api/sendText", json={**body, "id": own})
        assert answer.json()["key"]["id"] == own
    assert [fact["id"] for fact in sim.delivered("default")] == [own, own]
    _wait_read(working, own, chat="6285550000055@c.us")
    replay(working, "lookup by own id")


def _wait_read(api: Api, bare: str, chat: str = BUDI) -> None:
    path = f"/api/default/chats/{chat}/messages/{bare}"
    until(lambda: api.get(path).json().get("ack") == 3)


def test_an_incoming_message_is_seen(sim: SimulatorServer, working: Api) -> None:
    """sendSeen tells the unread ids; with ids of its own it says nothing."""
    bare = sim.guest_writes("default", "+6285550000001", "Thank you", name="Budi")
    full = f"false_{BUDI}_{bare}"
    body: dict[str, Any] = {"session": "default", "chatId": BUDI}
    assert working.post("/api/sendSeen", json=body).json() == {"ids": [full]}
    assert working.post("/api/sendSeen", json=body).json() == {"ids": []}
    quiet = working.post("/api/sendSeen", json={**body, "messageIds": [full]})
    assert (quiet.status_code, quiet.content) == (201, b"")


def test_a_lid_is_known_once_its_owner_wrote(
    sim: SimulatorServer, working: Api
) -> None:
    """The phone behind a LID is told from then on, and in the raw message."""
    lid = "985550000007@lid"
    sim.guest_writes("default", lid, "from lid user", phone="+6285550000007")
    replay(working, "contact by lid? lids after lid message")
    replay(working, "lid -> phone")
    assert working.get("/api/default/lids/count").json() == {"count": 1}
    by_phone = working.get("/api/default/lids/pn/+6285550000007").json()
    assert by_phone == {"lid": lid, "pn": "6285550000007@c.us"}
    chat = working.get("/api/default/chats/6285550000007@c.us/messages").json()
    assert chat[0]["from"] == lid
    assert chat[0]["_data"]["key"]["remoteJidAlt"] == "6285550000007@s.whatsapp.net"


def test_the_overview_lists_chats(sim: SimulatorServer, working: Api) -> None:
    """The overview has a chat a row with its last message, newest first."""
    sim.guest_writes("default", "+6285550000001", "Thank you", name="Budi")
    rows = working.get("/api/default/chats/overview").json()
    assert list(rows[0]) == ["id", "name", "picture", "lastMessage", "_chat"]
    assert (rows[0]["id"], rows[0]["name"]) == (BUDI, "Budi")
    assert rows[0]["_chat"]["id"] == "6285550000001@s.whatsapp.net"
    assert working.get("/api/default/chats/overview?ids=1@c.us").json() == []
    chats = working.get("/api/default/chats").json()
    assert chats[0]["id"] == BUDI


def test_without_a_store_there_is_nothing_to_read(working: Api) -> None:
    """With the store off the chats answer 400, and a PUT restarts the session."""
    replay(working, "PUT config while WORKING restarts the session")
    working.put("/api/sessions/default", json={"config": {}}).raise_for_status()
    until(lambda: working.get("/api/sessions/default").json()["status"] == "WORKING")
    replay(working, "messages after restart without noweb.store config")


def test_the_phone_removes_the_device(sim: SimulatorServer, working: Api) -> None:
    """Unlinked is FAILED, a restart fails again, a logout asks for a new scan."""
    sim.unlink("default")
    replay_all(
        working,
        """after the phone removed the linked device
        sendText in FAILED
        screenshot in FAILED
        start from FAILED
        restart from FAILED""",
    )
    sim.wait_status("default", "FAILED")
    replay(working, "logout")
    sim.wait_status("default", "SCAN_QR_CODE")


def test_reactions(sim: SimulatorServer, working: Api) -> None:
    """A reaction answers the raw message of Baileys."""
    bare = sim.guest_writes("default", "+6285550000001", "Thank you")
    full = f"false_{BUDI}_{bare}"
    body = {"session": "default", "messageId": full, "reaction": "🙏"}
    answer = working.put("/api/reaction", json=body)
    recorded = json.dumps(RECORDED["reaction"]["answer"]).replace(INBOUND, bare)
    told = answer.json()
    expected = json.loads(recorded)
    expected["key"]["id"] = told["key"]["id"]
    same(expected, told)
