"""The real app as a newcomer starts it: one process, its simulator as its child."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.ports import free_port

_ROOT = Path(__file__).parents[2]
_SETUP = re.compile(r"http://\S+/setup\?token=\w+")


class AppProcess:
    """`python -m wedding_wa run`, or other words, on ports and data of its own."""

    def __init__(
        self, folder: Path, *words: str, data: str = "data", **settings: str
    ) -> None:
        self.folder = folder
        self.data = folder / data
        self._words = words or ("run",)
        self.port, self.sim_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.simulator = f"http://127.0.0.1:{self.sim_port}"
        self.log = folder / "app.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, seconds: float = 180) -> None:
        """Start it and wait until it serves; the first time it builds the pages."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wedding_wa", *self._words],
                cwd=_ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._serves, "the app serves", seconds=seconds)

    @property
    def runs(self) -> bool:
        """Whether it was started, and neither stopped nor killed since."""
        return self._process is not None

    def stop(self, *, seconds: float = 30) -> int:
        """Stop it as Ctrl-C does; return its exit code."""
        return self._end(signal.SIGINT, seconds)

    def kill(self) -> None:
        """Kill it as the machine would: nothing is cleaned up."""
        self._end(signal.SIGKILL, 10)

    def command(self, *words: str) -> str:
        """Run `python -m wedding_wa …` on the same data; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "wedding_wa", *words],
            cwd=_ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def world(self, path: str, **body: object) -> dict[str, object]:
        """Do something in the pretend WhatsApp."""
        answer = httpx.post(f"{self.simulator}/__world/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return dict(answer.json())

    def delivered(self, session: str) -> list[dict[str, object]]:
        """Everything that reached WhatsApp from this session, in order."""
        answer = httpx.get(
            f"{self.simulator}/__world/delivered", params={"session": session}
        )
        return list(answer.json())

    def setup_link(self) -> str:
        """The one-time link, as the terminal shows it, at our address."""
        found = _SETUP.search(self.log.read_text())
        assert found, self.log.read_text()
        return re.sub(r"http://[^/]+", self.url, found.group())

    def environment(self) -> dict[str, str]:
        """What the process gets: our settings and nothing of the machine's."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WAHA_")}
        return kept | {
            "PORT": str(self.port),
            "SIM_PORT": str(self.sim_port),
            "DATA_DIR": str(self.folder / "data"),
            "PYTHONUNBUFFERED": "1",
            "LANG": "C.UTF-8",
            **self._settings,
        }

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/api/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _end(self, number: signal.Signals, seconds: float) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(timeout=seconds)


def wait_for(true: object, what: str, *, seconds: float = 30) -> None:
    """Wait until the callable is true, or fail with what was waited for."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")
