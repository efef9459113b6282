"""api: what the routes of /api/v1 share: who may, pages, bodies, records."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Annotated, Any, Literal

from fastapi import HTTPException, Path, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from starlette.types import Message, Receive

from wedding_wa.api.deps import Caller, Needs
from wedding_wa.api.methods import addresses, allow
from wedding_wa.api.wrong import UNSTORABLE
from wedding_wa.services.apikeys import Scope

Reader = Annotated[Caller, Needs(Scope.READ)]
Sender = Annotated[Caller, Needs(Scope.SEND)]
Controller = Annotated[Caller, Needs(Scope.CONTROL)]
Manager = Annotated[Caller, Needs(Scope.ADMIN)]

#: Bytes of the largest body: a guest has notes of 4,000 characters at most.
LARGEST = 100_000
_LARGEST_ID = 2**31 - 1
Id = Annotated[int, Field(ge=1, le=_LARGEST_ID)]
RowId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
AccountKey = Literal["groom", "bride"]
#: What the Queue page counts by; a test keeps it the database's own list.
Bucket = Literal[
    "waiting",
    "held",
    "processing",
    "sent",
    "delivered",
    "read",
    "unconfirmed",
    "failed",
    "refused",
    "skipped",
]

# Every row is of the caller's wedding, and what is only for searching stays inside.
_INSIDE = {"wedding_id", "folded"}
_SURROGATE = re.compile("[\ud800-\udfff]")
# More digits than any length that is allowed has.
_DIGITS = 12


class BoundedBodies(APIRoute):
    """A route that reads no further than `largest` bytes, told beforehand or not.

    For a larger body than a guest's, make a class of its own with `bodies`.
    """

    largest = LARGEST

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, largest = super().get_route_handler(), self.largest
        pattern = "{" in self.path

        async def limited(request: Request) -> Response:
            if pattern:
                _not_written_out(request)
            told = request.headers.get("Content-Length", "")
            if told.isdecimal() and (len(told) > _DIGITS or int(told) > largest):
                raise TooLarge
            receive = _at_most(request.receive, largest)
            return await handle(Request(request.scope, receive))

        return limited


def _not_written_out(request: Request) -> None:
    """Raise 405 where the address is another route's own and only looks like an id."""
    written_out = addresses(request.app).written_out
    if methods := written_out.get(request.scope["path"]):
        raise HTTPException(405, headers=allow(methods))


class TooLarge(HTTPException):
    """413: the rest of the body is not read."""

    def __init__(self) -> None:
        super().__init__(413)


def bodies(largest: int) -> type[BoundedBodies]:
    """The `route_class` of routes whose body has `largest` bytes at most."""
    return type("Bodies", (BoundedBodies,), {"largest": largest})


SmallBodies = bodies(LARGEST)


class Fields(BaseModel):
    """What a request may say; a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _storable(cls, value: object) -> object:
        if any(_unstorable(text) for text in _texts(value)):
            raise PydanticCustomError(UNSTORABLE, "no character")
        return value


class Body(Fields):
    """A JSON body: besides, a number is no text and a text no number."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, said: object) -> object:
        """JSON knows one kind of number: 18.0 is 18."""
        if not isinstance(said, dict):
            return said
        return {name: _as_whole(value) for name, value in said.items()}


class Paged(Fields):
    """A list's query: `after` is the `next` of the page before."""

    after: str = Field("", max_length=400)


def page(items: Iterable[object], following: str, **more: object) -> dict[str, object]:
    """A page of a list. `next` null: this was the last."""
    return {"items": list(items), "next": following or None, **more}


def record(row: Any, **more: object) -> dict[str, object]:
    """A row of a table by its columns' names."""
    columns: dict[str, object] = row.model_dump(exclude=_INSIDE)
    return {**columns, **more}


def _as_whole(value: object) -> object:
    """Of a list its own numbers: no field has lists of lists, however deep somebody
    nests them to see what falls over."""
    if isinstance(value, list):
        return [_whole_number(one) for one in value]
    return _whole_number(value)


def _whole_number(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of JSON, the names of fields too, however deep."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            left += one


def _unstorable(text: str) -> bool:
    """No database holds a NUL, no encoding half of a pair of surrogates."""
    return "\0" in text or _SURROGATE.search(text) is not None


def _at_most(receive: Receive, largest: int) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > largest:
            raise TooLarge
        return message

    return counted
