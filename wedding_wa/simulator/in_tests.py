"""simulator: a running simulator as a context manager, for tests and scripts."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from wedding_wa.simulator.config import DEFAULT_API_KEY, SimulatorConfig, Timings
from wedding_wa.simulator.server import listen, uvicorn_server

Json = dict[str, Any]

_PATIENCE_S = 30.0


class SimulatorServer:
    """A simulator on a thread of its own, reached over real HTTP.

        with SimulatorServer(speed=50) as sim:
            client = WahaClient(sim.url, sim.api_key)
            sim.link("groom")

    `stop` and `start` again keep the port; the world lasts where `state` is a file.
    The helpers below speak to the control API and block: call them from a thread
    (`asyncio.to_thread`) where the loop must go on.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        port: int = 0,
        host: str = "127.0.0.1",
        api_key: str = DEFAULT_API_KEY,
        state: Path | None = None,
        seed: int | None = None,
        timings: Timings | None = None,
    ) -> None:
        self.config = SimulatorConfig(
            api_key=api_key,
            speed=speed,
            state=state,
            seed=seed,
            timings=timings or Timings(),
        )
        self.api_key = api_key
        self.host = host
        self.port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._http = httpx.Client(timeout=_PATIENCE_S, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Start and return once it answers."""
        sock = listen(self.host, self.port)
        self.port = sock.getsockname()[1]
        sock.listen(2048)
        self._server = uvicorn_server(self.config)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [sock]},
            name=f"simulator-{self.port}",
            daemon=True,
        )
        self._thread.start()
        self._until(lambda: self._server.started, "the simulator did not start")
        return self

    def stop(self) -> None:
        """Stop gracefully; nothing happens where it does not run."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_PATIENCE_S)
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._http.close()

    # --- the hands of whoever plays WhatsApp ------------------------------------------

    def world(self, method: str, path: str, body: Json | None = None) -> Any:
        """Call the control API; httpx.HTTPStatusError where it refuses."""
        answer = self._http.request(method, f"{self.url}/__world{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def scan(self, session: str, **told: str) -> Json:
        """The phone scans; optional `phone`, `name`, `code` (the pairing code)."""
        scanned: Json = self.world("POST", f"/sessions/{session}/scan", told)
        return scanned

    def link(self, session: str, *, store: bool = True, **told: str) -> None:
        """Take a stopped session to WORKING: config, start, scan."""
        headers = {"X-Api-Key": self.api_key}
        base = f"{self.url}/api/sessions/{session}"
        config = self._http.get(base, headers=headers).json()["config"] or {}
        if store:
            config["noweb"] = {"store": {"enabled": True, "fullSync": False}}
        self._http.put(base, headers=headers, json={"config": config})
        self._http.post(f"{base}/start", headers=headers).raise_for_status()
        self.wait_status(session, "SCAN_QR_CODE")
        self.scan(session, **told)
        self.wait_status(session, "WORKING")

    def status(self, session: str) -> str:
        sessions = self.world("GET", "/state")["sessions"]
        return str(next(each["status"] for each in sessions if each["name"] == session))

    def wait_status(self, session: str, status: str) -> None:
        """Return once the session is in `status`; AssertionError after 30 s."""
        told = f"{session} did not become {status}"
        self._until(lambda: self.status(session) == status, told)

    def guest_writes(self, session: str, sender: str, text: str, **told: str) -> str:
        """A guest writes (`sender`: E.164 or LID); return the message's bare id."""
        order = {"session": session, "from": sender, "text": text, **told}
        return str(self.world("POST", "/messages", order)["id"])

    def phone_writes(self, session: str, to: str, text: str) -> str:
        order = {"session": session, "to": to, "text": text}
        return str(self.world("POST", "/phone-messages", order)["id"])

    def unlink(self, session: str) -> None:
        self.world("POST", f"/sessions/{session}/unlink")

    def delivered(self, session: str | None = None) -> list[Json]:
        """Return the ground truth: what reached WhatsApp, in order."""
        query = f"?session={session}" if session else ""
        told: list[Json] = self.world("GET", f"/delivered{query}")
        return told

    def fault(self, mode: str, **told: Any) -> Json:
        """Order a fault: `path`, `session`, `times`, `seconds`, `delay_ms`, `body`."""
        fault: Json = self.world("POST", "/faults", {"mode": mode, **told})
        return fault

    def clear_faults(self) -> None:
        self.world("DELETE", "/faults")

    def reset(self) -> None:
        self.world("POST", "/reset")

    def _until(self, there: Any, complaint: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not there():
            if time.monotonic() > deadline:
                raise AssertionError(complaint)
            time.sleep(0.01)
