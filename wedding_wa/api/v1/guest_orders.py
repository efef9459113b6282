"""api: /api/v1/guests/orders: one order for many guests, named or all who match."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Body, Id, Sender, SmallBodies
from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.services import guest_bulk
from wedding_wa.services.guest_bulk import Order, Selection
from wedding_wa.services.guest_orders import ORDERS
from wedding_wa.services.guest_records import understood

router = APIRouter(prefix="/guests/orders", route_class=SmallBodies)

OrderName = Literal[
    "tag", "untag", "side", "language", "invited", "merge", "join", "delete"
]


class NewOrder(Body):
    """For `guest_ids`, or for all whom `q` finds, who must be `expected` many. `value`
    is the tag, the side or the language ("" for their household's)."""

    order: OrderName
    value: str = Field("", max_length=100, examples=["choir"])
    guest_ids: list[Id] = Field([], max_length=2_000)
    q: Annotated[str, Field(max_length=200)] | None = None
    expected: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class DoneShape(Shape):
    """How many it changed: guests; with `invited` and `join`, households."""

    done: int


@router.post("", responses=problems(404, 409))
async def carry_out(caller: Sender, new: NewOrder) -> DoneShape:
    """Give tags, a side or a language, mark as invited, merge, join households, or take
    off the list. 409: others match than were expected."""
    app = runtime.current()
    selection = _selection(new)
    order = Order(caller.wedding_id, caller.by, app.clock.now())
    done = await app.db.write(_do, order, selection, new)
    return DoneShape(done=done)


def _selection(new: NewOrder) -> Selection:
    """Raises BadInput unless exactly one of both names whom it is for."""
    if new.q is None:
        if not new.guest_ids:
            raise BadInput("error.invalid", "guest_ids", fields="guest_ids, q")
        return Selection(ids=tuple(new.guest_ids))
    if new.guest_ids:
        raise BadInput("error.invalid", "q", fields="guest_ids, q")
    if new.expected is None:
        raise BadInput("error.invalid", "expected", fields="expected")
    return Selection(query=understood(new.q), expected=new.expected)


def _do(session: Session, order: Order, selection: Selection, new: NewOrder) -> int:
    if selection.query is None:
        mine = guest_bulk.chosen(session, order.wedding_id, selection)
        if len(mine) < len(set(selection.ids)):
            raise NotFound
    return ORDERS[new.order](session, order, selection, new.value)
