"""Every route that a key opens, and what to ask it for: add a new id or body here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from sqlmodel import Session, SQLModel, select

from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Made, Place
from wedding_wa.api.app import create_api
from wedding_wa.api.examples import example_in
from wedding_wa.api.guard import is_public
from wedding_wa.api.methods import UNKNOWN_ROUTE
from wedding_wa.api.openapi import document, scope_of
from wedding_wa.models import InboundMessage, Notice, QueueMessage, StopQuestion

# What is called the same in every wedding; a key means its own one by it.
NAMED = {
    "key": "groom",
    "session": "groom",
    "language": "it",
    "name": "settle",
    "kind": "csv",
}
# Bodies that an example in the document cannot stand for: it names other rows.
BODIES: dict[str, Any] = {
    "POST /api/v1/guests": {"name": "Nino"},
    "POST /api/v1/accounts/{key}/policy/same-as": {"account": "bride"},
    "POST /api/guests/import/{token}/confirm": {"digest": "0"},
}
LIST = b"Name,Phone,Side\nPia,3335556666,groom\n"
RAW = {
    "POST /api/v1/guests/import": LIST,
    "POST /api/guests/import": LIST,
    "PUT /api/v1/invitation/cover": b"no picture",
    "POST /api/invitation/cover": b"no picture",
}


@dataclass(frozen=True)
class Door:
    """A route that asks for a right."""

    method: str
    path: str
    right: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


@cache
def doors() -> tuple[Door, ...]:
    """All of them, those that take something away last."""
    found = [
        Door(method, context.path_format or "", scope_of(context) or "")
        for context in routes()
        for method in sorted(context.methods or ())
    ]
    order = ("GET", "POST", "PUT", "PATCH", "DELETE")

    def turn(door: Door) -> tuple[int, bool, str]:
        return order.index(door.method), door.path.endswith("/merge"), door.path

    return tuple(sorted(found, key=turn))


def routes() -> Iterator[RouteContext]:
    """Every route below /api that is not open to everybody."""
    for context in iter_route_contexts(create_api().routes):
        path = context.path or ""
        ours = isinstance(context.original_route, APIRoute) and path.startswith("/api/")
        if ours and not is_public(path) and context.name != UNKNOWN_ROUTE:
            yield context


@dataclass(frozen=True)
class Things:
    """What a wedding has: ids for paths, and the same for bodies and queries."""

    wedding: int
    made: Made
    paths: dict[str, object]

    @property
    def named(self) -> dict[str, object]:
        """Values by the names that bodies and queries call them."""
        one = self.made
        return {
            "guest_id": one.guest,
            "guest_ids": self.paths["two"],
            "guest": one.guest,
            "household_id": self.paths["household_id"],
            "household_ids": [self.paths["household_id"]],
            "household": self.paths["household_id"],
            "contact_id": one.guest,
            "chat": one.chat,
            "queue_message": self.paths["id"],
            "message_ids": [self.paths["id"]],
            "task_id": self.paths["task_id"],
            "task_ids": [self.paths["task_id"]],
        }


async def things(place: Place, made: Made) -> Things:
    """One of everything, some of it made by the routes themselves."""
    wedding = made.couple.wedding
    async with anywhere(place, "read", "send", "control", "admin", made=made) as client:
        sent = await client.post(
            "/api/v1/whatsapp/send",
            json={"to": CARLA, "text": f"For {wedding}", "account": "groom"},
        )
        draft = await client.post(
            "/api/v1/guests/import", content=RAW["POST /api/v1/guests/import"]
        )
        login = {"email": f"w{wedding}@example.org", "password": "rose and thyme"}
        person = await client.post("/api/v1/people", json=login)
        key = {"name": "other", "scopes": ["read"]}
        other = await client.post("/api/v1/keys", json=key)
        home = await client.post("/api/v1/households", json={"name": "Neri"})
        two = [
            await client.post("/api/v1/guests", json={"name": f"{name} {wedding}"})
            for name in ("Nina", "Nella")
        ]
    for answer in (sent, draft, person, other, home, *two):
        assert answer.is_success, answer.text
    question, notice, number = place.house.db.write_now(_rows, made, sent.json())
    paths: dict[str, object] = {
        "guest_id": made.guest,
        "household_id": home.json()["id"],
        "chat": made.chat,
        "opt_out_id": made.opt_out,
        "event_row": made.event,
        "question_id": question,
        "notice_id": notice,
        "task_id": sent.json()["task_id"],
        "id": number,
        "draft": draft.json()["draft"],
        "token": draft.json()["draft"],
        "user_id": person.json()["id"],
        "key_id": other.json()["id"],
        "two": [answer.json()["id"] for answer in two],
    }
    return Things(wedding, made, paths)


def _rows(
    session: Session, made: Made, sent: dict[str, Any]
) -> tuple[int | None, int | None, int | None]:
    couple = made.couple
    wrote = session.exec(
        select(InboundMessage).where(InboundMessage.wedding_id == couple.wedding)
    ).first()
    assert wrote is not None
    asked = StopQuestion(
        wedding_id=couple.wedding,
        account_id=wrote.account_id,
        chat_id=wrote.chat_id,
        inbound_id=wrote.id or 0,
        word="stop",
        asked_at=NOON,
    )
    told = Notice(wedding_id=couple.wedding, kind="duplicate", at=NOON)
    session.add_all([asked, told])
    session.flush()
    queued = session.exec(
        select(QueueMessage.id).where(QueueMessage.task_id == sent["task_id"])
    ).one()
    return asked.id, told.id, queued


def anywhere(place: Place, *scopes: str, made: Made | None = None) -> httpx.AsyncClient:
    """A program that asks by whole paths."""
    client = place.program(*scopes, made=made)
    client.base_url = httpx.URL("http://localhost:8000")
    return client


async def ask(
    client: httpx.AsyncClient, door: Door, paths: Things, named: Things
) -> httpx.Response:
    """Ask with the ids of one wedding in the path, and of one in the body."""
    address = filled(door, paths.paths)
    return await client.request(door.method, address, **request_of(door, named.named))


def filled(door: Door, values: dict[str, object]) -> str:
    """The path with ids in it. A parameter that is not known fails: give it one."""
    known = values | NAMED
    unknown = [one for one in door.parameters if one not in known]
    assert not unknown, f"{door.name}: add {unknown} to doors.things or NAMED"
    return re.sub(r"\{(\w+)\}", lambda m: str(known[m[1]]), door.path)


def request_of(door: Door, named: dict[str, object]) -> dict[str, Any]:
    """What to send: the document's example, with ids of this wedding in it."""
    asked: dict[str, Any] = {"params": queries().get(door.name, {})}
    if door.name in RAW:
        return asked | {"content": RAW[door.name]}
    body = BODIES.get(door.name, examples().get(door.name))
    return asked if body is None else asked | {"json": _with_ids(body, named)}


