"""Thousands of requests made from the OpenAPI document: no promise is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.api_v1.fuzzing import Found, fuzz, served_wedding
from wedding_wa.db import Database


@pytest.mark.timeout(900)
def test_nothing_that_is_sent_breaks_a_promise(
    database: Database, tmp_path: Path
) -> None:
    """All of schemathesis' checks: statuses, shapes, headers and media types as
    documented, what is wrong refused, what is right taken, nobody let in unknown."""
    with served_wedding(database, tmp_path) as (address, key):
        found: Found = fuzz(address, key)
    print(found.cases, found.statuses)
    for label, texts in sorted(found.failures.items()):
        for text in sorted(texts):
            print("=====", label, text)
    assert found.failures == {}
    assert found.cases > 1000
