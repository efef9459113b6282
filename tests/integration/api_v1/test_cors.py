"""Which websites may call from a browser: none, but those that are named."""

from __future__ import annotations

import httpx
import pytest
from starlette.types import Message, Scope

from tests.integration.api_v1.conftest import Place
from tests.integration.auth.conftest import ORIGIN, House, settings
from wedding_wa.api.guard import guarding
from wedding_wa.settings import Settings

SITE = "https://rossi-wedding.example"
FOREIGN = (
    "https://evil.example",
    "null",
    SITE + ":8443",
    "http" + SITE[5:],
    SITE + ".",
)
ASKING = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def open_to(place: Place) -> Place:
    """One website is named, beside another."""
    origins = f"https://planner.example, {SITE}/"
    place.house.runtime.settings = settings(api_cors_origins=origins)
    return place


def _cors(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control")}


async def test_it_is_closed_unless_it_is_set(place: Place) -> None:
    """No header for anybody, and a preflight is no way in."""
    async with place.program("read") as client:
        for origin in (SITE, ORIGIN, *FOREIGN):
            headers = {"Origin": origin}
            answer = await client.get("/opt-outs", headers=headers)
            assert not _cors(answer)
            del client.headers["Authorization"]
            asked = await client.options("/opt-outs", headers=headers | ASKING)
            assert asked.status_code in (200, 400)  # of Reflex, which allows nothing
            assert not _cors(asked)
            client.headers["Authorization"] = answer.request.headers["Authorization"]


async def test_a_named_website_may_ask_and_read(open_to: Place) -> None:
    """The preflight is answered to who shows no key; answers and refusals may be read,
    with the headers that programs need; nothing is allowed with a login."""
    async with open_to.program("read") as client:
        key = client.headers.pop("Authorization")
        asked = await client.options("/opt-outs", headers={"Origin": SITE} | ASKING)
        assert asked.status_code == 204
        assert asked.headers[ALLOWED] == SITE
        methods = asked.headers["access-control-allow-methods"]
        assert {"GET", "POST", "PATCH", "DELETE"} <= set(methods.split(", "))
        named = asked.headers["access-control-allow-headers"].lower()
        assert set(ASKING["Access-Control-Request-Headers"].split(",")) == set(
            named.split(", ")
        )
        for path, headers, status in (
            ("/opt-outs", {"Authorization": key}, 200),
            ("/opt-outs", {}, 401),
            ("/nothing", {"Authorization": key}, 404),
        ):
            answer = await client.get(path, headers={"Origin": SITE} | headers)
            assert answer.status_code == status
            assert answer.headers[ALLOWED] == SITE
            assert answer.headers["vary"] == "Origin"
            exposed = answer.headers["access-control-expose-headers"].split(", ")
            assert set(exposed) == {
                "RateLimit-Limit",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "Idempotency-Replayed",
                "Location",
                "Retry-After",
            }
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", FOREIGN)
async def test_others_may_not(open_to: Place, origin: str) -> None:
    """Exactly the names that are set; caches keep the answers apart."""
    async with open_to.program("read") as client:
        answer = await client.get("/opt-outs", headers={"Origin": origin})
        assert not _cors(answer)
        assert answer.headers["vary"] == "Origin"
        asked = await client.options("/opt-outs", headers={"Origin": origin} | ASKING)
        assert not _cors(asked)
        assert asked.status_code != 204


@pytest.mark.parametrize("path", ["/login", "/queue", "/setup", "/i/x", "/apix"])
async def test_only_the_api_is_open(open_to: Place, path: str) -> None:
    """No page, no form, no invitation."""
    async with open_to.house.browser(Origin=SITE) as client:
        assert ALLOWED not in (await client.get(path)).headers
        assert ALLOWED not in (await client.options(path, headers=ASKING)).headers


async def test_a_login_is_worth_nothing_there(open_to: Place) -> None:
    """A named website that sends somebody's cookie changes nothing with it."""
    async with open_to.house.browser(Origin=SITE) as client:
        client.cookies.set("wedding_wa", "anything")
        answer = await client.post("/api/v1/opt-outs/1/undo")
        assert (answer.status_code, answer.json()["code"]) == (
            403,
            "error.foreign_origin",
        )


# --- the feed's socket ---------------------------------------------------------------


async def _socket(house: House, path: str, origin: str | None) -> bool:
    """True where what is behind the guard is reached."""
    reached = []

    async def behind(scope: Scope, receive: object, send: object) -> None:
        reached.append(scope["path"])

    scope: Scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "headers": [(b"origin", origin.encode())] if origin else [],
    }

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        assert message["type"] == "websocket.close"

    await guarding(house.api)(behind)(scope, receive, send)
    return bool(reached)


@pytest.mark.parametrize("path", ["/ws/whatsapp", "/ws/whatsapp/"])
async def test_the_feed_asks_itself_who_it_is(open_to: Place, path: str) -> None:
    """So that it can tell a program, and a page of a foreign website, why not; no
    other socket is open."""
    for origin in (None, ORIGIN, SITE, *FOREIGN):
        assert await _socket(open_to.house, path, origin)
    for other in ("/_event", "/ws", "/ws/whatsapp/x", "/ws/whatsappx"):
        assert not await _socket(open_to.house, other, None)
        for origin in (SITE, *FOREIGN):
            assert not await _socket(open_to.house, other, origin)


# --- the setting ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "rossi.example",
        "https://a.example/path",
        "ftp://a.example",
        "https://",
        "https://u@a.example",
        "https://a.example?x",
        "https://a.example, *",
    ],
)
def test_only_exact_origins_can_be_set(wrong: str) -> None:
    """A pattern or a path would be understood by nobody; the start says so."""
    with pytest.raises(ValueError, match="exact origins"):
        settings(api_cors_origins=wrong)


def test_origins_are_read_as_browsers_send_them() -> None:
    """Small letters, no slash at the end; an empty setting is none."""
    made = settings(api_cors_origins=" HTTPS://A.example/ ,http://localhost:5173,")
    assert made.api_origins == ["https://a.example", "http://localhost:5173"]
    assert Settings(_env_file=None).api_origins == []  # type: ignore[call-arg]
