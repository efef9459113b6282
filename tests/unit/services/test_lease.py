"""One sender an account: who may take the lease, and when it is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.builders import make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services import lease as leases
from wedding_wa.services.lease import Lease
from wedding_wa.services.processes import ProcessIdentity, is_dead, this_process

FAR = ProcessIdentity("another-host", 7, "1")
WHO = "from wedding_wa.services.processes import this_process; print(this_process())"


@pytest.fixture
def groom(any_database: Database) -> int:
    return make_couple(any_database).groom


@pytest.fixture
def neighbour() -> Iterator[tuple[subprocess.Popen[str], ProcessIdentity]]:
    """Another real process on this host, and who it says it is."""
    child = subprocess.Popen(
        [sys.executable, "-c", f"{WHO}; import sys; sys.stdout.flush(); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    yield child, ProcessIdentity.parse(child.stdout.readline().strip())
    child.kill()
    child.communicate()


def take(
    db: Database, account: int, owner: ProcessIdentity, now: datetime = NOON
) -> Lease | None:
    return db.write_now(leases.acquire, account, owner=owner, now=now)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_free_lease_is_taken_with_a_new_token(
    any_database: Database, groom: int
) -> None:
    """The token grows with every change of hands."""
    first = take(any_database, groom, FAR)
    assert first == Lease(groom, str(FAR), 1)
    assert first is not None
    any_database.write_now(leases.release, first)
    second = take(any_database, groom, this_process())
    assert second == Lease(groom, str(this_process()), 2)


def test_a_living_holder_keeps_it(
    any_database: Database,
    groom: int,
    neighbour: tuple[subprocess.Popen[str], ProcessIdentity],
) -> None:
    """Of a process that lives, here or anywhere, nobody takes it before its time."""
    _, living = neighbour
    assert take(any_database, groom, living)
    assert take(any_database, groom, this_process(), after(29.9)) is None
    assert not is_dead(living)


def test_a_dead_process_on_this_host_loses_it_at_once(
    any_database: Database,
    groom: int,
    neighbour: tuple[subprocess.Popen[str], ProcessIdentity],
) -> None:
    """Killed with SIGKILL it gave nothing back; also while it is still a zombie, which
    nobody has waited for, it can write no more."""
    child, living = neighbour
    old = take(any_database, groom, living)
    assert old is not None
    child.kill()
    deadline = time.monotonic() + 20
    while not is_dead(living) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert child.returncode is None  # not collected: a zombie
    new = take(any_database, groom, this_process(), after(0.1))
    assert new is not None
    assert new.token == old.token + 1
    assert not any_database.write_now(leases.renew, old, now=after(1))


def test_a_process_number_that_came_again_is_another_process(
    any_database: Database, groom: int
) -> None:
    """Same host, same pid, another start: the holder is dead."""
    reused = replace(this_process(), started="1")
    assert take(any_database, groom, reused)
    assert take(any_database, groom, this_process(), after(0.1))


def test_a_process_of_another_host_is_waited_for(
    any_database: Database, groom: int
) -> None:
    """It cannot be proven dead from here: its lease lapses 30 s after the last sign."""
    old = take(any_database, groom, FAR)
    assert old is not None
    assert take(any_database, groom, this_process(), after(29.9)) is None
    assert any_database.write_now(leases.renew, old, now=after(20))
    assert take(any_database, groom, this_process(), after(49.9)) is None
    assert take(any_database, groom, this_process(), after(50))


def test_who_lost_it_knows(any_database: Database, groom: int) -> None:
    """Renewing, giving back, confirming: each says that it is lost, harms nothing."""
    old = take(any_database, groom, FAR)
    assert old is not None
    new = take(any_database, groom, this_process(), after(31))
    assert new is not None
    assert not any_database.write_now(leases.renew, old, now=after(32))
    assert not any_database.write_now(leases.release, old)
    assert not any_database.write_now(leases.confirm, old)
    account = any_database.read_now(lambda s: s.get_one(Account, groom))
    assert account.lease_owner == str(this_process())
    assert account.lease_until == after(61)
    assert any_database.write_now(leases.confirm, new)


def test_the_same_process_may_take_it_anew(any_database: Database, groom: int) -> None:
    """After a fault a worker begins again: the older token is fenced off."""
    old = take(any_database, groom, this_process())
    new = take(any_database, groom, this_process(), after(1))
    assert old is not None
    assert new is not None
    assert new.token == old.token + 1
    assert not any_database.write_now(leases.renew, old, now=after(2))
