"""api: /api/v1/keys: the keys of programs, made, listed and revoked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.errors import Forbidden
from wedding_wa.api.v1.shapes import Body, Manager, Paged, RowId, SmallBodies
from wedding_wa.services import apikey_list, apikeys
from wedding_wa.services.apikey_list import KeyRow
from wedding_wa.services.apikeys import MissingScope
from wedding_wa.services.enqueue_fields import moment
from wedding_wa.services.guest_records import cursor
from wedding_wa.services.sends import zone_of

router = APIRouter(prefix="/keys", route_class=SmallBodies)

ScopeName = Literal["read", "send", "control", "admin"]

_MOMENT = {"format": "date-time", "examples": ["2027-06-20T00:00:00+02:00"]}


class NewKey(Body):
    """`admin` includes the other scopes. Without `expires_at` until it is revoked;
    without an offset that is the wedding's time."""

    name: Annotated[str, Field(min_length=1, max_length=80, examples=["table plan"])]
    scopes: Annotated[
        list[ScopeName],
        Field(min_length=1, max_length=4, examples=[["read", "send"]]),
    ]
    expires_at: Annotated[
        str | None, Field(max_length=60, json_schema_extra=_MOMENT)
    ] = None


class KeyShape(Shape):
    """A key; `prefix` is what it begins with, the rest is stored nowhere. `made_by` is
    the key that made it: with that it ends. Null: a person made it."""

    id: int
    name: str
    prefix: str = Field(examples=["wwa_0123abcd"])
    scopes: list[ScopeName]
    state: Literal["active", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    made_by: int | None


class MadeKeyShape(KeyShape):
    """With the key itself. It is shown this once."""

    key: str


class KeysShape(Shape):
    """A page; `next` null: this was the last."""

    items: list[KeyShape]
    next: str | None


@router.get("")
async def list_keys(caller: Manager, asked: Annotated[Paged, Query()]) -> KeysShape:
    """List all keys, by id, also those that have ended."""
    app = runtime.current()
    found, following = await app.db.read(
        apikey_list.keys,
        caller.wedding_id,
        now=app.clock.now(),
        after=cursor(asked.after),
    )
    items = [KeyShape.model_validate(_plain(one)) for one in found]
    return KeysShape(items=items, next=following or None)


@router.post("", status_code=201, responses=problems(403, 409))
async def make(caller: Manager, new: NewKey) -> MadeKeyShape:
    """Make a key. One that a key makes may no more than that, and ends no later.

    409 where there are 200 in use already.
    """
    app = runtime.current()
    try:
        key, row = await app.db.write(_make, caller, new, now=app.clock.now())
    except MissingScope as error:
        raise Forbidden(error.scope.value) from None
    return MadeKeyShape.model_validate(_plain(row) | {"key": key})


@router.delete("/{key_id}", status_code=204, responses=problems(404))
async def revoke(caller: Manager, key_id: RowId) -> Response:
    """Revoke a key at once, with all keys that it made and all tokens for them.

    204 also for one that has ended before.
    """
    app = runtime.current()
    await app.db.write(
        apikeys.revoke_key,
        key_id,
        wedding_id=caller.wedding_id,
        by=caller.by,
        now=app.clock.now(),
    )
    return Response(status_code=204)


def _make(
    session: Session, caller: Caller, new: NewKey, *, now: datetime
) -> tuple[str, KeyRow]:
    zone = zone_of(session, caller.wedding_id)
    key = apikeys.create_key(
        session,
        wedding_id=caller.wedding_id,
        name=new.name,
        scopes=new.scopes,
        expires_at=moment(new.expires_at, "expires_at", zone),
        by=caller.by,
        now=now,
    )
    prefix = apikeys.prefix_of(key)
    return key, apikey_list.key_of(session, caller.wedding_id, prefix, now)


def _plain(row: KeyRow) -> dict[str, object]:
    scopes = [scope.value for scope in row.scopes]
    return asdict(row) | {"scopes": scopes, "state": row.state.value}
