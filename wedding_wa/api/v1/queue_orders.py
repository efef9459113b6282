"""api: /api/v1/queue/orders: one order for many messages, followed while it is done."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Body, Bucket, Fields, Reader, Sender, SmallBodies
from wedding_wa.domain.errors import BadInput
from wedding_wa.services.queue_bulk import Order, What
from wedding_wa.services.queue_list import Wish
from wedding_wa.services.queue_runs import Run
from wedding_wa.services.queue_selection import Chosen, frozen
from wedding_wa.services.queue_tasks import ids_of_tasks

router = APIRouter(prefix="/queue/orders", route_class=SmallBodies)

OrderName = Literal["cancel", "hold", "release", "priority", "retry"]
TaskId = Annotated[str, Field(min_length=1, max_length=64)]


class Filter(Fields):
    """As the Queue page's filters: `rule` is what set held messages aside. A `q` finds
    what its list finds: the newest 2,000 of each state."""

    state: Bucket | None = None
    rule: Literal["by_hand", "missed", "quarantine"] | None = None
    q: str = Field("", max_length=80)


class NewOrder(Body):
    """For `task_ids`, or for all that `filter` lists. `priority` 1 (first) to 5, where
    that is what is set."""

    order: OrderName
    priority: int = Field(3, ge=1, le=5)
    task_ids: list[TaskId] = Field([], max_length=2_000)
    filter: Filter | None = None


class OrderShape(Shape):
    """An order under way, or how the last one ended. `done` were changed, `left` were
    too late, of `total`. `stopped`: somebody ended it early."""

    order: OrderName
    priority: int | None
    total: int
    done: int
    left: int
    stopped: bool
    ended: bool


class OrdersShape(Shape):
    """`run` null: none since this process began."""

    run: OrderShape | None


@router.post("", status_code=202, responses=problems(404, 409))
async def begin(caller: Sender, new: NewOrder) -> OrderShape:
    """Begin an order for what can still follow it; whom it is for is settled now.
    409 while another is under way."""
    app, what = runtime.current(), What(new.order)
    ids = await app.db.read(_meant, caller.wedding_id, new, what)
    order = Order(what, caller.wedding_id, caller.by, new.priority)
    return _json(
        app.runs.begin(app.db, order, ids, clock=app.clock, changed=app.bus.publish)
    )


@router.get("")
async def show(caller: Reader) -> OrdersShape:
    """How far the order is that is under way here, else how the last one ended."""
    run = runtime.current().runs.last(caller.wedding_id)
    return OrdersShape(run=_json(run) if run else None)


@router.delete("", status_code=202)
async def stop(caller: Sender) -> OrdersShape:
    """Stop what is under way, whoever began it, after its batch; the rest stays as it
    is."""
    runs = runtime.current().runs
    runs.stop(caller.wedding_id)
    run = runs.last(caller.wedding_id)
    return OrdersShape(run=_json(run) if run else None)


def _meant(
    session: Session, wedding_id: int, new: NewOrder, what: What
) -> tuple[int, ...]:
    """Raises BadInput unless exactly one of both names whom it is for; NotFound."""
    if bool(new.task_ids) == (new.filter is not None):
        raise BadInput("error.invalid", "task_ids", fields="task_ids, filter")
    if new.filter is None:
        chosen = Chosen(ids=ids_of_tasks(session, wedding_id, new.task_ids))
    else:
        chosen = Chosen(wish=_wish(new.filter))
    return frozen(session, wedding_id, chosen, what)


def _wish(asked: Filter) -> Wish:
    return Wish(state=asked.state or "", search=asked.q.strip(), rule=asked.rule or "")


def _json(run: Run) -> OrderShape:
    order, at = run.order, run.progress
    return OrderShape.model_validate(
        {
            "order": order.what.value,
            "priority": order.priority if order.what is What.PRIORITY else None,
            "total": at.total,
            "done": at.done,
            "left": at.left,
            "stopped": run.stopped,
            "ended": run.ended,
        }
    )
