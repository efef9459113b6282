"""A key reaches its own wedding and its own rights, on every route there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from tests.integration.api_v1.conftest import Made, Place
from tests.integration.inbound.test_refusals import everything
from wedding_wa.api.v1 import PREFIX, router
from wedding_wa.services.apikeys import Scope

DOC = Path(__file__).parents[3] / "docs" / "api.md"
_ROW = re.compile(r"^\| `(GET|POST|PATCH|DELETE) (/api/v1/[^`]*)` \| (\w+) \|", re.M)

# What a route with this path parameter is asked for.
IDS = {
    "guest_id": "guest",
    "household_id": "household",
    "chat": "chat",
    "opt_out_id": "opt_out",
    "event_row": "event",
}
BODIES = {
    "PATCH /guests/{guest_id}": {"name": "Mine now"},
    "PATCH /households/{household_id}": {"name": "Mine now"},
    "POST /inbox/{chat}/reply": {"text": "Ciao", "idempotency_key": "k1"},
}


def routes() -> Iterator[tuple[str, str, APIRoute]]:
    """Every route: method, path after /api/v1, itself."""
    for context in iter_route_contexts(router().routes):
        route = context.original_route
        assert isinstance(route, APIRoute)
        path = context.path.removeprefix(PREFIX)
        for method in route.methods:
            yield method, path, route


ALL = [(method, path) for method, path, _ in routes()]
WITH_ID = [(method, path) for method, path in ALL if "{" in path]


def filled(path: str, made: Made) -> str:
    """The path with the wedding's ids in it."""
    return re.sub(r"\{(\w+)\}", lambda m: str(getattr(made, IDS[m[1]])), path)


def scope_of(route: APIRoute) -> Scope:
    (found,) = [
        part.call.scope  # type: ignore[union-attr]
        for part in route.dependant.dependencies
        if hasattr(part.call, "scope")
    ]
    return Scope(found)


def test_there_are_routes_to_look_at() -> None:
    """The tests below would prove nothing over an empty list."""
    assert len(ALL) >= 20
    assert len(WITH_ID) >= 12


@pytest.mark.parametrize(("method", "path"), WITH_ID, ids=" ".join)
async def test_nothing_of_another_wedding_is_reached(
    place: Place, program: httpx.AsyncClient, method: str, path: str
) -> None:
    """404 for whatever exists elsewhere, as for what does not; and nothing changes."""
    before = everything(place.house.db)
    body = BODIES.get(f"{method} {path}")
    answer = await program.request(method, filled(path, place.theirs), json=body)
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    nowhere = re.sub(r"\{\w+\}", "99999", path)
    missing = await program.request(method, nowhere, json=body)
    assert (missing.status_code, missing.json()) == (404, answer.json())
    after = everything(place.house.db)
    for table in after:  # the key was used: nothing else
        assert table == "api_key" or after[table] == before[table]


@pytest.mark.parametrize(("method", "path"), WITH_ID, ids=" ".join)
async def test_the_same_routes_reach_ones_own(
    place: Place, program: httpx.AsyncClient, method: str, path: str
) -> None:
    """So that the 404s above are about the wedding and not about the request."""
    body = BODIES.get(f"{method} {path}")
    answer = await program.request(method, filled(path, place.mine), json=body)
    assert answer.status_code in (200, 201, 202, 204), answer.text


LISTS = [path for method, path in ALL if method == "GET" and "{" not in path]


@pytest.mark.parametrize("path", LISTS)
async def test_lists_hold_only_ones_own(place: Place, path: str) -> None:
    """Two weddings alike: each sees as much, and no row of the other."""
    pages = []
    for made in (place.mine, place.theirs):
        async with place.program("read", made=made) as client:
            pages.append((await client.get(path)).json()["items"])
    ids = [{one.get("id", one.get("key")) for one in page} for page in pages]
    assert len(pages[0]) == len(pages[1])
    assert not ids[0] & ids[1]


async def test_others_ids_do_not_reach_over_by_the_body_or_the_query(
    place: Place, program: httpx.AsyncClient
) -> None:
    """A guest cannot be put into another wedding's household, on another's phone, or
    merged with another's; nor consents be read by another's chat or guest."""
    mine, theirs = place.mine, place.theirs
    before = everything(place.house.db)
    asked = [
        await program.post(
            "/guests", json={"name": "X", "household_id": theirs.household}
        ),
        await program.post("/guests", json={"name": "X", "contact_id": theirs.guest}),
        await program.patch(
            f"/guests/{mine.guest}", json={"household_id": theirs.household}
        ),
        await program.patch(f"/guests/{mine.guest}", json={"contact_id": theirs.guest}),
        await program.post(
            "/guests/merge", json={"guest_ids": [mine.guest, theirs.guest]}
        ),
        await program.get("/consents", params={"chat": theirs.chat}),
        await program.get("/consents", params={"guest": theirs.guest}),
    ]
    assert [answer.status_code for answer in asked] == [404] * len(asked)
    after = everything(place.house.db)
    assert after["guest"] == before["guest"]
    assert after["household"] == before["household"]


@pytest.mark.parametrize(("method", "path"), ALL, ids=" ".join)
async def test_every_route_asks_for_its_right(
    place: Place, method: str, path: str
) -> None:
    """Reading needs `read`, changing more; without it 403 with the name of it, and
    without any key 401."""
    (right,) = [scope_of(r) for m, p, r in routes() if (m, p) == (method, path)]
    assert (right is Scope.READ) == (method == "GET")
    others = {"read", "send", "control"} - {right.value}
    async with place.program(*others) as client:
        answer = await client.request(method, filled(path, place.mine))
        assert (answer.status_code, answer.json()["code"]) == (403, "error.scope")
        client.headers.pop("Authorization")
        nobody = await client.request(method, filled(path, place.mine))
        assert nobody.status_code == 401


def test_the_documented_routes_are_the_real_ones() -> None:
    """docs/api.md lists each route with its right, and no other."""
    said = sorted(_ROW.findall(DOC.read_text()))
    real = sorted(
        (method, f"{PREFIX}{path}", scope_of(route).value)
        for method, path, route in routes()
    )
    assert said == real
