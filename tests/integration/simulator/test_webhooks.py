"""Webhooks: bodies, headers, signature, order, retries, and never in the way."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time

import pytest

from tests.integration.simulator.conftest import Api, hook
from tests.integration.simulator.receiver import Receiver
from tests.integration.simulator.recorded import RECORDED, WEBHOOKS, same
from wedding_wa.simulator import SimulatorServer, Timings

BUDI = "6285550000001@c.us"
NO_RETRY = {"policy": "constant", "delaySeconds": 1, "attempts": 0}


def test_every_recorded_event_comes_the_same(
    sim: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """From pairing to the removed device: bodies and headers as captured."""
    config = RECORDED["get in WORKING"]["answer"]["config"]
    config["webhooks"][0]["url"] = receiver.url
    api.put("/api/sessions/default", json={"config": config}).raise_for_status()
    sim.link("default", phone="6281111111111", name="Groom")
    body = {"session": "default", "chatId": BUDI, "text": "Dear Budi, you are invited"}
    api.post("/api/sendText", json={**body, "id": "3EB0DC5533DFB429BF70B1"})
    receiver.wait(lambda: len(receiver.of("message.ack")) == 2)
    bare = sim.guest_writes("default", BUDI, "Thank you, we will come!", name="Budi")
    receiver.wait(lambda: len(receiver.of("message", "message.any")) == 3)
    ours = {(each.event, kind_of(each.body)): each for each in receiver.hooks}
    compared = set()
    for sample in WEBHOOKS:
        key = (sample["event"], sample["kind"])
        if key in ours and key[0] != "session.status":
            text = sample["raw_body"].replace("3AAAAAAAAAAAAAAAAA01", bare)
            recorded = json.loads(text)
            mine = ours[key].body
            recorded["id"] = mine["id"]
            same(recorded, mine, str(key))
            assert headers(ours[key].headers) == headers(sample["headers"].items())
            compared.add(key)
    assert compared == {
        ("message.any", "PENDING"),
        ("message.any", "DEVICE"),
        ("message", "DEVICE"),
        ("message.ack", "DEVICE"),
        ("message.ack", "READ"),
    }


def kind_of(body: dict[str, object]) -> object:
    payload = body["payload"]
    assert isinstance(payload, dict)
    return payload.get("ackName") or payload.get("status") or ""


def headers(pairs: object) -> list[str]:
    """Return the names of WAHA's own headers, in order."""
    ours = ("x-", "content-type", "user-agent")
    return [n for n, _ in pairs if n.lower().startswith(ours)]  # type: ignore[attr-defined]


