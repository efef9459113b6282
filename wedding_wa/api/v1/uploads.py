"""api: files that come as a request's body; the route's class bounds their size."""

from __future__ import annotations

from fastapi import Request
from starlette.requests import ClientDisconnect


async def whole_body(request: Request) -> bytes:
    """The whole body; nothing of one who went away while sending it."""
    try:
        return await request.body()
    except ClientDisconnect:
        return b""
