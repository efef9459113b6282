"""api: /api/v1/whatsapp/send: programs put messages into the queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.pages_html import language
from wedding_wa.api.v1.shapes import AccountKey, Body, Sender, SmallBodies, bodies
from wedding_wa.api.wrong import wrongs
from wedding_wa.domain.errors import BadInput, WeddingError
from wedding_wa.domain.notifications import Category
from wedding_wa.domain.text import MAX_TEXT, MAX_TITLE
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest
from wedding_wa.services.enqueue_fields import KINDS, MAX_KEY
from wedding_wa.services.sends import (
    LONGEST_KEY,
    MOST,
    TEXT,
    Sending,
    asks_for_times,
    request_from,
    send_alone,
    send_many,
    zone_of,
)
from wedding_wa.words import say

REPLAYED = "Idempotency-Replayed"
_QUEUED = "queued"
#: Bytes of the largest bulk request: a thousand for each message.
LARGEST_BULK = 10_000_000

_HERE = "/api/v1/whatsapp"
_one = APIRouter(prefix=_HERE, route_class=SmallBodies)
_bulk = APIRouter(prefix=_HERE, route_class=bodies(LARGEST_BULK))

_PRINTABLE = r"^[!-~]([ -~]*[!-~])?$"
REPLAYED_HEADERS = {
    REPLAYED: {
        "description": "`true`: it was asked for before, and this is the first answer.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_MOMENT: JsonDict = {"format": "date-time"}


def _key(longest: int) -> Any:
    return Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=longest,
        pattern=_PRINTABLE,
        description="Your name for this request, of printable ASCII: asked for again "
        "under it, nothing is queued twice.",
    )


class MessageToSend(Body):
    """A message to one guest, who has written first.

    `to`: a phone number as people write it, a chat id, or `household:CODE`. `account`
    left out: the number to which they wrote last. `title` and `category` are labels
    for the queue; `text` alone is sent. `priority`: 1 first, 5 last. Times without an
    offset are in the wedding's zone.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "to": "+39 333 111 2222",
                    "type": TEXT,
                    "text": "The bus leaves at five.",
                    "client_message_id": "bus-1",
                }
            ]
        }
    )

    to: str = Field(min_length=1, max_length=MAX_KEY)
    type: str = Field(TEXT, max_length=40, json_schema_extra={"enum": [TEXT]})
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    client_message_id: str | None = Field(None, min_length=1, max_length=MAX_KEY)
    account: AccountKey | None = None
    kind: str | None = Field(
        None, max_length=40, json_schema_extra={"enum": [*map(str, KINDS), None]}
    )
    category: str | None = Field(
        None, max_length=40, json_schema_extra={"enum": [*map(str, Category), None]}
    )
    title: str | None = Field(None, max_length=MAX_TITLE)
    priority: int | None = Field(None, ge=1, le=5)
    max_attempts: int | None = Field(None, ge=1, le=20)
    scheduled_at: str | None = Field(None, max_length=60, json_schema_extra=_MOMENT)
    expires_at: str | None = Field(None, max_length=60, json_schema_extra=_MOMENT)


class QueuedShape(Shape):
    """`message`: a sentence. `task_id` is the message's id at every other route."""

    message: str
    task_id: str
    to: str
    client_message_id: str | None
    status: str = Field(json_schema_extra={"enum": [_QUEUED]})


class MessagesToSend(BaseModel):
    """At most 10,000, each as for one. What is wrong with one is told in its place."""

    model_config = ConfigDict(extra="forbid", strict=True)

    messages: list[Any] = Field(
        min_length=1,
        max_length=MOST,
        # Each is judged by itself, so the list takes whatever stands in it.
        json_schema_extra={
            "items": {"anyOf": [{"$ref": "#/components/schemas/MessageToSend"}, {}]}
        },
    )


class WrongShape(Shape):
    """Why one of many was refused. `link`: with it the guest can write first."""

    code: str
    detail: str
    field: str | None = None
    link: str | None = None


class OneOfManyShape(Shape):
    """`status`: queued, or refused; then `problem` says why. `replayed`: it was asked
    for before, and is not queued a second time."""

    index: int
    status: str = Field(json_schema_extra={"enum": [_QUEUED, "refused"]})
    task_id: str | None = None
    to: str | None = None
    client_message_id: str | None = None
    replayed: bool = False
    problem: WrongShape | None = None


class ManyQueuedShape(Shape):
    """`items` are in the order of the request; `queued` counts those replayed too."""

    items: list[OneOfManyShape]
    queued: int
    replayed: int
    refused: int


