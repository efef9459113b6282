"""The drawn card that a chat shows of an invitation without a cover."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from wedding_wa.services.invitation_picture import CARD_HEIGHT, CARD_WIDTH, card_png


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ("Anna", "Luca", "Saturday, 19 June 2027 · Villa Cimbrone, Ravello"),
        ("Maria Francesca Antonietta", "Giovanni Battista Maria", "x" * 120),
        ("Željko", "Анна", "日本"),  # letters that the font lacks
        ("", "", ""),
        ("W" * 60, "W" * 60, "W" * 200),
    ],
)
def test_any_names_make_a_card(first: str, second: str, line: str) -> None:
    """Long, foreign or missing names: always a small PNG of the size that is told."""
    data = card_png(first, second, line)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", (CARD_WIDTH, CARD_HEIGHT))
    assert len(data) < 60_000


def test_names_stay_inside_the_frame() -> None:
    """The widest names that a wedding may have do not run over the golden line."""
    image = Image.open(io.BytesIO(card_png("W" * 60, "W" * 60, ""))).convert("RGB")
    paper = image.getpixel((600, 60))
    column = [image.getpixel((40, y)) for y in range(200, 400)]
    assert set(column) == {paper}


def test_names_are_really_drawn() -> None:
    """Another name is another picture."""
    assert card_png("Anna", "Luca", "") != card_png("Anna", "Marco", "")
