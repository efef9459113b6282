"""What the simulator's tests share: a running one, its API, a webhook receiver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.simulator.receiver import Receiver
from wedding_wa.simulator import SimulatorServer

ROSA = "12025550140@c.us"
ALL_EVENTS = ["session.status", "message", "message.any", "message.ack"]


class Api(httpx.Client):
    """WAHA's API of one simulator."""

    def __init__(self, sim: SimulatorServer) -> None:
        super().__init__(
            base_url=sim.url,
            headers={"X-Api-Key": sim.api_key},
            timeout=30,
            trust_env=False,
        )

    def write(self, text: str, *, chat: str = ROSA, **more: Any) -> httpx.Response:
        body = {"session": "groom", "chatId": chat, "text": text, **more}
        return self.post("/api/sendText", json=body)

    def call(self, path: str, *, chat: str = ROSA, **more: Any) -> httpx.Response:
        body = {"session": "groom", "chatId": chat, **more}
        return self.post(f"/api/{path}", json=body)

    def configure(self, session: str, **config: Any) -> None:
        config.setdefault("noweb", {"store": {"enabled": True, "fullSync": False}})
        answer = self.put(f"/api/sessions/{session}", json={"config": config})
        answer.raise_for_status()

    def message(self, bare: str, *, chat: str = ROSA) -> dict[str, Any]:
        return self.get(f"/api/groom/chats/{chat}/messages/{bare}").json()


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer(speed=50, seed=1) as server:
        yield server


@pytest.fixture
def api(sim: SimulatorServer) -> Iterator[Api]:
    with Api(sim) as client:
        yield client


@pytest.fixture
def linked(sim: SimulatorServer) -> SimulatorServer:
    """The groom's session WORKING with its store on, and Rosa has written."""
    sim.link("groom")
    sim.guest_writes("groom", "+1 202 555 0140", "Hello dear", name="Rosa")
    return sim


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    place = Receiver()
    yield place
    place.close()


def hook(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {"url": receiver.url, "events": ALL_EVENTS, **more}
