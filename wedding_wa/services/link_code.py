"""services: a link as a QR code, drawn on the server."""

from __future__ import annotations

from functools import lru_cache

import segno

# Quiet zone in modules, white also in dark mode: without it phones do not read it.
_BORDER = 4


@lru_cache(maxsize=16)
def link_code(link: str) -> str:
    """Return an SVG data URI, sharp at any size; empty for an empty link."""
    if not link:
        return ""
    code = segno.make(link, error="m", micro=False)
    uri: str = code.svg_data_uri(
        border=_BORDER, dark="#000", light="#fff", omitsize=True
    )
    return uri
