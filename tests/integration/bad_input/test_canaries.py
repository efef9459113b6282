"""Secrets and guests' words in nothing that is told: logs, events, errors, processes.

A real worker, and the command line, work against a WAHA with faults; every secret is a
word of its own, and all they told is searched for them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from tests.builders import Couple, guest_wrote, make_couple, put, set_policy
from tests.integration.inbound.test_refusals import everything
from tests.integration.queue.desk import NO_LIMITS
from wedding_wa.cli import app
from wedding_wa.db import Database, opened
from wedding_wa.models import MessageAttempt, QueueMessage
from wedding_wa.services.clock import Clock
from wedding_wa.simulator import SimulatorServer

WAHA_KEY = "canarywahakey"
HOOK = "canaryhooksecret"
SECRET = "canarysecretkeycanarysecretkey"
PASSWORD = "canary password of anna"
NUMBER = "393337654321"
TEXT = "canarywords for zia"
SECRETS = (WAHA_KEY, HOOK, SECRET, PASSWORD)
PRIVATE = (NUMBER, TEXT)
PATIENCE = 40.0


@dataclass
class Stage:
    """A data folder, its WAHA, and what was told so far."""

    folder: Path
    env: dict[str, str]
    sim: SimulatorServer
    db: Database
    couple: Couple
    told: dict[str, str]

    def run(self, *words: str, stdin: str = "") -> str:
        """What a command printed."""
        done = CliRunner().invoke(app, list(words), input=stdin)
        self.told[f"{words[0]} out"] = done.stdout
        self.told[f"{words[0]} err"] = done.stderr + str(done.exception)
        return done.stdout

    def ended(self) -> list[str]:
        """The states of all messages."""
        which = select(QueueMessage.status).order_by(QueueMessage.id)  # type: ignore[arg-type]
        return self.db.read_now(lambda s: list(s.exec(which)))


def errors_of(session: Session) -> list[object]:
    """What is kept of the tries that failed."""
    of_tries = select(MessageAttempt.outcome, MessageAttempt.error_code)
    of_all = select(QueueMessage.error_code, QueueMessage.error_params)
    found = [*session.exec(of_tries), *session.exec(of_all)]
    assert any(one for pair in found for one in pair)
    return found


def _until(there: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


@pytest.fixture
def stage(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "wedding_wa.db").write_bytes(template.read_bytes())
    with SimulatorServer(speed=100, api_key=WAHA_KEY) as sim:
        env = {
            **{k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")},
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "DATA_DIR": str(folder),
            "SECRET_KEY": SECRET,
            "LOG_LEVEL": "DEBUG",
            "PORT": "18131",
        }
        for key in ("GROOM", "BRIDE"):
            env[f"WAHA_URL_{key}"] = sim.url
            env[f"WAHA_API_KEY_{key}"] = WAHA_KEY
            env[f"WAHA_SESSION_{key}"] = key.lower()
            env[f"WAHA_WEBHOOK_SECRET_{key}"] = HOOK
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        with opened(f"sqlite:///{folder}/wedding_wa.db") as db:
            couple = make_couple(db)
            for account in (couple.groom, couple.bride):
                quick = {"typing_seconds_per_char": 0.0, "cooldown_seconds": 0.0}
                set_policy(db, account, **{**NO_LIMITS, **quick})
                guest_wrote(db, account, f"+{NUMBER}", at=Clock().now())
            for name, phone in (("groom", "+393470000001"), ("bride", "+393470000002")):
                sim.link(name, phone=phone)
            yield Stage(folder, env, sim, db, couple, {})


def test_no_secret_and_no_guest_in_what_is_told(stage: Stage) -> None:
    """Not in a line of any log, though it tells everything it can; not in an event, an
    error, a notice, a report, nor where everybody on the machine can read it."""
    stage.run("create-admin", "--email", "anna@b.c", "--password-stdin", stdin=PASSWORD)
    api_key = stage.run("create-api-key", "--name", "canary").strip()
    stage.told.pop("create-api-key out")  # shown once, on purpose
    now = Clock().now()
    for fault in ("500", "lost", "429", "422", "slow"):
        order = {"mode": fault, "path": "/api/sendText", "times": 1}
        httpx.post(f"{stage.sim.url}/__world/faults", json=order).raise_for_status()
        put(stage.db, stage.couple, to=f"+{NUMBER}", text=f"{TEXT} {fault}", now=now)
    log = stage.folder / "worker.log"
    with log.open("wb") as file:
        worker = subprocess.Popen(
            [sys.executable, "-m", "wedding_wa", "worker"],
            env=stage.env,
            cwd=stage.folder,
            stderr=file,
            stdout=file,
        )
    try:
        _until(
            lambda: worker.poll() is not None or stage.ended().count("pending") < 4,
            "sent",
        )
        command = Path(f"/proc/{worker.pid}/cmdline")
        if command.exists():
            stage.told["ps"] = command.read_text()
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    assert "pending" in stage.ended() or "sent" in stage.ended()
    stage.told["log"] = log.read_text()
    assert len(stage.told["log"].splitlines()) > 5, stage.told["log"]
    for words in (
        ("doctor",),
        ("rescue",),
        ("process-retries",),
        ("backup", str(stage.folder / "copy.db"), "--json"),
        ("enqueue", "--to", "nobody", "--text", TEXT),
        ("policy", "get", "--account", "groom"),
    ):
        stage.run(*words)
    rows = everything(stage.db)
    for table in ("message_event", "notice", "audit_entry", "chore"):
        stage.told[table] = str(rows[table])
    stage.told["errors"] = str(stage.db.read_now(errors_of))
    found = {
        f"{where}: {canary}"
        for where, text in stage.told.items()
        for canary in (*SECRETS, api_key, *PRIVATE)
        if canary in text
    }
    assert found == set()
    kept = str(rows)  # and at rest: sealed or hashed
    assert [one for one in (*SECRETS, api_key) if one in kept] == []
    assert NUMBER in kept  # the search finds what is there
    assert TEXT in kept
