"""Answers recorded from a real WAHA, played back on the wire."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from wedding_wa.services.clock import Clock
from wedding_wa.services.waha import WahaClient, WahaConfig

FIXTURES = Path(__file__).parents[2] / "fixtures" / "waha"
Answer = httpx.Response | Exception


class SetClock(Clock):
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 4, 0, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed


def recorded(name: str) -> httpx.Response:
    """Return the recorded answer `name`: status, headers and body as they came."""
    raw = (FIXTURES / f"{name}.http").read_text(encoding="utf-8")
    head, _, body = raw.rstrip("\n").partition("\n\n")
    first, *lines = head.splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    headers.pop("Content-Length", None)
    return httpx.Response(int(first.split()[1]), headers=headers, text=body)


def recorded_json(name: str) -> Any:
    """Return the recorded body of `name`."""
    return recorded(name).json()


def webhooks(event: str) -> list[bytes]:
    """Return the recorded raw bodies of one kind of event."""
    samples = json.loads((FIXTURES / "webhook_samples.json").read_text("utf-8"))
    return [s["raw_body"].encode() for s in samples if s["event"] == event]


class Waha:
    """A wire that answers each path with what it was told, in turn; the last answer
    stays. What was asked is kept in `asked`."""

    def __init__(self, engine: str = "NOWEB", version: str = "2026.7.1") -> None:
        self.asked: list[httpx.Request] = []
        self._answers: dict[str, list[Answer | Callable[[], Answer]]]
        self._answers = defaultdict(list)
        self.runs(engine=engine, version=version)

    def runs(self, *, engine: str = "NOWEB", version: str = "2026.7.1") -> None:
        """Say which WAHA this is from now on."""
        body = recorded_json("version") | {"engine": engine, "version": version}
        self._answers["GET /api/server/version"] = [httpx.Response(200, json=body)]

    def on(self, call: str, *answers: str | Answer) -> Waha:
        """Answer `call` ("POST /api/sendText") by recorded names or answers."""
        self._answers[call] = [
            recorded(one) if isinstance(one, str) else one for one in answers
        ]
        return self

    def client(self, *, clock: Clock | None = None, session: str = "default"):
        """Return a real client on this wire."""
        config = WahaConfig("http://waha:3000", "testkey-0123456789", session)
        transport = httpx.MockTransport(self._handle)
        return WahaClient(config, clock=clock or SetClock(), transport=transport)

    def calls(self) -> list[str]:
        """Every call so far but for the version, as "METHOD /path"."""
        names = [_name(request) for request in self.asked]
        return [name for name in names if name != "GET /api/server/version"]

    def bodies(self, call: str) -> list[Any]:
        """The JSON bodies sent to `call`, in order."""
        found = [request for request in self.asked if _name(request) == call]
        return [
            json.loads(request.content) if request.content else None
            for request in found
        ]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answers = self._answers.get(_name(request))
        if not answers:
            return recorded("unknown_path")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=answer.content
        )


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.raw_path.decode().partition('?')[0]}"
