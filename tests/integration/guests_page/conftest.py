"""The app on this test's database, a guest list, tabs that look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests import desk as desks
from tests.builders import make_couple
from tests.fakes import FakeClock
from tests.integration.guests.conftest import Book
from wedding_wa.db import Database


@dataclass
class Desk(desks.Desk):
    """A book, and tabs at its page."""

    book: Book


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> AsyncIterator[Desk]:
    book = Book(database, make_couple(database))
    async with desks.running(database, clock) as app:
        yield Desk(app, book.couple, clock, book, start="/guests")
