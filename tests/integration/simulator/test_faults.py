"""Every fault that can be ordered looks from outside as documented."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from tests.integration.simulator.conftest import Api, hook
from tests.integration.simulator.receiver import Receiver, until
from wedding_wa.simulator import SimulatorServer

SEND = "/api/sendText"


def texts(sim: SimulatorServer) -> list[str]:
    return [fact["text"] for fact in sim.delivered("groom")]


def test_refuse_closes_unanswered_and_sends_nothing(
    linked: SimulatorServer, api: Api
) -> None:
    """The connection ends without a byte; nothing reached WhatsApp; then it works."""
    linked.fault("refuse", path=SEND, times=1)
    with pytest.raises(httpx.TransportError):
        api.write("refused")
    assert api.write("after").status_code == 201
    assert texts(linked) == ["after"]


def test_lost_sends_and_drops_the_answer(linked: SimulatorServer, api: Api) -> None:
    """The message is out, the client never hears of it."""
    linked.fault("lost", path=SEND, times=1)
    with pytest.raises(httpx.TransportError):
        api.write("lost", id="3EB0LOST")
    assert texts(linked) == ["lost"]
    assert api.message("3EB0LOST")["body"] == "lost"


@pytest.mark.parametrize("mode", ["401", "422", "429", "500"])
def test_status_faults_send_nothing(
    linked: SimulatorServer, api: Api, mode: str
) -> None:
    """Each answers with WAHA's own body for that status, and nothing is sent."""
    linked.fault(mode, path=SEND, times=1, delay_ms=0)
    answer = api.write("no")
    body = answer.json()
    assert answer.status_code == int(mode)
    assert texts(linked) == []
    match mode:
        case "401":
            assert body == {"message": "Unauthorized", "statusCode": 401}
        case "422":
            assert (body["session"], body["expected"]) == ("groom", ["WORKING"])
        case "429":
            assert answer.headers["retry-after"] == "0"
        case _:
            assert body["exception"]["message"] == "Connection Closed"
            assert body["request"]["path"] == SEND


def test_a_fault_may_bring_its_own_body(linked: SimulatorServer, api: Api) -> None:
    """`body` replaces the answer, `delay_ms` tells the Retry-After."""
    refusal = {"message": "chatId is wrong", "error": "Bad", "statusCode": 422}
    linked.fault("422", path=SEND, times=1, body=refusal)
    assert api.write("no").json() == refusal
    linked.fault("429", path=SEND, times=1, delay_ms=1)
    assert api.write("no").headers["retry-after"] == "1"


def test_hang_until_the_faults_are_cleared(linked: SimulatorServer, api: Api) -> None:
    """Nothing is done and nothing answered; clearing closes the connection."""
    linked.fault("hang", path=SEND)
    with pytest.raises(httpx.ReadTimeout):
        api.post(SEND, json={"session": "groom"}, timeout=0.3)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            api.write("hangs")
        except httpx.TransportError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: linked.world("GET", "/faults")[0]["hits"] == 2)
    linked.clear_faults()
    asking.join(10)
    assert len(failures) == 1
    assert texts(linked) == []


def test_slow_still_works_though_the_client_has_gone(
    linked: SimulatorServer, api: Api
) -> None:
    """WAHA goes on after its client gave up: the message comes late, but it comes."""
    linked.fault("slow", path=SEND, delay_ms=1500, times=1)
    with pytest.raises(httpx.ReadTimeout):
        api.post(
            SEND,
            json={"session": "groom", "chatId": "1202@c.us", "text": "late"},
            timeout=0.2,
        )
    assert texts(linked) == []
    until(lambda: texts(linked) == ["late"])


def test_unknown_number(linked: SimulatorServer, api: Api) -> None:
    """check-exists says no; a send answers 201, reaches nobody and gets no tick."""
    linked.fault("unknown_number", session="groom")
    check = "/api/contacts/check-exists?session=groom&phone=12025550140"
    assert api.get(check).json() == {"numberExists": False}
    assert api.write("nobody", id="3EB0NONE").json()["status"] == "PENDING"
    linked.clear_faults()
    assert api.get(check).json()["numberExists"] is True
    assert api.write("to 0404", chat="12025550404@c.us").status_code == 201
    assert texts(linked) == []
    time.sleep(0.3)  # six seconds of WAHA's time: ticks would have come
    assert api.message("3EB0NONE")["ackName"] == "PENDING"


