"""Everything is closed but what is named: who gets in, and from which pages."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.types import Message, Scope

from tests.integration.auth.conftest import ORIGIN, House
from wedding_wa.api.deps import Caller, Needs
from wedding_wa.api.guard import guarding, is_public
from wedding_wa.api.headers import TrailingSlash
from wedding_wa.api.methods import UNKNOWN_ROUTE
from wedding_wa.services import apikeys, weddings
from wedding_wa.services.apikeys import Scope as Right

TOKEN = "/api/v1/token"
DESCRIBED = {"/api/openapi.json", "/api/docs", "/api/docs/docs.js"}
OPEN = {"/login", "/logout", "/setup", "/api/health", *DESCRIBED} | {
    TOKEN + end for end in ("", "/refresh", "/rotate", "/revoke")
}


def _routes(house: House) -> dict[str, object]:
    """Every route of the API by path, the catch-all and the pages' mount apart."""
    found = {}
    for context in iter_route_contexts(house.api.routes):
        route = context.original_route
        if isinstance(route, Mount) or getattr(route, "name", "") == UNKNOWN_ROUTE:
            continue
        found[str(context.path)] = route
    return found


# --- without a login -----------------------------------------------------------------


async def test_every_route_is_closed_unless_it_is_named_here(house: House) -> None:
    """A new route is closed by itself; opening one takes a line in two places."""
    house.owner()
    paths = _routes(house)
    assert set(paths) >= OPEN
    for path in paths:
        secret = path.startswith(("/api/webhooks/", "/i/"))  # signed, or unguessable
        assert is_public(path) == (path in OPEN or secret), path


def test_every_closed_api_route_asks_for_a_right(house: House) -> None:
    """A key with `read` must not be able to send: each route names its scope."""
    for path, route in _routes(house).items():
        if not path.startswith("/api/") or is_public(path):
            continue
        calls = [part.call for part in route.dependant.dependencies]  # type: ignore[attr-defined]
        assert any(hasattr(call, "scope") for call in calls), path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/queue",
        "/accounts",
        "/settings/limits",
        "/loginx",
        "/login/x",
        "/API/health",
        "//api/health",
        "/assets",
        "/assets/../queue",
        "/api/webhooks/../queue",
        "/robots.txt",
        "/index.html",
    ],
)
async def test_pages_lead_to_the_login(
    house: House, browser: httpx.AsyncClient, path: str
) -> None:
    """303 for whatever is not named open, also for tricks with the path."""
    house.owner()
    answer = await _raw(house, "GET", path)
    assert answer == 303 or (path.startswith("/api/") and answer in (401, 404))


async def _raw(house: House, method: str, path: str) -> int:
    """Ask for exactly this path: clients would tidy it."""
    sent: list[Message] = []
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000")],
        "server": ("localhost", 8000),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "root_path": "",
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await house.app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize(
    "path", ["/assets/app-x.js", "/fonts/inter.woff2", "/app.css", "/favicon.svg"]
)
async def test_what_the_login_page_needs_is_open(
    browser: httpx.AsyncClient, path: str
) -> None:
    """Files without secrets."""
    assert (await browser.get(path)).text == f"page {path}"


