"""api: what the routes of /api/v1 share: who may, pages, bodies, records."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, Literal

from fastapi import HTTPException, Path, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.types import Message, Receive

from wedding_wa.api.deps import Caller, Needs
from wedding_wa.services.apikeys import Scope

Reader = Annotated[Caller, Needs(Scope.READ)]
Sender = Annotated[Caller, Needs(Scope.SEND)]
Controller = Annotated[Caller, Needs(Scope.CONTROL)]

#: Bytes of the largest body: a guest has notes of 4,000 characters at most.
LARGEST = 100_000
_LARGEST_ID = 2**31 - 1
Id = Annotated[int, Field(ge=1, le=_LARGEST_ID)]
RowId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
AccountKey = Literal["groom", "bride"]

# Every row is of the caller's wedding, and what is only for searching stays inside.
_INSIDE = {"wedding_id", "folded"}


class SmallBodies(APIRoute):
    """A route that reads no further than LARGEST bytes, told beforehand or not."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            return await handle(Request(request.scope, _at_most(request.receive)))

        return limited


class Fields(BaseModel):
    """What a request may say; a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _storable(cls, value: object) -> object:
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and "\0" in text:
                raise ValueError("a text cannot hold a NUL")
        return value


class Body(Fields):
    """A JSON body: besides, a number is no text and a text no number."""

    model_config = ConfigDict(strict=True)


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


def _at_most(receive: Receive) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > LARGEST:
            raise HTTPException(413)
        return message

    return counted
