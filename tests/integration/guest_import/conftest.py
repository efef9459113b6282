"""A wedding whose owner imports guests, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.builders import make_couple
from tests.integration.guest_import.lists import Desk
from wedding_wa.db import Database
from wedding_wa.services.guest_import_drafts import Owner


@pytest.fixture
def desk(any_database: Database) -> Desk:
    """A program's desk: drafts without a person behind them."""
    return Desk(any_database, Owner(make_couple(any_database).wedding, None))
