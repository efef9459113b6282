"""The simulator as a process: what survives its kill, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.simulator.conftest import ROSA
from tests.integration.simulator.receiver import until

KEY = {"X-Api-Key": "process-key"}


class Process:
    """`python -m wedding_wa.simulator` with a state file, started and killed."""

    def __init__(self, state: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.state = state
        self.child: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers=KEY,
            timeout=20,
            trust_env=False,
        )

    def start(self, *more: str, pass_fds: tuple[int, ...] = ()) -> None:
        command = [sys.executable, "-m", "wedding_wa.simulator"]
        command += ["--port", str(self.port), "--state", str(self.state)]
        command += ["--speed", "50", *more]
        env = {**os.environ, "WAHA_API_KEY": KEY["X-Api-Key"]}
        self.child = subprocess.Popen(
            command,
            env=env,
            pass_fds=pass_fds,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        until(self._answers, 40)

    def _answers(self) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, "the simulator ended"
        try:
            return self.http.get("/ping").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals) -> int:
        assert self.child is not None
        self.child.send_signal(how)
        code = self.child.wait(20)
        if self.child.stderr is not None:
            self.child.stderr.close()
        return code

    def status(self, session: str) -> str:
        return self.http.get(f"/api/sessions/{session}").json()["status"]

    def link(self, session: str) -> None:
        base = f"/api/sessions/{session}"
        config = {"metadata": {"who": session}, "noweb": {"store": {"enabled": True}}}
        self.http.put(base, json={"config": config}).raise_for_status()
        self.http.post(f"{base}/start").raise_for_status()
        until(lambda: self.status(session) == "SCAN_QR_CODE")
        self.http.post(f"/__world{base.removeprefix('/api')}/scan").raise_for_status()
        until(lambda: self.status(session) == "WORKING")

    def send(self, text: str) -> httpx.Response:
        body = {"session": "groom", "chatId": ROSA, "text": text, "id": f"3EB0{text}"}
        return self.http.post("/api/sendText", json=body)

    def delivered(self) -> list[str]:
        facts = self.http.get("/__world/delivered?session=groom").json()
        return [fact["text"] for fact in facts]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    one = Process(tmp_path / "world.jsonl")
    yield one
    if one.child is not None and one.child.poll() is None:
        one.end(signal.SIGKILL)
    one.http.close()


def test_the_world_survives_a_kill(process: Process) -> None:
    """Sessions, config, login, chats, marks and deliveries outlive `kill -9`."""
    process.start()
    process.link("groom")
    guest = {"session": "groom", "from": "+12025550140", "text": "hi", "name": "Rosa"}
    process.http.post("/__world/messages", json=guest).raise_for_status()
    before = [process.send(str(number)) for number in range(3)]
    assert [each.status_code for each in before] == [201] * 3
    body = {"session": "groom", "chatId": ROSA}
    process.http.post("/api/startTyping", json=body).raise_for_status()
    process.end(signal.SIGKILL)
    process.start()
    assert process.delivered() == ["0", "1", "2"]
    until(lambda: process.status("groom") == "WORKING")
    groom = process.http.get("/api/sessions/groom").json()
    assert groom["config"]["metadata"] == {"who": "groom"}
    assert groom["me"]["pushName"] == "Groom"
    assert process.status("bride") == "STOPPED"
    found = process.http.get(f"/api/groom/chats/{ROSA}/messages/3EB02").json()
    assert (found["body"], found["source"]) == ("2", "app")
    process.send("3")
    facts = process.http.get("/__world/delivered?session=groom").json()
    assert [mark["type"] for mark in facts[-1]["marks"]] == ["typing"]
    process.end(signal.SIGKILL)  # once more, over the compacted file
    process.start()
    assert process.delivered() == ["0", "1", "2", "3"]


def test_every_answered_send_is_in_the_truth(process: Process) -> None:
    """Killed amid sending: whatever was answered 201 is in the ground truth."""
    process.start()
    process.link("groom")
    answered: list[str] = []

    def send_on() -> None:
        for number in range(10_000):
            try:
                if process.send(str(number)).status_code != 201:
                    return
            except httpx.TransportError:
                return
            answered.append(str(number))

    sender = threading.Thread(target=send_on)
    sender.start()
    until(lambda: len(answered) >= 20)
    process.end(signal.SIGKILL)
    sender.join(20)
    process.start()
    delivered = process.delivered()
    assert delivered[: len(answered)] == answered
    assert len(delivered) - len(answered) in (0, 1)  # the one that was under way


def test_deleted_and_made_sessions_survive(process: Process) -> None:
    """A deleted session stays away, a made one is there, a stopped one is stopped."""
    process.start()
    process.http.delete("/api/sessions/bride").raise_for_status()
    made = {"name": "aunt", "start": False, "config": {"metadata": {"a": "b"}}}
    process.http.post("/api/sessions", json=made).raise_for_status()
    process.end(signal.SIGKILL)
    process.start()
    told = process.http.get("/api/sessions?all=true").json()
    assert [each["name"] for each in told] == ["groom", "default", "aunt"]
    assert told[2]["config"]["metadata"] == {"a": "b"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_gracefully(process: Process, how: signal.Signals) -> None:
    """SIGTERM and SIGINT end it in time though a request hangs, without a trace."""
    process.start()
    process.http.post("/__world/faults", json={"mode": "hang", "path": "/api/version"})

    def ask() -> None:
        with pytest.raises(httpx.TransportError):
            process.http.get("/api/version")

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: process.http.get("/__world/faults").json()[0]["hits"] == 1)
    assert process.child is not None
    process.child.send_signal(how)
    _, errors = process.child.communicate(timeout=20)
    asking.join(20)
    assert b"Traceback" not in errors


def test_it_ends_with_its_parent(process: Process) -> None:
    """When the other end of --parent-fd is closed, the simulator ends by itself."""
    ours, theirs = os.pipe()
    process.start("--parent-fd", str(ours), pass_fds=(ours,))
    os.close(ours)
    os.close(theirs)
    assert process.child is not None
    assert process.child.wait(20) == 0
    assert process.child.stderr is not None
    process.child.stderr.close()


def test_a_busy_port_is_told(process: Process) -> None:
    """A taken port is one sentence and exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", process.port))
        taken.listen()
        command = [sys.executable, "-m", "wedding_wa.simulator"]
        command += ["--port", str(process.port)]
        done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"--port" in done.stderr
    assert b"Traceback" not in done.stderr
