"""Thousands of requests made from the OpenAPI document: no promise is broken."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.integration.api_v1.fuzzing import Found, fuzz, served_wedding
from wedding_wa.api.app import create_api
from wedding_wa.api.openapi import document
from wedding_wa.db import Database


@pytest.mark.timeout(900)
def test_nothing_that_is_sent_breaks_a_promise(
    database: Database, tmp_path: Path
) -> None:
    """All of schemathesis' checks: statuses, shapes, headers and media types as
    documented, what is wrong refused, what is right taken, nobody let in unknown."""
    with served_wedding(database, tmp_path) as (address, key):
        found: Found = fuzz(document(create_api()), address, key)
        still = httpx.get(
            f"{address}/api/v1/wedding", headers={"Authorization": f"Bearer {key}"}
        )
    print(found.cases, found.statuses)
    for label, texts in sorted(found.failures.items()):
        for text in sorted(texts):
            print("=====", label, text)
    assert found.failures == {}
    assert found.cases > 1000
    assert still.status_code == 200  # so the refusals were not for want of a key
