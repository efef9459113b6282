"""The sessions' life answers as a real WAHA did, byte shape by byte shape."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.simulator.conftest import Api
from tests.integration.simulator.recorded import RECORDED, same
from wedding_wa.simulator import SimulatorServer, Timings

SPEED = 40.0
NOT_RUNNING_S, OTHER_STATUS_S, STOP_S, DELETE_S = 5.0, 10.0, 3.0, 4.0


@pytest.fixture
def offline() -> Iterator[Api]:
    """A WAHA that never gets to WhatsApp: what starts stays in STARTING."""
    timings = Timings(connect=(1e6, 1e6))
    with SimulatorServer(speed=SPEED, timings=timings) as sim, Api(sim) as api:
        yield api


def replay(api: httpx.Client, title: str) -> float:
    """Ask what was asked then; assert the same answer; return how long it took."""
    record = RECORDED[title]
    path, body = record["path"], record["body"]
    headers = {"Content-Type": "application/json"}
    started = time.monotonic()
    if isinstance(body, str):
        answer = api.request(record["method"], path, content=body, headers=headers)
    else:
        answer = api.request(record["method"], path, json=body)
    took = time.monotonic() - started
    assert answer.status_code == record["status"], f"{title}: {answer.text}"
    assert answer.headers.get("content-type") == record["type"], title
    if record["answer"] is None:
        assert answer.content == b"", title
        assert answer.headers["content-length"] == "0"
    else:
        same(record["answer"], answer.json(), title)
    return took


def replay_all(api: httpx.Client, titles: str) -> None:
    for title in titles.strip().splitlines():
        replay(api, title.strip())


def test_without_a_key_nothing_is_told_but_ping(offline: Api) -> None:
    """X-Api-Key guards /api and /health; wrong and missing look alike; ping is open."""
    with httpx.Client(base_url=offline.base_url, trust_env=False) as stranger:
        replay(stranger, "no API key")
        replay(stranger, "ping (no key needed)")
        assert stranger.get("/health").status_code == 401
        wrong = stranger.get("/api/sessions", headers={"X-Api-Key": "wrong"})
        assert wrong.json() == {"message": "Unauthorized", "statusCode": 401}
        by_query = stranger.get("/api/sessions?x-api-key=simulator")
        assert by_query.json() == []


def test_a_stopped_session_answers_as_recorded(offline: Api) -> None:
    """Before anything was started every recorded answer comes back the same."""
    replay_all(
        offline,
        """unknown path
        version
        server status
        get default
        create default while it exists as STOPPED
        bad session name
        me while STOPPED
        sendText without session
        screenshot while STOPPED
        PUT session config (STOPPED stays STOPPED)
        bad webhook url / event""",
    )


@pytest.mark.parametrize(
    "title",
    ["QR while STOPPED", "sendText while STOPPED", "check-exists while STOPPED"],
)
def test_a_stopped_session_lets_one_wait_five_seconds(offline: Api, title: str) -> None:
    """What needs a running session waits 5 s (by the speed) for it, and then 422."""
    took = replay(offline, title)
    assert NOT_RUNNING_S / SPEED * 0.95 <= took < OTHER_STATUS_S / SPEED * 20


def test_life_from_start_to_delete(offline: Api) -> None:
    """Start, stop, restart and delete answer and last as recorded."""
    replay(offline, "PUT session config (STOPPED stays STOPPED)")
    replay_all(
        offline,
        """start
        start again
        get right after start (STARTING)
        me while STARTING
        screenshot while STARTING""",
    )
    for title in ("QR while STARTING", "startTyping while not WORKING"):
        assert replay(offline, title) >= OTHER_STATUS_S / SPEED * 0.95
    assert replay(offline, "stop") >= STOP_S / SPEED * 0.95
    replay_all(
        offline,
        """get after stop
        stop again (idempotent)
        logout while STOPPED
        restart from STOPPED""",
    )
    assert replay(offline, "delete") >= DELETE_S / SPEED * 0.95
    replay_all(
        offline,
        """get after delete
        delete again (idempotent)
        restart after delete
        sendText after delete""",
    )


def test_create_starts_with_config(offline: Api) -> None:
    """POST /api/sessions makes a session of any name, filled in and starting."""
    offline.delete("/api/sessions/default").raise_for_status()
    replay(offline, "POST /api/sessions with start:true and webhooks")
    other = offline.post("/api/sessions", json={"name": "aunt-1", "start": False})
    assert (other.status_code, other.json()["status"]) == (201, "STOPPED")
    assert offline.get("/api/sessions/aunt-1").json()["engine"] == {}


def test_lists_hide_what_is_stopped(offline: Api) -> None:
    """The three sessions of the beginning show with all=true; running ones always."""
    assert offline.get("/api/sessions").json() == []
    everything = offline.get("/api/sessions?all=true").json()
    assert [each["name"] for each in everything] == ["groom", "bride", "default"]
    assert "engine" not in everything[0]
    offline.post("/api/sessions/bride/start").raise_for_status()
    assert [each["name"] for each in offline.get("/api/sessions").json()] == ["bride"]


def test_unknown_sessions_and_methods(offline: Api) -> None:
    """A name nobody made is 404; a wrong method and a query are told as Nest does."""
    assert offline.get("/api/sessions/nobody").json() == {
        "message": "Session not found",
        "error": "Not Found",
        "statusCode": 404,
    }
    told = offline.patch("/api/sessions/groom?a=1").json()
    assert told["message"] == "Cannot PATCH /api/sessions/groom?a=1"
    assert offline.get("/api/sessions/groom/").status_code == 200


def test_one_command_at_a_time(offline: Api) -> None:
    """A command waits for the one before it, five seconds at most, then 500."""
    slow = Timings(stop=30.0, connect=(1e6, 1e6))
    with SimulatorServer(speed=SPEED, timings=slow) as sim, Api(sim) as api:
        api.post("/api/sessions/groom/start").raise_for_status()
        with pytest.raises(httpx.ReadTimeout):
            api.post("/api/sessions/groom/stop", timeout=0.2)
        answer = api.post("/api/sessions/groom/restart")
        assert answer.status_code == 500
        assert answer.json()["exception"]["message"].startswith("async-lock timed out")