def test_error_463_comes_before_its_message(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """201, then the ERROR ack, then message.any of the same id; nothing arrives."""
    api.configure("groom", webhooks=[hook(receiver)])
    linked.wait_status("groom", "WORKING")
    linked.fault("error_463", times=1)
    assert api.write("cold", id="3EB0COLD").status_code == 201
    told = receiver.wait(
        lambda: (h := receiver.of("message.ack", "message.any")) and len(h) == 2 and h
    )
    assert [each.event for each in told] == ["message.ack", "message.any"]
    assert told[0].body["payload"]["ack"] == -1
    assert told[0].body["payload"]["ackName"] == "ERROR"
    assert told[1].body["payload"]["ackName"] == "PENDING"
    assert texts(linked) == []
    assert api.message("3EB0COLD")["ackName"] == "ERROR"


def test_no_ack_delivers_in_silence(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """The message arrives, no tick ever comes, not even after a restart."""
    api.configure("groom", webhooks=[hook(receiver)])
    linked.wait_status("groom", "WORKING")
    linked.fault("no_ack", times=1)
    api.write("silent", id="3EB0SILENT")
    api.write("heard")
    receiver.wait(lambda: len(receiver.of("message.ack")) == 2)
    api.post("/api/sessions/groom/restart").raise_for_status()
    linked.wait_status("groom", "WORKING")
    assert texts(linked) == ["silent", "heard"]
    assert api.message("3EB0SILENT")["ackName"] == "PENDING"


def test_webhook_faults(linked: SimulatorServer, api: Api, receiver: Receiver) -> None:
    """One webhook twice with one id; one not at all; some in the wrong order."""
    only = {"url": receiver.url, "events": ["message"]}
    api.configure("groom", webhooks=[only])
    linked.wait_status("groom", "WORKING")
    linked.fault("dup_webhook", times=1)
    linked.guest_writes("groom", "+12025550140", "twice")
    twice = receiver.wait(lambda: len(receiver.hooks) == 2 and receiver.hooks)
    assert twice[0].raw == twice[1].raw
    linked.fault("drop_webhook", times=1)
    linked.guest_writes("groom", "+12025550140", "dropped")
    linked.fault("shuffle_webhook", times=3, delay_ms=300)
    for text in "abc":
        linked.guest_writes("groom", "+12025550140", text)
    receiver.wait(lambda: len(receiver.hooks) == 5)
    bodies = [each.body["payload"]["body"] for each in receiver.hooks]
    assert bodies == ["twice", "twice", "c", "b", "a"]


def test_fail_session(linked: SimulatorServer, api: Api) -> None:
    """Running sessions fail at once, and starts fail while the fault lasts."""
    linked.fault("fail_session", session="groom")
    assert linked.status("groom") == "FAILED"
    api.post("/api/sessions/groom/restart").raise_for_status()
    linked.wait_status("groom", "FAILED")
    linked.clear_faults()
    api.post("/api/sessions/groom/restart").raise_for_status()
    linked.wait_status("groom", "WORKING")


def test_fail_session_once_spares_the_other(linked: SimulatorServer, api: Api) -> None:
    """`times` counts sessions that fail: one of two."""
    linked.link("bride")
    linked.fault("fail_session", times=1)
    assert [linked.status("groom"), linked.status("bride")] == ["FAILED", "WORKING"]
    api.post("/api/sessions/groom/restart").raise_for_status()
    linked.wait_status("groom", "WORKING")


def test_bounds_of_a_fault(linked: SimulatorServer, api: Api) -> None:
    """Path, session, times and seconds bound a fault; without them it lasts."""
    linked.fault("500", session="bride")
    assert api.write("of the groom").status_code == 201
    assert api.get("/api/sessions/bride").status_code == 500
    assert api.get("/api/contacts/check-exists?session=bride").status_code == 500
    linked.clear_faults()
    linked.fault("500", path="/api/send", times=2)
    codes = [api.write("x").status_code for _ in range(3)]
    assert codes == [500, 500, 201]
    linked.fault("500", path=SEND, seconds=1.5)
    assert api.write("x").status_code == 500
    until(lambda: api.write("x").status_code == 201)
    told = linked.world("GET", "/faults")
    assert [each["active"] for each in told] == [False, False]


def test_the_world_is_never_struck(linked: SimulatorServer, api: Api) -> None:
    """A fault on everything spares /__world/ and the phone page, and can be ended."""
    linked.fault("refuse")
    with pytest.raises(httpx.TransportError):
        api.get("/ping")
    assert linked.status("groom") == "WORKING"
    assert api.get("/phone").status_code == 200
    linked.clear_faults()
    assert api.get("/ping").status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        {"mode": "nonsense"},
        {},
        {"mode": "500", "times": 0},
        {"mode": "500", "times": "2"},
        {"mode": "slow", "delay": 5},
    ],
)
def test_a_bad_order_is_told(sim: SimulatorServer, api: Api, order: dict) -> None:  # type: ignore[type-arg]
    """What is wrong with an order is said in a sentence, and nothing is in force."""
    answer = api.post("/__world/faults", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert sim.world("GET", "/faults") == []
