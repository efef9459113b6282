"""api: the JSON routes for programs, /api/v1, one file a noun (docs/api.md)."""

from __future__ import annotations

from fastapi import APIRouter

from wedding_wa.api.v1 import (
    consents,
    guests,
    households,
    inbox,
    opt_outs,
    webhooks,
    whatsapp,
)

PREFIX = "/api/v1"


def router() -> APIRouter:
    """All of them."""
    made = APIRouter(prefix=PREFIX)
    for noun in (guests, households, consents, opt_outs, inbox, webhooks, whatsapp):
        made.include_router(noun.router)
    return made