async def test_programs_are_told_in_json(house: House) -> None:
    """401 with a problem document, never a redirect to a page."""

    @house.api.get("/api/things")
    async def things() -> str:
        return "secret"

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    async with house.browser() as client:
        for headers in (
            {},
            {"Authorization": "Bearer wwa_00000000_no"},
            {"Authorization": "Bearer"},
            {"Authorization": "Basic YTpi"},
            {"Cookie": "wedding_wa=nobody"},
        ):
            answer = await client.get("/api/things", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            shown = "Bearer wwa_00000000_no" in headers.values()
            how = 'Bearer error="invalid_token"' if shown else "Bearer"
            assert answer.headers["www-authenticate"] == how
            assert answer.json()["code"] == "error.login_needed"
            assert "secret" not in answer.text
        assert (await client.get("/api/things/")).status_code == 401
        assert (await client.delete("/api/things")).status_code == 401


async def test_a_slash_is_no_way_round_the_guard(house: House) -> None:
    """Even if slashes are taken off only behind it."""

    @house.api.get("/api/things")
    async def things() -> str:
        return "secret"

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    other_order = guarding(house.api)(TrailingSlash(house.api))
    transport = httpx.ASGITransport(other_order)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/api/things/")).status_code == 401


async def test_a_right_is_refused_where_the_guard_is_missing(house: House) -> None:
    """A route that asks for a right lets nobody unknown in by itself."""

    @house.api.get("/api/things")
    async def things(caller: Annotated[Caller, Needs(Right.READ)]) -> int:
        return caller.wedding_id

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    transport = httpx.ASGITransport(house.api)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/api/things")).status_code == 401


@pytest.mark.parametrize(
    "path", ["/_event/", "/_event/?EIO=4&transport=polling", "/_upload"]
)
async def test_the_sockets_http_side_is_closed_too(
    browser: httpx.AsyncClient, path: str
) -> None:
    """Polling and uploads are no way round."""
    for method in ("GET", "POST"):
        answer = await browser.request(method, path)
        assert answer.status_code == 401


async def test_unknown_api_paths_say_so_to_everybody(
    house: House, browser: httpx.AsyncClient
) -> None:
    """404 JSON, with and without a slash, for every method."""
    house.owner()
    for path in ("/api", "/api/", "/api/nope", "/api/nope/", "/api/webhooks/nope"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = await browser.request(method, path)
            assert (path, answer.status_code) == (path, 404)
            assert answer.headers["content-type"] == "application/problem+json"
            body = answer.json()
            assert body["code"] == "error.no_such_path"
            assert body["detail"] == "There is no such path in the API."


async def test_a_slash_at_the_end_is_the_same(
    house: House, browser: httpx.AsyncClient
) -> None:
    """No redirect, which would lose a body."""
    house.owner()
    for path in ("/login", "/api/health"):
        plain, slashed = await browser.get(path), await browser.get(path + "/")
        assert plain.status_code == slashed.status_code == 200


# --- sockets -------------------------------------------------------------------------


async def _socket(house: House, **headers: str) -> list[str]:
    """Open the events' socket; return what came back."""
    sent: list[str] = []
    scope: Scope = {
        "type": "websocket",
        "path": "/_event/",
        "query_string": b"EIO=4&transport=websocket",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await house.app(scope, receive, send)
    return sent


async def test_a_socket_needs_a_login_and_our_page(
    house: House, anna: httpx.AsyncClient
) -> None:
    """Closed before it is accepted (a 403 on the wire) without either."""
    cookie = f"wedding_wa={anna.cookies['wedding_wa']}"
    accepted, refused = ["websocket.accept"], ["websocket.close"]
    assert await _socket(house, Cookie=cookie, Origin=ORIGIN) == accepted
    assert await _socket(house, Cookie=cookie) == accepted
    assert await _socket(house, Origin=ORIGIN) == refused
    assert await _socket(house, Cookie="wedding_wa=x", Origin=ORIGIN) == refused
    for origin in ("https://evil.example", "null", "http://localhost:9999"):
        assert await _socket(house, Cookie=cookie, Origin=origin) == refused
    await anna.post("/logout")
    assert await _socket(house, Cookie=cookie, Origin=ORIGIN) == refused


# --- with a login --------------------------------------------------------------------


async def test_a_foreign_page_cannot_use_the_login(anna: httpx.AsyncClient) -> None:
    """What changes something is refused from elsewhere, whatever cookie comes."""
    evil = {"Origin": "https://evil.example"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await anna.request(method, "/api/nope", headers=evil)
        assert answer.status_code == 403
        assert answer.json()["code"] == "error.foreign_origin"
        assert (await anna.request(method, "/api/nope")).status_code == 404
    assert (await anna.post("/queue", headers=evil)).status_code == 403
    assert (await anna.post("/logout", headers=evil)).status_code == 403
    assert (await anna.get("/queue", headers=evil)).status_code == 200


async def test_of_a_header_that_comes_twice_the_first_counts(
    anna: httpx.AsyncClient,
) -> None:
    """As whatever stands behind the guard reads it: nobody is judged by the one and
    served by the other."""
    own, evil = ("Origin", ORIGIN), ("Origin", "https://evil.example")
    for headers, status in (([own, evil], 404), ([evil, own], 403)):
        assert (await anna.post("/api/nope", headers=headers)).status_code == status


async def test_signed_requests_need_no_origin_and_no_login(
    house: House, browser: httpx.AsyncClient
) -> None:
    """WAHA is no browser: its webhooks reach the route that checks the signature."""

    @house.api.post("/api/webhooks/waha/{account}")
    async def heard(account: str) -> str:
        return account

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    del browser.headers["Origin"]
    assert (await browser.post("/api/webhooks/waha/groom")).json() == "groom"


async def test_a_key_may_do_what_its_scopes_say(house: House) -> None:
    """403 with the missing right; a key counts even beside somebody's cookie."""
    house.owner()

    @house.api.get("/api/things")
    async def things(caller: Annotated[Caller, Needs(Right.READ)]) -> int | None:
        return caller.key_id

    @house.api.post("/api/things")
    async def send(caller: Annotated[Caller, Needs(Right.SEND)]) -> int | None:
        return caller.user_id

    routes = house.api.router.routes
    routes[:0] = [routes.pop(), routes.pop()]
    key = _key(house, "read")
    async with house.browser(Authorization=f"Bearer {key}") as program:
        assert (await program.get("/api/things")).json() == 1
        refused = await program.post("/api/things")
        assert refused.status_code == 403
        assert refused.json()["code"] == "error.scope"
        assert '"send"' in refused.json()["detail"]
        # A key opens the API only, no page and no socket.
        assert (await program.get("/queue")).status_code == 303
    sender = {"Authorization": f"Bearer {_key(house, 'send')}"}
    async with house.browser(**sender) as program:
        assert (await program.post("/api/things")).status_code == 200
        assert (await program.get("/api/things")).status_code == 403


async def test_a_person_calls_the_api_with_their_login(
    house: House, anna: httpx.AsyncClient
) -> None:
    """The owner has every right; the guard hands on who it is."""

    @house.api.delete("/api/things")
    async def things(caller: Annotated[Caller, Needs(Right.ADMIN)]) -> int | None:
        return caller.user_id

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    assert (await anna.delete("/api/things")).json() == 1


def _key(house: House, *scopes: str) -> str:
    wedding = house.db.read_now(weddings.only_wedding)
    assert wedding is not None
    return house.db.write_now(
        apikeys.create_key,
        wedding_id=wedding,
        name="till",
        scopes=scopes,
        now=house.clock.now(),
    )