def test_statuses_of_a_pairing(
    sim: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """Pairing tells STARTING, SCAN_QR_CODE, STARTING, WORKING; three points each."""
    api.configure("groom", webhooks=[hook(receiver)], metadata={"who": "groom"})
    sim.link("groom")
    hooks = receiver.wait(
        lambda: (h := receiver.of("session.status")) and len(h) >= 4 and h
    )
    hooks.sort(key=lambda each: each.body["timestamp"])
    told = [each.body["payload"]["status"] for each in hooks]
    assert told == ["STARTING", "SCAN_QR_CODE", "STARTING", "WORKING"]
    last = hooks[-1].body
    assert [point["status"] for point in last["payload"]["statuses"]] == told[1:]
    assert last["metadata"] == {"who": "groom"}
    assert last["me"]["pushName"] == "Groom"
    assert hooks[0].body["me"] is None
    assert list(last) == [
        "id",
        "timestamp",
        "event",
        "session",
        "metadata",
        "me",
        "payload",
        "engine",
        "environment",
    ]


def test_an_unused_code_is_renewed_and_runs_out(receiver: Receiver) -> None:
    """60 s and five times 20 s, each told as SCAN_QR_CODE, then FAILED at 160 s."""
    speed = 80.0
    with SimulatorServer(speed=speed) as sim, Api(sim) as api:
        api.configure("bride", webhooks=[hook(receiver)])
        api.post("/api/sessions/bride/start").raise_for_status()
        sim.wait_status("bride", "SCAN_QR_CODE")
        first = api.get("/api/bride/auth/qr?format=raw").json()["value"]
        sim.wait_status("bride", "FAILED")
        hooks = receiver.wait(
            lambda: (h := receiver.of("session.status")) and len(h) == 8 and h
        )
    hooks.sort(key=lambda each: each.body["timestamp"])
    told = [each.body["payload"]["status"] for each in hooks]
    assert told == ["STARTING", *["SCAN_QR_CODE"] * 6, "FAILED"]
    times = [each.body["timestamp"] / 1000 for each in hooks]
    assert times[2] - times[1] >= 60 / speed * 0.95
    assert times[7] - times[1] >= 160 / speed * 0.95
    assert "linked_devices" in first


def test_each_new_code_differs(sim: SimulatorServer, api: Api) -> None:
    """A renewed code is another one, of the same device keys."""
    api.post("/api/sessions/bride/start").raise_for_status()
    sim.wait_status("bride", "SCAN_QR_CODE")
    first = api.get("/api/bride/auth/qr?format=raw").json()["value"]
    deadline = time.monotonic() + 20
    while (second := api.get("/api/bride/auth/qr?format=raw").json()["value"]) == first:
        assert time.monotonic() < deadline
    assert first.split(",")[1:] == second.split(",")[1:]


def test_signature_and_own_headers(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """HMAC-SHA512 over the raw bytes, and the custom headers; without a key neither."""
    custom = [{"name": "X-Who", "value": "groom"}]
    signed = hook(receiver, hmac={"key": "hook-secret"}, customHeaders=custom)
    api.configure("groom", webhooks=[signed])
    linked.wait_status("groom", "WORKING")
    api.write("Grüße 🥂")
    sent = receiver.wait(lambda: receiver.of("message.any"))[0]
    expected = hmac.new(b"hook-secret", sent.raw, hashlib.sha512).hexdigest()
    assert sent.header("X-Webhook-Hmac") == expected
    assert sent.header("X-Webhook-Hmac-Algorithm") == "sha512"
    assert sent.header("X-Who") == "groom"
    assert sent.header("X-Webhook-Timestamp") == str(sent.body["timestamp"])
    assert "Grüße 🥂".encode() in sent.raw  # unescaped, as Node writes JSON
    api.configure("groom", webhooks=[hook(receiver)])
    linked.wait_status("groom", "WORKING")
    receiver.hooks.clear()
    api.write("unsigned")
    plain = receiver.wait(lambda: receiver.of("message.any"))[0]
    assert plain.header("X-Webhook-Hmac") is None


def test_own_sends_are_told_pending_then_ticked(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """message.any PENDING, then DEVICE, then READ; SERVER never comes."""
    api.configure("groom", webhooks=[hook(receiver)])
    linked.wait_status("groom", "WORKING")
    api.write("hello", id="3EB0AA")
    receiver.wait(lambda: len(receiver.of("message.ack")) == 2)
    told = sorted(
        receiver.of("message.any", "message.ack"), key=lambda h: h.body["timestamp"]
    )
    names = [each.body["payload"]["ackName"] for each in told]
    assert names == ["PENDING", "DEVICE", "READ"]
    assert {each.body["payload"]["id"] for each in told} == {
        "true_12025550140@c.us_3EB0AA"
    }
    assert told[0].event == "message.any"


def test_an_incoming_message_comes_once_per_event(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """`message` and `message.any` share the event id, but not the request id."""
    api.configure("groom", webhooks=[hook(receiver)])
    linked.wait_status("groom", "WORKING")
    linked.guest_writes("groom", "+12025550140", "Ciao")
    two = receiver.wait(
        lambda: (h := receiver.of("message", "message.any")) and len(h) == 2 and h
    )
    assert {each.event for each in two} == {"message", "message.any"}
    assert two[0].body["id"] == two[1].body["id"]
    assert two[0].header("X-Webhook-Request-Id") != two[1].header(
        "X-Webhook-Request-Id"
    )


def test_only_what_was_asked_for(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """A webhook gets its own events; `*` gets all of them."""
    quiet = {"url": receiver.url + "/acks", "events": ["message.ack"]}
    everything = {"url": receiver.url + "/all", "events": ["*"]}
    api.configure("groom", webhooks=[quiet, everything])
    linked.wait_status("groom", "WORKING")
    api.write("hello")
    receiver.wait(lambda: len(receiver.of("message.ack")) == 4)
    acks = {each.event for each in receiver.hooks if each.path.endswith("/acks")}
    rest = {each.event for each in receiver.hooks if each.path.endswith("/all")}
    assert acks == {"message.ack"}
    assert rest == {"session.status", "message.any", "message.ack"}


@pytest.mark.parametrize(
    ("policy", "waits"),
    [("constant", [1, 1, 1]), ("linear", [1, 2, 3]), ("exponential", [1, 2, 4])],
)
def test_retries(
    linked: SimulatorServer,
    api: Api,
    receiver: Receiver,
    policy: str,
    waits: list[int],
) -> None:
    """Every non-2xx is tried again by the policy, with the same bytes and ids."""
    retries = {"policy": policy, "delaySeconds": 10, "attempts": 3}
    only = {"url": receiver.url, "events": ["message"], "retries": retries}
    api.configure("groom", webhooks=[only])
    linked.wait_status("groom", "WORKING")
    receiver.answers = [(500, {}), (404, {}), (302, {})]
    linked.guest_writes("groom", "+12025550140", "Ciao")
    tries = receiver.wait(lambda: len(receiver.hooks) == 4 and receiver.hooks)
    assert len({each.raw for each in tries}) == 1
    assert len({each.header("X-Webhook-Request-Id") for each in tries}) == 1
    gaps = [b.at - a.at for a, b in itertools.pairwise(tries)]
    for gap, wait in zip(gaps, waits, strict=True):
        assert gap >= wait * 10 / 50 * 0.95


def test_a_webhook_is_given_up_and_retry_after_is_heeded(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """After the last retry the event is dropped; a Retry-After replaces the wait."""
    retries = {"policy": "constant", "delaySeconds": 0, "attempts": 1}
    only = {"url": receiver.url, "events": ["message"], "retries": retries}
    api.configure("groom", webhooks=[only])
    linked.wait_status("groom", "WORKING")
    receiver.answers = [(503, {"Retry-After": "20"}), (503, {})]
    linked.guest_writes("groom", "+12025550140", "dropped")
    receiver.wait(lambda: len(receiver.hooks) == 2)
    assert receiver.hooks[1].at - receiver.hooks[0].at >= 20 / 50 * 0.95
    linked.guest_writes("groom", "+12025550140", "next")
    receiver.wait(lambda: len(receiver.hooks) == 3)
    assert receiver.hooks[2].body["payload"]["body"] == "next"


def test_a_deaf_receiver_does_not_hold_up_the_api(
    linked: SimulatorServer, api: Api, receiver: Receiver
) -> None:
    """The API answers while every webhook hangs."""
    api.configure("groom", webhooks=[hook(receiver, retries=NO_RETRY)])
    linked.wait_status("groom", "WORKING")
    receiver.gate.clear()
    started = time.monotonic()
    for number in range(5):
        assert api.write(f"message {number}").status_code == 201
    assert time.monotonic() - started < 5
    assert len(linked.delivered("groom")) == 5


def test_what_whatsapp_kept_comes_when_the_session_is_back(
    receiver: Receiver,
) -> None:
    """Guests may write while WAHA is stopped; ticks wait too; all come with WORKING."""
    slow = Timings(device_ack=(100.0, 100.0))
    with SimulatorServer(speed=50, timings=slow) as sim, Api(sim) as own:
        own.configure("groom", webhooks=[hook(receiver)])
        sim.link("groom")
        own.write("are you there?")
        own.post("/api/sessions/groom/stop").raise_for_status()
        sim.guest_writes("groom", "+12025550140", "I am here")
        receiver.hooks.clear()
        own.post("/api/sessions/groom/start").raise_for_status()
        receiver.wait(lambda: receiver.of("message"))
        receiver.wait(lambda: len(receiver.of("message.ack")) == 2)
