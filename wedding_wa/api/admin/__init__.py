"""api: /api/admin: the queue and its timelines as other programs know them.

One file a noun; the paths are those that the couple's other programs use already.
"""

from __future__ import annotations

from fastapi import APIRouter

from wedding_wa.api.admin import events, queue

PREFIX = "/api/admin"


def router() -> APIRouter:
    """All of them."""
    made = APIRouter(prefix=PREFIX)
    for noun in (queue, events):
        made.include_router(noun.router)
    return made
