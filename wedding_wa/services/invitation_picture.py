"""services: the picture that a chat shows of an invitation without a cover.

Chats take no SVG there, so it is drawn as PNG: a card with both names and the day.
"""

from __future__ import annotations

import io
import itertools
import math
import threading
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CARD_WIDTH, CARD_HEIGHT = 1200, 630

_FONTS = Path(__file__).parents[2] / "assets" / "fonts"
_FONT = _FONTS / "fraunces-latin-opsz-normal.woff2"
_PAPER, _EDGE, _INK = "#fdfbf5", "#cdb88a", "#2a2823"
_GOLD, _SOFT, _LEAF = "#9a7b3c", "#57534a", "#6f8a72"
_DISPLAY, _TEXT = 144, 24  # the font's optical sizes
_WIDEST = 1000
_FINE = 4
_NAMES = (118, 100, 84, 70, 56, 44)
_LINES = (36, 30, 26, 22, 18)


# Fonts are kept, and FreeType wants one thread at a time for each.
_one = threading.Lock()


def card_png(first: str, second: str, line: str) -> bytes:
    """Return the card. What is too long, or has letters the font lacks, is left out.

    Takes a tenth of a second the first time: not for the event loop.
    """
    with _one:
        return _drawn(first, second, line)


@lru_cache(maxsize=32)
def _drawn(first: str, second: str, line: str) -> bytes:
    image = Image.new("RGB", (CARD_WIDTH, CARD_HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((28, 28, CARD_WIDTH - 29, CARD_HEIGHT - 29), outline=_EDGE, width=2)
    _sprig(image, CARD_WIDTH // 2, 150)
    if _known(first + second):
        _names(draw, first, second)
    if _known(line):
        fitting = (size for size in _LINES if _wide(line, size) <= _WIDEST)
        if size := next(fitting, None):
            _middle(draw, line, 500, _font(size, 400, _TEXT), _SOFT)
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _known(text: str) -> bool:
    """True if the font has every letter: Western European ones."""
    return all(ord(char) < 0x100 or char in "’–—œŒ" for char in text)


def _names(draw: ImageDraw.ImageDraw, first: str, second: str) -> None:
    """Both names and a golden "&" between them, on one line, as large as they fit."""
    for size in _NAMES:
        font, between = _font(size, 380, _DISPLAY), _font(size * 2 // 3, 340, _DISPLAY)
        gap = size // 4
        widths = (
            font.getlength(first),
            between.getlength("&"),
            font.getlength(second),
        )
        total = sum(widths) + 2 * gap
        if total <= _WIDEST:
            break
    else:
        return  # nobody's names are as long
    x = (CARD_WIDTH - total) / 2
    draw.text((x, 350), first, _INK, font, anchor="ls")
    x += widths[0] + gap
    draw.text((x, 350), "&", _GOLD, between, anchor="ls")
    draw.text((x + widths[1] + gap, 350), second, _INK, font, anchor="ls")
    _rule(draw, 415)


def _rule(draw: ImageDraw.ImageDraw, y: int) -> None:
    x = CARD_WIDTH // 2
    draw.line((x - 120, y, x - 20, y), _EDGE, 2)
    draw.line((x + 20, y, x + 120, y), _EDGE, 2)
    draw.polygon([(x, y - 8), (x + 10, y), (x, y + 8), (x - 10, y)], _EDGE)


def _sprig(image: Image.Image, x: int, y: int) -> None:
    """Two laurel twigs that meet in the middle; drawn large, for smooth edges."""
    mask = Image.new("L", (400 * _FINE, 120 * _FINE))
    draw = ImageDraw.Draw(mask)
    for side, step in itertools.product((-1, 1), range(7)):
        root = (200.0 + side * (14 + step * 21), 72 - (step / 6) ** 2 * 26)
        for turn in (-0.72, 0.62):
            leaf = _leaf(root, side, turn - step * 0.05, 34 - step * 2.4)
            draw.polygon([(u * _FINE, v * _FINE) for u, v in leaf], 255)
    image.paste(_LEAF, (x - 200, y - 72), mask.resize((400, 120), Image.Resampling.BOX))


def _leaf(
    root: tuple[float, float], side: int, angle: float, length: float
) -> list[tuple[float, float]]:
    """The outline of one leaf: out along one edge, back along the other."""
    points = []
    for part in range(21):
        t = (part if part <= 10 else 20 - part) / 10
        bulge = math.sin(math.pi * t) * length * (0.2 if part <= 10 else -0.2)
        u = t * length * math.cos(angle) - bulge * math.sin(angle)
        v = t * length * math.sin(angle) + bulge * math.cos(angle)
        points.append((root[0] + side * u, root[1] + v))
    return points


def _middle(
    draw: ImageDraw.ImageDraw,
    text: str,
    y: int,
    font: ImageFont.FreeTypeFont,
    colour: str,
) -> None:
    draw.text((CARD_WIDTH / 2, y), text, colour, font, anchor="ms")


def _wide(text: str, size: int) -> float:
    return _font(size, 400, _TEXT).getlength(text)


@lru_cache(maxsize=32)
def _font(size: int, weight: int, optical: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(_FONT, size)
    font.set_variation_by_axes([optical, weight])
    return font
