"""When a process is proven dead: only then may its send be judged, its lease taken."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.crash.places import until
from wedding_wa.services import processes
from wedding_wa.services.processes import ProcessIdentity, is_dead, this_process


def on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Say on which host we are."""
    monkeypatch.setattr(processes, "_host", lambda: name)


def identity(host: str) -> ProcessIdentity:
    return ProcessIdentity(host, 1, "1")


def test_a_process_that_lives_is_not_dead() -> None:
    """Neither we ourselves, nor after the way through the database."""
    assert not is_dead(this_process())
    assert not is_dead(ProcessIdentity.parse(str(this_process())))


def test_a_process_that_ended_is_dead_also_as_a_zombie() -> None:
    """Nobody has collected it yet, and still it writes nothing any more."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = processes._started(child.pid)
    assert started is not None
    known = replace(this_process(), pid=child.pid, started=started)
    assert not is_dead(known)
    child.kill()
    until(lambda: is_dead(known), "it is dead before anybody waited for it")
    child.communicate()
    assert is_dead(known)


def test_another_process_under_the_same_number_is_not_the_one() -> None:
    """Process numbers come again; with the start time they never do."""
    assert is_dead(replace(this_process(), started="1"))


def test_a_power_cut_ends_every_process_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Same machine id and name, another boot: proven dead."""
    on(monkeypatch, "home~aaaaaaaa/boot2")
    assert is_dead(identity("home~aaaaaaaa/boot1"))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("home~aaaaaaaa/boot2", "other~aaaaaaaa/boot1"),
        ("home~aaaaaaaa/boot2", "home~bbbbbbbb/boot1"),
        ("home~aaaaaaaa/boot2", "home/boot1"),
        ("home/boot2", "home/boot1"),  # a container: the name may be anybody's
        ("home~aaaaaaaa", "home~aaaaaaaa/boot1"),
    ],
)
def test_about_other_machines_nothing_is_proven(
    monkeypatch: pytest.MonkeyPatch, here: str, there: str
) -> None:
    """A lease there is waited for; a send there a person may have to judge."""
    on(monkeypatch, here)
    assert not is_dead(identity(there))
