"""api: /api/v1/webhooks: raw events as they came, and what was turned away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
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
from wedding_wa.services.webhook_refusals import Reason

router = APIRouter(route_class=SmallBodies)


class Events(Paged):
    """`only` open: what is not applied, for whatever reason."""

    account: AccountKey | None = None
    event: str = Field("", max_length=80)
    only: Literal["", "open"] = ""


class Refusals(Paged):
    """By account, or all."""

    account: AccountKey | None = None


class WebhookRow(Shape):
    """An event as stored. `applied_at` null: not yet, or `error` says why not."""

    id: int
    account_id: int
    event_id: str
    event: str
    message_id: str | None
    source: str
    received_at: datetime
    applied_at: datetime | None
    error: str | None
    account: AccountKey | None


class WebhookShape(WebhookRow):
    """The same with its body as text."""

    raw: str | None


class WebhookPage(Shape):
    """`next` null: this was the last."""

    items: list[WebhookRow]
    next: str | None


class AppliedShape(Shape):
    """How many could be applied now, and how many still not."""

    applied: int
    failed: int


class RefusalShape(Shape):
    """A delivery that was turned away. `asked`: the account its address named; `size`
    in bytes; `head`: how its body began."""

    id: int
    account_id: int | None
    asked: str
    reason: Reason
    address: str
    size: int | None
    at: datetime
    head: str | None
    account: AccountKey | None


class RefusalPage(Shape):
    """`next` null: this was the last."""

    items: list[RefusalShape]
    next: str | None


@router.get("/webhooks")
async def list_events(caller: Reader, asked: Annotated[Events, Query()]) -> WebhookPage:
    """List raw events newest first, without their bodies."""
    wish = Wish(
        account=asked.account or "",
        event=asked.event,
        only=asked.only,
        after=asked.after,
    )
    found, following = await runtime.current().db.read(
        event_records, caller.wedding_id, wish
    )
    return WebhookPage.model_validate(page(found, following))


@router.get("/webhooks/{event_row}", responses=problems(404))
async def show_event(caller: Reader, event_row: RowId) -> WebhookShape:
    """Show one raw event. `raw` is its body as text, null once it was deleted, and for
    who lacks the scope admin: it holds the private chats of both phones."""
    found: dict[str, object] = await runtime.current().db.read(
        event_record, caller.wedding_id, event_row
    )
    hidden = {} if Scope.ADMIN in caller.scopes else {"raw": None}
    return WebhookShape.model_validate({**found, **hidden})


@router.post("/webhooks/apply-again")
async def apply_all_again(caller: Controller) -> AppliedShape:
    """Apply again all that failed, the oldest 500 of them."""
    app = runtime.current()
    done = await apply_failed_again(app.db, app.clients, app.clock, caller.wedding_id)
    return AppliedShape.model_validate(asdict(done))


@router.post("/webhooks/{event_row}/apply-again", responses=problems(404, 409))
async def apply_one_again(caller: Controller, event_row: RowId) -> WebhookShape:
    """Apply one event again. What it has done already is not done twice."""
    app = runtime.current()
    await apply_again(app.db, app.clients, app.clock, caller.wedding_id, event_row)
    return await show_event(caller, event_row)


@router.get("/webhook-refusals")
async def list_refusals(
    caller: Reader, asked: Annotated[Refusals, Query()]
) -> RefusalPage:
    """List deliveries that were turned away, newest first. `head`, how the body began,
    is null without the scope admin."""
    wish = Wish(account=asked.account or "", only="refused", after=asked.after)
    found, following = await runtime.current().db.read(
        refusal_records, caller.wedding_id, wish
    )
    if Scope.ADMIN not in caller.scopes:
        found = [{**one, "head": None} for one in found]
    return RefusalPage.model_validate(page(found, following))
