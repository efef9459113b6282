"""`rescue` and `process-retries` at the terminal: what they say, and that it is so."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from tests.builders import guest_wrote, message, phases_of, put, set_policy
from tests.integration.cli.conftest import Terminal
from tests.integration.queue.desk import NO_LIMITS, PLAN, wa_id
from tests.integration.retries.conftest import alive, dead, identity  # noqa: F401
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.processes import ProcessIdentity


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _a_guest_wrote(terminal: Terminal) -> None:
    guest_wrote(terminal.db, terminal.couple.groom, at=now() - timedelta(hours=1))
    set_policy(terminal.db, terminal.couple.groom, **NO_LIMITS)


def claimed(terminal: Terminal, owner: ProcessIdentity, *, marked: bool = False) -> int:
    """A message in the hands of `owner`, on its way if `marked`."""
    made = put(terminal.db, terminal.couple, now=now()).id

    def take(session: Session) -> None:
        groom = terminal.couple.groom
        lease = leases.acquire(session, groom, owner=owner, now=now())
        assert lease is not None
        step = queue.next_step(session, lease, now=now())
        assert step is not None
        assert step.claim is not None
        if marked:
            queue.mark_dispatched(
                session, step.claim, reserved_id=wa_id(made), plan=PLAN, now=now()
            )

    terminal.db.write_now(take)
    assert message(terminal.db, made).status == "processing"
    return made


def test_rescue_frees_what_the_dead_held(
    terminal: Terminal,
    dead: ProcessIdentity,  # noqa: F811
) -> None:
    """Unmarked goes back in the line and is said so; a second time there is nothing."""
    made = claimed(terminal, dead)
    done = terminal("rescue")
    assert done.exit_code == 0
    assert f"Message {made} (groom) had not gone" in done.stderr
    assert message(terminal.db, made).status == "pending"
    assert json.loads(terminal("rescue", "--json").stdout) == {"freed": [], "kept": []}


def test_rescue_never_sends_again_what_may_have_gone(
    terminal: Terminal,
    dead: ProcessIdentity,  # noqa: F811
) -> None:
    """Marked is unconfirmed: it is looked for, not sent."""
    made = claimed(terminal, dead, marked=True)
    told = json.loads(terminal("rescue", "--json").stdout)
    assert [(one["id"], one["became"]) for one in told["freed"]] == [
        (made, "unconfirmed")
    ]
    assert message(terminal.db, made).status == "unconfirmed"


def test_rescue_leaves_the_living_alone(
    terminal: Terminal,
    alive: ProcessIdentity,  # noqa: F811
) -> None:
    """Whose lease is good and whose process lives keeps what it has."""
    made = claimed(terminal, alive)
    done = terminal("rescue")
    assert str(alive.pid) in done.stderr
    assert "Freed 0" in done.stderr
    assert message(terminal.db, made).status == "processing"


def retry(terminal: Terminal) -> int:
    """A message whose back-off is over."""
    made = put(terminal.db, terminal.couple, now=now()).id

    def failed(session: Session) -> None:
        row = session.get_one(type(message(terminal.db, made)), made)
        row.failures = 1
        session.add(row)

    terminal.db.write_now(failed)
    return made


def test_process_retries_says_who_sends(
    terminal: Terminal,
    alive: ProcessIdentity,  # noqa: F811
) -> None:
    """Where a worker lives they are on their way already."""
    claimed(terminal, alive)
    retry(terminal)
    done = terminal("process-retries")
    assert (done.exit_code, "1 retry is on its way" in done.stderr) == (0, True)
    assert done.stdout.splitlines()[0].split("\t")[1:] == ["1", "0", "0", "0", "0", "0"]
    told = json.loads(terminal("process-retries", "--json", "--verbose").stdout)
    assert (told["due"], told["on_their_way"], told["tried"]) == (1, 1, 0)


def test_a_dry_run_tells_and_leaves_it(terminal: Terminal) -> None:
    """Nothing has happened to it."""
    made = retry(terminal)
    done = terminal("process-retries", "--dry-run", "--cleanup", "--verbose")
    assert (done.exit_code, "Nothing is changed" in done.stderr) == (0, True)
    assert phases_of(terminal.db, made) == ["queued"]
    assert terminal("process-retries", "--max-retries", -1).exit_code == 2
    assert terminal("process-retries", "--cleanup-days", 0).exit_code == 2


def test_the_program_itself_ends_honestly(terminal: Terminal) -> None:
    """The real process, no WAHA anywhere: nothing is sent, exit code 1, a sentence
    and no traceback; the message waits as before."""
    made = retry(terminal)
    done = subprocess.run(
        [sys.executable, "-m", "wedding_wa", "process-retries", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["accounts"][0]["ended"] == "deaf"
    assert "Traceback" not in done.stderr
    row = message(terminal.db, made)
    assert (row.status, row.failures) == ("pending", 1)
