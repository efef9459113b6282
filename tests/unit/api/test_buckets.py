"""What programs may ask for is what the database counts by."""

from __future__ import annotations

from typing import get_args

from wedding_wa.api.v1.shapes import Bucket
from wedding_wa.models import BUCKETS


def test_the_buckets_are_the_databases_own() -> None:
    """One that is new in the counters can be asked for, too, in the same order."""
    assert get_args(Bucket) == BUCKETS
