"""A place that webhooks are sent to, on a thread of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Hook:
    """One request as it came in."""

    path: str
    headers: list[tuple[str, str]]
    raw: bytes
    at: float

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def event(self) -> str:
        return self.body["event"]

    def header(self, name: str) -> str | None:
        found = [v for n, v in self.headers if n.lower() == name.lower()]
        return found[0] if found else None


class Receiver:
    """Collects webhooks; `answers` says what the next ones get (then 200)."""

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.gate = threading.Event()
        self.gate.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                hook = Hook(self.path, self.headers.items(), raw, time.monotonic())
                outer.hooks.append(hook)
                outer.gate.wait(30)
                queue = outer.answers
                status, headers = queue.pop(0) if queue else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def of(self, *events: str) -> list[Hook]:
        return [hook for hook in list(self.hooks) if hook.event in events]

    def wait(self, there: Callable[[], Any], patience: float = 20.0) -> Any:
        """Return what `there` returns once it is true; fail after `patience`."""
        return until(there, patience)


def until(there: Callable[[], Any], patience: float = 20.0) -> Any:
    deadline = time.monotonic() + patience
    while not (found := there()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
