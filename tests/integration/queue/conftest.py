"""A desk on each database."""

from __future__ import annotations

import pytest

from tests.integration.queue.desk import Desk
from wedding_wa.db import Database


@pytest.fixture
def desk(any_database: Database) -> Desk:
    """The groom's account with a lease, a guest who wrote, and no limits."""
    return Desk.of(any_database)
