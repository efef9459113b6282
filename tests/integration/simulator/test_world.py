"""The control API: scans, guests, the phone, ground truth, reset, the pages."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.integration.simulator.conftest import ROSA, Api
from tests.integration.simulator.receiver import until
from wedding_wa.simulator import SimulatorServer


def test_the_ground_truth_has_the_marks_in_order(
    linked: SimulatorServer, api: Api
) -> None:
    """Seen, typing, stopped, then the text; the next message starts without marks."""
    for path in ("sendSeen", "startTyping", "stopTyping"):
        assert api.call(path).status_code == 201
    api.call("startTyping", chat="12025550141@c.us")
    api.write("Dear Rosa", id="3EB0FIRST")
    api.write("One more thing")
    first, second = linked.delivered("groom")
    assert list(first) == ["id", "chatId", "text", "timestamp", "marks"]
    assert (first["id"], first["chatId"]) == ("3EB0FIRST", ROSA)
    assert [mark["type"] for mark in first["marks"]] == ["seen", "typing", "stopped"]
    times = [mark["timestamp"] for mark in first["marks"]] + [first["timestamp"]]
    assert times == sorted(times)
    assert all(isinstance(each, int) for each in times)
    assert second["marks"] == []
    assert [fact["session"] for fact in linked.delivered()] == ["groom", "groom"]


def test_presence_counts_as_typing(linked: SimulatorServer, api: Api) -> None:
    """WAHA's presence call shows typing just as startTyping does."""
    for presence in ("typing", "paused", "offline"):
        body = {"presence": presence, "chatId": ROSA}
        answer = api.post("/api/groom/presence", json=body)
        assert (answer.status_code, answer.content) == (201, b"")
    assert api.get("/api/sessions/groom").json()["presence"] == "offline"
    api.write("now")
    marks = linked.delivered("groom")[0]["marks"]
    assert [mark["type"] for mark in marks] == ["typing", "stopped"]
    assert api.get("/api/sessions/groom").json()["presence"] == "online"


def test_a_scan_needs_a_code(sim: SimulatorServer, api: Api) -> None:
    """Nothing to scan is a 409 with a sentence; so is a second scan, a wrong code."""
    refused = api.post("/__world/sessions/groom/scan")
    assert refused.status_code == 409
    assert refused.json()["error"] == (
        "groom shows no code to scan: its status is STOPPED."
    )
    api.post("/api/sessions/groom/start").raise_for_status()
    sim.wait_status("groom", "SCAN_QR_CODE")
    wrong = api.post("/__world/sessions/groom/scan", json={"code": "AAAA-AAAA"})
    assert wrong.status_code == 409
    sim.scan("groom")
    sim.wait_status("groom", "WORKING")
    assert api.post("/__world/sessions/nobody/scan").status_code == 404


def test_phones_differ_per_session(sim: SimulatorServer, api: Api) -> None:
    """Without words about it, groom and bride have their own phone and name."""
    sim.link("groom")
    sim.link("bride")
    groom = api.get("/api/sessions/groom/me").json()
    bride = api.get("/api/sessions/bride/me").json()
    assert groom["pushName"] == "Groom"
    assert bride["pushName"] == "Bride"
    assert groom["id"] != bride["id"]
    assert groom["lid"].endswith("@lid")


def test_nobody_writes_to_a_number_without_a_phone(
    sim: SimulatorServer, api: Api
) -> None:
    """A guest's message needs a linked session; bad orders are told why."""
    order = {"session": "groom", "from": "+12025550140", "text": "hi"}
    assert api.post("/__world/messages", json=order).status_code == 409
    sim.link("groom")
    for wrong in ({"from": "Rosa"}, {"text": " "}, {"session": "nobody"}):
        answer = api.post("/__world/messages", json={**order, **wrong})
        assert answer.status_code in (400, 404)
        assert answer.json()["error"].endswith(".")
    written = api.post("/__world/messages", json=order)
    assert written.status_code == 201
    bare = written.json()["id"]
    assert re.fullmatch(r"3A[0-9A-F]{18}", bare)
    assert api.message(bare)["id"] == f"false_{ROSA}_{bare}"


def test_the_phone_itself_writes(linked: SimulatorServer, api: Api) -> None:
    """What the couple writes on the phone shows as source app, and is no delivery."""
    bare = linked.phone_writes("groom", "+12025550140", "from my phone")
    told = until(lambda: (m := api.message(bare)) and m["ack"] == 3 and m)
    assert (told["fromMe"], told["source"]) == (True, "app")
    assert linked.delivered("groom") == []


