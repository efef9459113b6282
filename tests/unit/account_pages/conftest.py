"""The app's runtime on a test's own database, and somebody logged in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.builders import Couple, make_couple
from tests.desk import Desk, running
from tests.fakes import FakeClock
from wedding_wa.db import Database


@pytest.fixture
def couple(database: Database) -> Couple:
    """A wedding whose two accounts are logged in."""
    return make_couple(database)


@pytest.fixture
async def home(
    database: Database, couple: Couple, clock: FakeClock
) -> AsyncIterator[Desk]:
    """The runtime of this test, installed as the process's."""
    async with running(database, clock) as app:
        yield Desk(app, couple, clock)
