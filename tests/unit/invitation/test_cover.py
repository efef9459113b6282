"""The cover picture: only pixels of a real picture get in, few and without a past."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from wedding_wa.domain.errors import BadInput
from wedding_wa.services.invitation_cover import (
    LARGEST_STORED,
    LONGEST_SIDE,
    Picture,
    prepared,
)

NOT_ONE = "invitation_settings.error.no_picture"
PIXELS = "invitation_settings.error.pixels"
SMALL = "invitation_settings.error.small"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def encoded(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def photo(width: int = 1600, height: int = 2000) -> Image.Image:
    """Noise, which no encoder makes small by itself."""
    return Image.effect_noise((width, height), 120).convert("RGB")


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises more than its few bytes hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_small_whatever_came(kind: str) -> None:
    """Also noise ends as a JPEG below 300 kB and 1200 pixels, its shape kept."""
    made = prepared(encoded(photo(), kind))
    image = opened(made)
    assert image.format == "JPEG"
    assert image.size == (made.width, made.height) == (960, LONGEST_SIDE)
    assert len(made.data) <= LARGEST_STORED


def test_nothing_is_told_of_where_it_was_taken() -> None:
    """Position, camera, comment and colour profile stay outside."""
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825)[2] = (41.0, 53.0, 24.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    raw = encoded(
        photo(800, 800), "JPEG", exif=exif, comment=b"at home", icc_profile=profile
    )
    assert b"SecretPhone" in raw
    made = prepared(raw)
    assert not opened(made).getexif()
    assert set(opened(made).info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }
    assert b"SecretPhone" not in made.data
    assert b"at home" not in made.data


def test_turned_upright() -> None:
    """A phone says how it was held; the letter does not know, so it is turned here."""
    exif = Image.Exif()
    exif[0x0112] = 6
    made = prepared(encoded(photo(800, 400), "JPEG", exif=exif))
    assert (made.width, made.height) == (400, 800)


def test_see_through_shows_the_paper() -> None:
    """What is transparent in a PNG is the card's paper, not black."""
    made = prepared(encoded(Image.new("RGBA", (400, 400), (0, 0, 0, 0)), "PNG"))
    pixel = opened(made).convert("RGB").getpixel((200, 200))
    assert all(value > 240 for value in pixel)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", NOT_ONE),
        (b"Dear all, this is no picture.", NOT_ONE),
        (SVG, NOT_ONE),
        (b"<html><img src=x onerror=alert(1)>", NOT_ONE),
        (b"%PDF-1.7 ...", NOT_ONE),
        (encoded(photo(400, 400), "GIF"), NOT_ONE),
        (encoded(photo(400, 400), "BMP"), NOT_ONE),
        (encoded(photo(400, 400), "TIFF"), NOT_ONE),
        (encoded(photo(800, 800), "JPEG")[:5_000], NOT_ONE),  # cut on its way
        (encoded(photo(400, 400), "PNG")[:2_000], NOT_ONE),
        (png_of(400, 400), NOT_ONE),  # fewer pixels than its header says
        (png_of(5_000, 5_000), PIXELS),
        (png_of(60_000, 60_000), PIXELS),
        (encoded(Image.new("RGB", (299, 1000)), "PNG"), SMALL),
        (b"GIF89a" + b"\xff\xff\xff\xff" + bytes(50), NOT_ONE),
    ],
)
def test_what_is_refused(raw: bytes, code: str) -> None:
    """No picture, a cut one, an exploding one or a tiny one: a sentence, no crash."""
    with pytest.raises(BadInput) as caught:
        prepared(raw)
    assert (caught.value.code, caught.value.field) == (code, "cover")


@given(st.binary(max_size=300), st.integers(0, 2_000), st.binary(max_size=40))
def test_damage_is_refused_or_read(start: bytes, at: int, damage: bytes) -> None:
    """Random bytes, alone or in the midst of a JPEG, end in a picture or a sentence."""
    good = _GOOD
    for raw in (start, good[:at] + damage + good[at + len(damage) :]):
        try:
            made = prepared(raw)
        except BadInput:
            continue
        assert opened(made).format == "JPEG"


_GOOD = encoded(photo(320, 320), "JPEG", quality=30)
