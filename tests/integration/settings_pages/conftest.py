"""The settings pages in a tab without a browser, on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from tests.builders import Couple, make_couple
from tests.desk import built
from tests.fakes import FakeClock
from wedding_wa.db import Database
from wedding_wa.runtime import Runtime
from wedding_wa.services import passwords


@pytest.fixture
def runtime(database: Database, clock: FakeClock) -> Iterator[Runtime]:
    """The process's runtime on a database and a clock of the test."""
    with built(database, clock) as app:
        yield app


@pytest.fixture
def couple(database: Database) -> Couple:
    """A wedding with both numbers connected."""
    return make_couple(database)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 all the same, with less to do."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    passwords._nobodys_hash.cache_clear()
