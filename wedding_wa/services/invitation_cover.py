"""services: the invitation's cover picture: proven to be one, made small, stored.

What comes from a phone is large and knows where it was taken. Only the pixels go on:
turned upright, in sRGB, at most 1200 pixels wide and high and 300 kB, without EXIF.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from PIL import Image, ImageCms, ImageOps
from sqlmodel import Session, col

from wedding_wa.domain.errors import BadInput
from wedding_wa.models import InvitationCover
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note

LARGEST_UPLOAD = 15_000_000
LARGEST_STORED = 300_000
LONGEST_SIDE = 1_200
SHORTEST_SIDE = 300

# A JPEG is decoded small from the start; the others are whole in memory once.
_MOST_PIXELS = {"JPEG": 64_000_000, "MPO": 64_000_000}
_MOST_PIXELS_ELSE = 24_000_000
# A phone's MPO is opened as the JPEG that it begins with.
_FORMATS = ("JPEG", "PNG", "WEBP")
_PAPER = "#fdfbf5"
_QUALITIES = (86, 80, 74, 66, 56, 44, 32)

# One picture at a time: many at once would be many times the memory.
_one = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A cover as it is stored: JPEG."""

    data: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()[:16]


def prepared(upload: bytes) -> Picture:
    """Return the picture in `upload` (JPEG, PNG or WebP), small and clean.

    Raises BadInput: no picture, one that cannot be read to its end, with too many
    pixels, or too small to look at. Takes up to a second: not for the event loop.
    """
    with _one, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _stored(_opened(upload))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise BadInput("invitation_settings.error.pixels", "cover") from None
        except (OSError, ValueError, SyntaxError, EOFError):
            raise BadInput("invitation_settings.error.no_picture", "cover") from None


def store_cover(
    session: Session,
    wedding_id: int,
    picture: Picture,
    *,
    now: datetime,
    by: By,
) -> None:
    """Make `picture` the cover, in place of any other."""
    session.merge(
        InvitationCover(
            wedding_id=wedding_id,
            mime="image/jpeg",
            digest=picture.digest,
            width=picture.width,
            height=picture.height,
            data=picture.data,
            updated_at=now,
        )
    )
    session.flush()
    _told(session, "cover_changed", wedding_id, now, by)


def remove_cover(session: Session, wedding_id: int, *, now: datetime, by: By) -> None:
    """Let the invitation go without a picture again."""
    session.execute(
        sa.delete(InvitationCover).where(col(InvitationCover.wedding_id) == wedding_id)
    )
    _told(session, "cover_removed", wedding_id, now, by)


def own_cover(
    session: Session, wedding_id: int, digest: str
) -> tuple[bytes, str] | None:
    """Return the picture and its type, for who is logged in; None for an older one."""
    row = session.get(InvitationCover, wedding_id)
    return (row.data, row.mime) if row and row.digest == digest else None


def _told(
    session: Session, action: str, wedding_id: int, now: datetime, by: By
) -> None:
    audit.record(session, action, wedding_id=wedding_id, by=by, now=now)
    note(session, Change("wedding", wedding_id))


def _opened(upload: bytes) -> Image.Image:
    """The picture, its header read and its size allowed, its pixels not yet."""
    image = Image.open(io.BytesIO(upload), formats=_FORMATS)
    width, height = image.size
    if width * height > _MOST_PIXELS.get(image.format or "", _MOST_PIXELS_ELSE):
        raise BadInput("invitation_settings.error.pixels", "cover")
    if min(width, height) < SHORTEST_SIDE:
        raise BadInput("invitation_settings.error.small", "cover", n=SHORTEST_SIDE)
    return image


def _stored(image: Image.Image) -> Picture:
    profile = image.info.get("icc_profile")
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG alone heeds it
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    flat = _on_paper(_in_srgb(upright, profile))
    return Picture(_small(flat), flat.width, flat.height)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Phones take pictures in wider colours; without their profile they would pale."""
    if not profile or image.mode != "RGB":
        return image
    with contextlib.suppress(ImageCms.PyCMSError, OSError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
        return found or image
    return image


def _on_paper(image: Image.Image) -> Image.Image:
    """A new picture of the pixels alone; see-through parts show the card's paper."""
    clean = Image.new("RGB", image.size, _PAPER)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        clean.paste(seen, mask=seen.getchannel("A"))
    else:
        clean.paste(image.convert("RGB"))
    return clean


def _small(image: Image.Image) -> bytes:
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= LARGEST_STORED:
            break
    return out.getvalue()
