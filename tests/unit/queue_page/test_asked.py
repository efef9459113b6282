"""What an address may hold."""

from __future__ import annotations

import pytest

from wedding_wa.state.asked import address, number_of


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "٣", "²", "9" * 10, "9" * 5000])
def test_what_no_row_can_have_is_no_number(text: str) -> None:
    """Nor is a number that no database would take for an id."""
    assert number_of(text) == 0


def test_an_address_is_written_with_what_it_asks_for() -> None:
    """And bare where it asks for nothing."""
    assert number_of("42") == 42
    assert address("/queue", {"q": "zia è", "message": 42}) == (
        "/queue?q=zia+%C3%A8&message=42"
    )
    assert address("/queue", {}) == "/queue"
