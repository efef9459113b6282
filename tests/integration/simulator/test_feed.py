"""The event feed /ws: the webhooks' bodies, over a websocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.integration.simulator.conftest import Api
from wedding_wa.simulator import SimulatorServer


def listen(sim: SimulatorServer, query: str) -> ClientConnection:
    address = f"ws://127.0.0.1:{sim.port}/ws?{query}"
    return connect(address, proxy=None, open_timeout=20)


def next_of(feed: ClientConnection) -> dict[str, Any]:
    return json.loads(feed.recv(timeout=20))


def test_the_feed_tells_what_it_was_asked_for(
    linked: SimulatorServer, api: Api
) -> None:
    """Events of every session, of the kinds asked for, in order."""
    query = f"session=*&events=message.any,message.ack&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        api.write("hello", id="3EB0FEED")
        told = [next_of(feed) for _ in range(3)]
    assert [each["payload"]["ackName"] for each in told] == [
        "PENDING",
        "DEVICE",
        "READ",
    ]
    assert {each["session"] for each in told} == {"groom"}
    assert told[0]["payload"]["id"].endswith("_3EB0FEED")


def test_the_feed_of_one_session(linked: SimulatorServer, api: Api) -> None:
    """A feed of the bride does not hear the groom."""
    linked.link("bride")
    query = f"session=bride&events=message.any&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        linked.guest_writes("groom", "+12025550140", "to the groom")
        linked.guest_writes("bride", "+12025550140", "to the bride")
        assert next_of(feed)["payload"]["body"] == "to the bride"


def test_the_feed_needs_the_key(sim: SimulatorServer) -> None:
    """With a wrong key the line opens and is closed at once, 1008, as WAHA does it."""
    feed = listen(sim, "session=*&events=*&x-api-key=wrong")
    with feed, pytest.raises(ConnectionClosed) as refused:
        feed.recv(timeout=20)
    assert refused.value.rcvd is not None
    assert (refused.value.rcvd.code, refused.value.rcvd.reason) == (
        1008,
        "Unauthorized",
    )


def test_events_may_be_named_one_by_one(linked: SimulatorServer) -> None:
    """`events=a&events=b` is the same as `events=a,b`."""
    query = (
        f"session=groom&events=message&events=message.any&x-api-key={linked.api_key}"
    )
    with listen(linked, query) as feed:
        linked.guest_writes("groom", "+12025550140", "hello")
        assert {next_of(feed)["event"] for _ in range(2)} == {"message", "message.any"}


def test_what_the_feed_loses_webhooks_may_bring(linked: SimulatorServer) -> None:
    """`drop_feed` swallows so many events of one session and leaves the line open."""
    query = f"session=groom&events=message.any&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        fault = linked.fault("drop_feed", session="groom", times=2)
        for text in ("one", "two", "three"):
            linked.guest_writes("groom", "+12025550140", text)
        assert next_of(feed)["payload"]["body"] == "three"
    faults = linked.world("GET", "/faults")
    assert [each["hits"] for each in faults if each["id"] == fault["id"]] == [2]


def test_a_cut_ends_the_line_without_a_word(linked: SimulatorServer) -> None:
    """No closing frame, as when a cable is pulled; the next line works."""
    query = f"session=groom&events=message.any&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        assert linked.fault("cut_feed", session="bride")["hits"] == 0
        assert linked.fault("cut_feed", session="groom")["hits"] == 1
        with pytest.raises(ConnectionClosed) as cut:
            feed.recv(timeout=20)
        assert cut.value.rcvd is None
    with listen(linked, query) as feed:
        linked.guest_writes("groom", "+12025550140", "again")
        assert next_of(feed)["payload"]["body"] == "again"


def test_a_silent_line_answers_no_ping(linked: SimulatorServer) -> None:
    """It stays open, brings nothing and gives no pong until the fault ends."""
    query = f"session=groom&events=message.any&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        assert feed.ping().wait(20)
        linked.fault("silent_feed", session="groom")
        unheard = feed.ping()
        linked.guest_writes("groom", "+12025550140", "lost")
        assert not unheard.wait(0.3)
        linked.clear_faults()
        assert feed.ping().wait(20)
        linked.guest_writes("groom", "+12025550140", "heard")
        assert next_of(feed)["payload"]["body"] == "heard"


def test_refusing_ends_open_feeds(linked: SimulatorServer) -> None:
    """A WAHA that refuses connections has no open feed and takes no new one."""
    query = f"session=*&events=*&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        linked.fault("refuse")
        with pytest.raises(ConnectionClosed):
            feed.recv(timeout=20)
    with pytest.raises((OSError, InvalidHandshake)):
        listen(linked, query)
    linked.clear_faults()
    linked.fault("500", path="/ws", times=1)
    with pytest.raises(InvalidStatus):
        listen(linked, query)
    with listen(linked, query) as feed:
        linked.guest_writes("groom", "+12025550140", "back")
        assert next_of(feed)["payload"]["body"] == "back"