@_one.post(
    "/send",
    status_code=202,
    response_model=QueuedShape,
    responses={**problems(404, 409, 413), 202: {"headers": REPLAYED_HEADERS}},
)
async def send_one(
    caller: Sender,
    asked: MessageToSend,
    request: Request,
    key: Annotated[str | None, _key(MAX_KEY)] = None,
) -> Response:
    """Queue a message.

    `Idempotency-Key`, and `client_message_id` too, make it safe to ask again: the same
    body gives the first answer and no second message, another body 422. A guest who
    has not written first: 409, with the `link` by which they can.
    """
    app = runtime.current()
    fields = asked.model_dump(exclude_none=True)
    meant = request_from(
        fields, zone=await _zone(caller, fields), key=key, by=caller.user_id
    )
    now = app.clock.now()
    made = await send_alone(app.db, Sending(caller.wedding_id, meant, now))
    told = {
        "message": say(language(request), "send.queued"),
        "task_id": made.task_id,
        "to": meant.to,
        "client_message_id": meant.client_message_id,
        "status": _QUEUED,
    }
    headers = {REPLAYED: "true"} if made.again else None
    return JSONResponse(told, 202, headers)


@_bulk.post(
    "/send/bulk",
    status_code=202,
    responses={**problems(413), 202: {"headers": REPLAYED_HEADERS}},
)
async def send_bulk(
    caller: Sender,
    asked: MessagesToSend,
    request: Request,
    response: Response,
    key: Annotated[str | None, _key(LONGEST_KEY)] = None,
) -> ManyQueuedShape:
    """Queue up to 10,000 messages, a hundred a transaction; one refused hinders none.

    Under an `Idempotency-Key` each message without a `client_message_id` has the key
    `<key>:<its index>`: the same request again, also after it broke off, queues only
    what is not there yet.
    """
    app, lang = runtime.current(), language(request)
    zone = await app.db.read(zone_of, caller.wedding_id)
    read = _Reading(asked.messages, caller, zone, key, lang)
    outcomes = await send_many(app.db, app.clock, caller.wedding_id, read)
    items = [read.item(index, outcome) for index, outcome in enumerate(outcomes)]
    queued = sum(one.problem is None for one in items)
    replayed = sum(one.replayed for one in items)
    if replayed == len(items):
        response.headers[REPLAYED] = "true"
    return ManyQueuedShape(
        items=items, queued=queued, replayed=replayed, refused=len(items) - queued
    )


class _Unreadable(WeddingError):
    """One of many that is no message: what is wrong with its first wrong field."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__()
        self.wrong = WrongShape(**wrong)


class _Reading:
    """The messages of a bulk request, each read when its turn comes."""

    def __init__(
        self, said: list[Any], caller: Caller, zone: str, key: str | None, lang: str
    ) -> None:
        self._said = said
        self._caller, self._zone, self._key, self._lang = caller, zone, key, lang

    def __iter__(self) -> Iterator[EnqueueRequest | WeddingError]:
        return (self._read(index, one) for index, one in enumerate(self._said))

    def item(self, index: int, outcome: Enqueued | WeddingError) -> OneOfManyShape:
        """What is told of one."""
        said = self._said[index]
        named = said.get("client_message_id") if isinstance(said, dict) else None
        name = named if isinstance(named, str) else None
        if isinstance(outcome, WeddingError):
            return OneOfManyShape(
                index=index,
                status="refused",
                client_message_id=_storable(name),
                problem=self._wrong(outcome),
            )
        return OneOfManyShape(
            index=index,
            status=_QUEUED,
            task_id=outcome.task_id,
            to=said["to"].strip(),
            client_message_id=name.strip() if name else None,
            replayed=outcome.again,
        )

    def _read(self, index: int, said: Any) -> EnqueueRequest | WeddingError:
        try:
            fields = MessageToSend.model_validate(said).model_dump(exclude_none=True)
            own = self._key is None or "client_message_id" in fields
            key = None if own else f"{self._key}:{index}"
            by = self._caller.user_id
            return request_from(fields, zone=self._zone, key=key, by=by)
        except ValidationError as error:
            (first, *_) = error.errors(include_url=False)
            first["loc"] = ("message", *first["loc"])
            return _Unreadable(wrongs([first], self._lang)[0])
        except WeddingError as error:
            return error

    def _wrong(self, error: WeddingError) -> WrongShape:
        if isinstance(error, _Unreadable):
            return error.wrong
        return WrongShape(
            code=error.code,
            detail=say(self._lang, error.code, **error.params),
            field=error.field if isinstance(error, BadInput) else None,
            link=str(error.params["link"]) if error.params.get("link") else None,
        )


async def _zone(caller: Caller, fields: Mapping[str, object]) -> str:
    if not asks_for_times(fields):
        return "UTC"  # nothing of it is a time
    return await runtime.current().db.read(zone_of, caller.wedding_id)


def _storable(text: str | None) -> str | None:
    """What was refused may be no text that an answer can hold."""
    return text[:MAX_KEY].encode("utf-8", "replace").decode() if text else None


#: To stand before all other routes, and by themselves: each router around a route asks
#: at every request whether any of its routes changed.
ROUTES = (*_one.routes, *_bulk.routes)
