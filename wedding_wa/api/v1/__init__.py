"""api: the JSON routes for programs, /api/v1, one file a noun (docs/api.md)."""

from __future__ import annotations

from fastapi import APIRouter

from wedding_wa.api.v1 import (
    accounts,
    activation,
    attempts,
    consents,
    guest_files,
    guest_orders,
    guests,
    history,
    households,
    inbox,
    inbox_people,
    invitation,
    keys,
    maintenance,
    messages,
    never_twice,
    notices,
    opt_outs,
    people,
    policy,
    questions,
    queue_orders,
    recipients,
    retention,
    stats,
    token,
    unconfirmed,
    webhooks,
    wedding,
    whatsapp,
)

PREFIX = "/api/v1"


def router() -> APIRouter:
    """All of them."""
    made = APIRouter(prefix=PREFIX)
    # first: routes are looked through in this order, and nothing is asked for so often
    made.include_router(whatsapp.router)
    # these have fixed paths below those of a guest or of the letter
    for fixed in (guest_files.uploads, guest_files.router, invitation.pictures):
        made.include_router(fixed)
    for noun in (
        guests,
        guest_orders,
        households,
        consents,
        opt_outs,
        inbox,
        inbox_people,
        questions,
        webhooks,
        messages,
        attempts,
        keys,
        token,
        accounts,
        policy,
        activation,
        history,
        invitation,
        maintenance,
        never_twice,
        notices,
        people,
        queue_orders,
        recipients,
        retention,
        stats,
        unconfirmed,
        wedding,
    ):
        made.include_router(noun.router)
    return made