def ids_in(door: Door) -> list[str]:
    """The fields of its body that name rows."""
    found: list[str] = []
    _with_ids(examples().get(door.name), {}, found)
    return found


def _with_ids(
    body: Any, named: dict[str, object], found: list[str] | None = None
) -> Any:
    if isinstance(body, list):
        return [_with_ids(one, named, found) for one in body]
    if not isinstance(body, dict):
        return body
    ids = {"guest_id", "guest_ids", "household_id", "household_ids", "queue_message"}
    ids |= {"message_ids", "task_ids", "task_id", "contact_id"}
    if found is not None:
        found += [one for one in body if one in ids]
    return {
        name: named[name]
        if name in ids & set(named)
        else CARLA
        if name in ("to", "phone")
        else _with_ids(value, named, found)
        for name, value in body.items()
    }


@cache
def examples() -> dict[str, Any]:
    """Each route's example of a body, as the document has it."""
    described = document(create_api())
    return {
        f"{method.upper()} {path}": example_in(content)
        for path, item in described["paths"].items()
        for method, operation in item.items()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }


@cache
def queries() -> dict[str, dict[str, Any]]:
    """What each route must be asked with, as the document has it."""
    return {
        f"{method.upper()} {path}": {
            one["name"]: one["example"]
            for one in operation.get("parameters", ())
            if one["in"] == "query" and one["required"]
        }
        for path, item in document(create_api())["paths"].items()
        for method, operation in item.items()
    }


def rows_of(place: Place, wedding: int) -> dict[str, list[str]]:
    """Every row of a wedding, but the keys: when they were used is noted."""

    def read(session: Session) -> dict[str, list[str]]:
        return {
            name: sorted(
                str(tuple(row)) for row in session.execute(_of(table, wedding))
            )
            for name, table in SQLModel.metadata.tables.items()
            if name != "api_key" and ("wedding_id" in table.c or name == "wedding")
        }

    return place.house.db.read_now(read)


def _of(table: sa.Table, wedding: int) -> sa.Select[Any]:
    owner = table.c.id if table.name == "wedding" else table.c.wedding_id
    return sa.select(table).where(owner == wedding)
