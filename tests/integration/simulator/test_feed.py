"""The event feed /ws: the webhooks' bodies, over a websocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
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
    """Without the key the handshake is answered 401."""
    with pytest.raises(InvalidStatus) as refused:
        listen(sim, "session=*&events=*&x-api-key=wrong")
    assert refused.value.response.status_code == 401


def test_refusing_ends_open_feeds(linked: SimulatorServer) -> None:
    """A WAHA that refuses connections has no open feed and takes no new one."""
    query = f"session=*&events=*&x-api-key={linked.api_key}"
    with listen(linked, query) as feed:
        linked.fault("refuse")
        with pytest.raises(ConnectionClosed):
            feed.recv(timeout=20)
    with pytest.raises(InvalidStatus):
        listen(linked, query)
    linked.clear_faults()
    with listen(linked, query) as feed:
        linked.guest_writes("groom", "+12025550140", "back")
        assert next_of(feed)["payload"]["body"] == "back"
