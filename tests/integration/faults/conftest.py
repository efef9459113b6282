"""What the faults' tests share."""

from __future__ import annotations

import pytest

from tests.integration.faults.database import Trouble
from wedding_wa.db import Database


@pytest.fixture
def trouble(database: Database) -> Trouble:
    """Hands for the test's own SQLite file."""
    return Trouble(database)
