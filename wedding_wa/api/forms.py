"""api: reads what a plain HTML form sent, with an upper bound."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

_LARGEST = 16_384
_FIELDS = 50
_KIND = "application/x-www-form-urlencoded"


async def fields(request: Request) -> dict[str, str]:
    """Return the form's fields, the last of each name.

    Raises HTTPException: 415 for another content type, 413 past 16 kB, 400 for what
    is no form.
    """
    if not request.headers.get("content-type", "").startswith(_KIND):
        raise HTTPException(415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError:
        raise HTTPException(400) from None
    return dict(pairs)
