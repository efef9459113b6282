"""api: /api/v1/webhooks: raw events as they came, and what was turned away."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Controller,
    Paged,
    Reader,
    RowId,
    SmallBodies,
    page,
)
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.webhook_again import apply_again, apply_failed_again
from wedding_wa.services.webhook_list import Wish
from wedding_wa.services.webhook_records import (
    event_record,
    event_records,
    refusal_records,
)

router = APIRouter(route_class=SmallBodies)


class Events(Paged):
    """`only` open: what is not applied, for whatever reason."""

    account: AccountKey | None = None
    event: str = Field("", max_length=80)
    only: Literal["", "open"] = ""


class Refusals(Paged):
    """By account, or all."""

    account: AccountKey | None = None


@router.get("/webhooks")
async def list_events(
    caller: Reader, asked: Annotated[Events, Query()]
) -> dict[str, object]:
    """Newest first, without their bodies."""
    wish = Wish(
        account=asked.account or "",
        event=asked.event,
        only=asked.only,
        after=asked.after,
    )
    found, following = await runtime.current().db.read(
        event_records, caller.wedding_id, wish
    )
    return page(found, following)


@router.get("/webhooks/{event_row}")
async def show_event(caller: Reader, event_row: RowId) -> dict[str, object]:
    """One event; `raw` is its body as text, null once it was deleted, and for who
    lacks the scope admin: it holds the private chats of both phones."""
    found: dict[str, object] = await runtime.current().db.read(
        event_record, caller.wedding_id, event_row
    )
    return found if Scope.ADMIN in caller.scopes else {**found, "raw": None}


@router.post("/webhooks/apply-again")
async def apply_all_again(caller: Controller) -> dict[str, object]:
    """Apply again all that failed, the oldest 500 of them."""
    app = runtime.current()
    done = await apply_failed_again(app.db, app.clients, app.clock, caller.wedding_id)
    return asdict(done)


@router.post("/webhooks/{event_row}/apply-again")
async def apply_one_again(caller: Controller, event_row: RowId) -> dict[str, object]:
    """Apply one event again; what it has done already is not done twice."""
    app = runtime.current()
    await apply_again(app.db, app.clients, app.clock, caller.wedding_id, event_row)
    return await show_event(caller, event_row)


@router.get("/webhook-refusals")
async def list_refusals(
    caller: Reader, asked: Annotated[Refusals, Query()]
) -> dict[str, object]:
    """Deliveries that were turned away, newest first, with the head of the body (null
    without the scope admin)."""
    wish = Wish(account=asked.account or "", only="refused", after=asked.after)
    found, following = await runtime.current().db.read(
        refusal_records, caller.wedding_id, wish
    )
    if Scope.ADMIN not in caller.scopes:
        found = [{**one, "head": None} for one in found]
    return page(found, following)