def test_a_note_to_oneself(linked: SimulatorServer, api: Api) -> None:
    """Who writes from the account's own number is no guest, but the phone itself."""
    bare = linked.guest_writes("groom", "+1 202 555 0111", "remember the rings")
    assert api.message(bare, chat="12025550111@c.us")["fromMe"] is True


def test_message_filters(linked: SimulatorServer, api: Api) -> None:
    """limit, offset, order, fromMe, timestamps and ack choose messages."""
    for number in range(12):
        api.write(f"number {number}")
    path = f"/api/groom/chats/{ROSA}/messages"
    until(lambda: len(api.get(f"{path}?limit=50&filter.ack=READ").json()) == 12)

    def bodies(query: str) -> list[str]:
        return [each["body"] for each in api.get(f"{path}?{query}").json()]

    assert len(bodies("")) == 10
    assert bodies("limit=1&filter.fromMe=false") == ["Hello dear"]
    assert bodies("limit=2&sortOrder=asc&filter.fromMe=true&offset=1") == [
        "number 1",
        "number 2",
    ]
    assert bodies("filter.timestamp.gte=99999999999") == []
    assert len(bodies("limit=50&filter.timestamp.lte=99999999999")) == 13
    assert bodies("filter.ack=PENDING") == []
    deprecated = api.get(f"/api/messages?session=groom&chatId={ROSA}&limit=3")
    assert len(deprecated.json()) == 3


def test_reset_puts_everything_back(linked: SimulatorServer, api: Api) -> None:
    """Sessions stopped and unlinked, no chats, no deliveries, no faults."""
    api.write("gone soon")
    api.delete("/api/sessions/bride").raise_for_status()
    linked.fault("500", path="/api/nothing")
    linked.reset()
    state = linked.world("GET", "/state")
    assert [each["status"] for each in state["sessions"]] == ["STOPPED"] * 3
    assert state["delivered"] == 0
    assert state["faults"] == []
    assert api.get("/api/sessions/groom").json()["config"] is None
    linked.link("groom")
    assert api.get("/api/groom/chats").json() == []


def test_what_is_not_simulated_is_not_found(linked: SimulatorServer, api: Api) -> None:
    """A path that is not simulated says so, instead of pretending."""
    answer = api.post("/api/sendImage", json={"session": "groom"})
    assert answer.status_code == 404
    assert answer.json()["message"] == "Cannot POST /api/sendImage"


def test_health_and_ids(linked: SimulatorServer, api: Api) -> None:
    """Health is told to who has the key; new ids look like NOWEB's own."""
    assert api.get("/health").json()["status"] == "ok"
    ours = {api.get("/api/groom/new-message-id").json()["id"] for _ in range(20)}
    assert len(ours) == 20
    assert all(re.fullmatch(r"3EB0[0-9A-F]{18}", each) for each in ours)


def test_the_phone_page_needs_nothing_from_elsewhere(sim: SimulatorServer) -> None:
    """The page and its files come from here alone, and need no key."""
    with httpx.Client(base_url=sim.url, trust_env=False) as browser:
        assert browser.get("/").headers["location"] == "/phone"
        page = browser.get("/phone?session=groom")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        local = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
        assert len(local) == 3
        text = page.text + "".join(browser.get(path).text for path in local)
        assert re.findall(r"https?://(?!www\.w3\.org)", text) == []


def test_the_phone_page_hears_only_of_changes(
    linked: SimulatorServer, api: Api
) -> None:
    """Nothing new is a 204; a code is drawn only while there is one."""
    told = linked.world("GET", "/phones/groom")
    assert told["chats"][0]["name"] == "Rosa"
    assert told["chats"][0]["unread"] == 1
    same = api.get(f"/__world/phones/groom?rev={told['rev']}")
    assert same.status_code == 204
    api.call("startTyping")
    news = api.get(f"/__world/phones/groom?rev={told['rev']}").json()
    assert news["chats"][0]["typingUntilMs"] > news["nowMs"]
    assert api.get("/__world/sessions/groom/code.svg").status_code == 404
    api.post("/api/sessions/bride/start").raise_for_status()
    linked.wait_status("bride", "SCAN_QR_CODE")
    drawing = api.get("/__world/sessions/bride/code.svg")
    assert drawing.headers["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize("body", ["{", "[1]"])
def test_orders_must_be_json_objects(api: Api, body: str) -> None:
    """The control API says what it could not read."""
    answer = api.post("/__world/messages", content=body)
    assert answer.status_code == 400
