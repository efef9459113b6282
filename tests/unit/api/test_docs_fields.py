"""A field of the API as the documentation page shows it."""

from __future__ import annotations

import pytest

from wedding_wa.api.app import create_api
from wedding_wa.api.docs_fields import Fields
from wedding_wa.api.openapi import document

_OR_NULL = [{"type": "string", "maxLength": 40}, {"type": "null"}]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"anyOf": _OR_NULL}, "string, or null"),
        ({"anyOf": _OR_NULL, "enum": ["a", "b", None]}, "a | b, or null"),
        ({"anyOf": _OR_NULL, "enum": ["a", "b"]}, "a | b"),
        ({"anyOf": _OR_NULL, "format": "date-time"}, "date-time, or null"),
        ({"type": "string", "format": "date-time"}, "date-time"),
    ],
)
def test_a_field_says_what_may_stand_in_it(
    schema: dict[str, object], kind: str
) -> None:
    """Its choices and its format, also where they stand beside several ways."""
    assert Fields({}).kind(schema) == kind


def test_who_sends_is_told_the_choices() -> None:
    """Nobody has to guess what a kind, a category or a time looks like."""
    described = document(create_api())
    schema = described["components"]["schemas"]["MessageToSend"]
    rows = {row.name: row.kind for row in Fields(described).rows(schema)}
    assert rows["kind"] == "message | notification, or null"
    assert rows["category"].startswith("account | otp | ")
    assert rows["scheduled_at"] == rows["expires_at"] == "date-time, or null"
