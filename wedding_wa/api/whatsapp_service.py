"""api: /api/whatsapp-service: sending and health, as the couple's programs call them.

What they know as its stream of events is told at the WebSocket /ws/whatsapp.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.errors import problem
from wedding_wa.api.pages_html import language
from wedding_wa.api.v1.shapes import AccountKey, Body, Reader, Sender, SmallBodies
from wedding_wa.api.v1.whatsapp import REPLAYED, REPLAYED_HEADERS
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.services.account_records import SessionHealth, session_health
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.enqueue_fields import request_of
from wedding_wa.words import say

PREFIX = "/api/whatsapp-service"
FEED = "/ws/whatsapp"

router = APIRouter(prefix=PREFIX, route_class=SmallBodies)

_LARGEST = 2**53 - 1
_PRINTABLE = r"^[!-~]([ -~]*[!-~])?$"
# What our fields are called here.
_NAMES = {"to": "phone", "text": "message", "client_message_id": "queue_id"}

SessionKey = Annotated[
    AccountKey, Path(alias="session", description="The number that sends.")
]


class ToSend(Body):
    """A message. `queue_id` is what the asking program calls it: under one there is one
    message, however often it is asked for."""

    phone: str = Field(min_length=1, max_length=255, examples=["+39 333 111 2222"])
    message: str = Field(
        min_length=1, max_length=MAX_TEXT, examples=["See you at six."]
    )
    queue_id: (
        Annotated[int, Field(ge=0, le=_LARGEST)]
        | Annotated[str, Field(pattern=_PRINTABLE, max_length=255)]
        | None
    ) = Field(None, examples=[17])


class QueuedShape(Shape):
    """`message`: a sentence. `task_id` is the message's name at every other route."""

    message: str
    task_id: str
    session: AccountKey
    to: str
    queue_id: int | str | None
    status: Literal["queued"]


class SessionShape(Shape):
    """A number. `status` is WAHA's word; `ready`: it can send; `worker`: somebody
    sends for it."""

    status: str
    ready: bool
    since: datetime | None
    last_heard_at: datetime | None
    paused: bool
    worker: bool


class WorkerShape(Shape):
    """Whether somebody sends for every number that has a WAHA."""

    alive: bool


class HealthShape(Shape):
    """`status` "ok": each number that has a WAHA can send, and somebody does."""

    status: Literal["ok", "degraded"]
    sessions: dict[str, SessionShape] = Field(description="By `groom` and `bride`.")
    worker: WorkerShape


@router.post(
    "/{session}/send",
    status_code=202,
    responses={**problems(404, 409), 202: {"headers": REPLAYED_HEADERS}},
)
async def send(
    caller: Sender,
    key: SessionKey,
    said: ToSend,
    request: Request,
    response: Response,
) -> QueuedShape:
    """Queue a message from one number, like every other: guests write first (else 409
    with the `link` by which they can), limits hold, nothing goes twice."""
    app, asked = runtime.current(), _asked(key, said)
    try:
        made = await app.db.write(
            enqueue, caller.wedding_id, asked, now=app.clock.now()
        )
    except BadInput as error:
        raise _here(error) from None
    if made.again:
        response.headers[REPLAYED] = "true"
    return QueuedShape(
        message=say(language(request), "send.queued"),
        task_id=made.task_id,
        session=key,
        to=said.phone,
        queue_id=said.queue_id,
        status="queued",
    )


@router.get("/health")
async def health(caller: Reader) -> HealthShape:
    """Whether both numbers can send just now, and whether somebody does."""
    app = runtime.current()
    found = await app.db.read(session_health, caller.wedding_id, now=app.clock.now())
    used = [one for one in found if one.used]
    alive = bool(used) and all(one.worker for one in used)
    well = alive and all(one.ready for one in used)
    return HealthShape(
        status="ok" if well else "degraded",
        sessions={one.key: _session(one) for one in found},
        worker=WorkerShape(alive=alive),
    )


@router.get("/events", status_code=410, responses=problems(410))
async def events(caller: Reader, request: Request) -> Response:
    """There is no stream of events here: follow the WebSocket /ws/whatsapp."""
    del caller  # whoever may read is told so
    return problem(request, 410, "programs.feed_moved", link=FEED)


def _asked(key: str, said: ToSend) -> EnqueueRequest:
    """Read it as every door does. Raises BadInput by the names of here."""
    named = None if said.queue_id is None else str(said.queue_id)
    fields = {"account": key, "to": said.phone, "text": said.message}
    try:
        return request_of(fields | {"client_message_id": named}, zone="UTC")
    except BadInput as error:
        raise _here(error) from None


def _here(error: BadInput) -> BadInput:
    name = _NAMES.get(error.field, error.field)
    more = {k: v for k, v in error.params.items() if k not in ("field", "name")}
    return BadInput(error.code, name, name=name, **more)


def _session(one: SessionHealth) -> SessionShape:
    return SessionShape(
        status=one.status,
        ready=one.ready,
        since=one.since,
        last_heard_at=one.last_heard_at,
        paused=one.paused,
        worker=one.worker,
    )
