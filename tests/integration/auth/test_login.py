"""Logging in and out over HTTP."""

from __future__ import annotations

import re

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.auth.conftest import (
    EMAIL,
    ORIGIN,
    PASSWORD,
    House,
    log_in,
    settings,
)
from wedding_wa.domain.errors import BadInput
from wedding_wa.models import User
from wedding_wa.services import users


async def test_the_right_password_opens_the_app(
    house: House, browser: httpx.AsyncClient
) -> None:
    """303 to the start page, with a cookie that no script can read."""
    house.owner()
    answer = await log_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert re.match(r"wedding_wa=[\w-]{43};", cookie)
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= flags
    assert "secure" not in flags
    assert (await browser.get("/queue")).text == "page /queue"


async def test_behind_https_the_cookie_is_secure(
    house: House, browser: httpx.AsyncClient
) -> None:
    """A public address with https keeps the cookie off plain lines."""
    house.owner()
    house.runtime.settings = settings(public_url="https://wedding.example")
    answer = await browser.post(
        "/login",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"Origin": "https://wedding.example"},
    )
    assert answer.status_code == 303
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_wrong_password_keeps_the_address_only(
    house: House, browser: httpx.AsyncClient
) -> None:
    """The same sentence for a wrong password and an unknown address; no cookie."""
    house.owner()
    for email in (EMAIL, "nobody@example.org"):
        answer = await log_in(browser, "wrong wrong wrong", email)
        assert answer.status_code == 401
        assert "The e-mail address or the password is not right." in answer.text
        assert f'value="{email}"' in answer.text
        assert "wrong wrong wrong" not in answer.text
        assert "set-cookie" not in answer.headers


async def test_locked_out_is_told_with_its_time(
    house: House, browser: httpx.AsyncClient
) -> None:
    """After five the sentence says how long; then the login works again."""
    house.owner()
    for _ in range(4):
        assert (await log_in(browser, "wrong wrong wrong")).status_code == 401
    assert (await log_in(browser, "wrong wrong wrong")).status_code == 429
    told = await log_in(browser)
    assert told.status_code == 429
    assert "Please try again in a minute." in told.text
    house.clock.advance(60)
    assert (await log_in(browser)).status_code == 303


async def test_one_address_cannot_try_many_people(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Twenty failures from one network address, whatever names were tried."""
    house.owner()
    for number in range(20):
        await log_in(browser, "wrong wrong wrong", f"{number}@example.org")
    answer = await log_in(browser)
    assert answer.status_code == 429
    assert "Too many tries from here." in answer.text


async def test_the_wish_is_kept_unless_it_leads_away(
    house: House, browser: httpx.AsyncClient
) -> None:
    """From a page to the login and back to it; never to another site."""
    house.owner()
    answer = await browser.get("/queue?state=failed&page=2")
    assert answer.status_code == 303
    form = await browser.get(answer.headers["location"])
    wish = re.search(r'name="next" value="([^"]*)"', form.text)
    assert wish is not None
    data = {"email": EMAIL, "password": PASSWORD}
    there = await browser.post(
        "/login", data=data | {"next": wish[1].replace("&amp;", "&")}
    )
    assert there.headers["location"] == "/queue?state=failed&page=2"
    away = await browser.post("/login", data=data | {"next": "//evil.example"})
    assert away.headers["location"] == "/"
    known = await browser.get("/login", params={"next": "https://evil.example"})
    assert (known.status_code, known.headers["location"]) == (303, "/")


async def test_logging_out_ends_it_on_the_server(
    house: House, anna: httpx.AsyncClient
) -> None:
    """The cookie goes, and a copy of it opens nothing any more."""
    copy = anna.cookies["wedding_wa"]
    asked = await anna.get("/logout")
    assert asked.status_code == 200
    assert (await anna.get("/queue")).status_code == 200
    answer = await anna.post("/logout")
    assert answer.headers["location"] == "/login"
    assert "wedding_wa" not in anna.cookies
    async with house.browser(Cookie=f"wedding_wa={copy}") as thief:
        assert (await thief.get("/queue")).status_code == 303


async def test_a_login_ends_when_it_is_old(
    house: House, anna: httpx.AsyncClient
) -> None:
    """After `login_days` the next page asks for the password."""
    house.clock.advance(30 * 86_400 - 1)
    assert (await anna.get("/queue")).status_code == 200
    house.clock.advance(1)
    assert (await anna.get("/queue")).status_code == 303


async def test_a_new_password_ends_the_other_browsers(
    house: House, anna: httpx.AsyncClient
) -> None:
    """At the next request, not at some later one."""
    assert (await anna.get("/queue")).status_code == 200
    await house.db.write(
        users.set_password, EMAIL, "another password", now=house.clock.now()
    )
    assert (await anna.get("/queue")).status_code == 303


async def test_logging_in_again_ends_the_browsers_old_session(
    house: House, anna: httpx.AsyncClient
) -> None:
    """A new secret each time; the old one is worth nothing."""
    old = anna.cookies["wedding_wa"]
    await log_in(anna)
    assert anna.cookies["wedding_wa"] != old
    async with house.browser(Cookie=f"wedding_wa={old}") as other:
        assert (await other.get("/queue")).status_code == 303


async def test_before_setup_the_login_points_to_the_terminal(
    house: House, browser: httpx.AsyncClient
) -> None:
    """It says where the one-time link is, and never shows it."""
    answer = await browser.get("/login")
    assert "one-time link" in answer.text
    assert "<form" not in answer.text
    assert "token" not in answer.text
    assert house.runtime.sealer.token("setup") not in answer.text


async def test_the_login_speaks_the_readers_language(
    house: House, browser: httpx.AsyncClient
) -> None:
    """The browser's, until one is chosen; the choice stays and keeps the address."""
    house.owner()
    italian = {"Accept-Language": "it-IT,it;q=0.9,en;q=0.5"}
    assert ">Entra</button>" in (await browser.get("/login", headers=italian)).text
    page = await browser.get("/login?next=/queue")
    assert ">Log in</button>" in page.text
    assert 'href="/login?next=%2Fqueue&amp;lang=it"' in page.text
    chosen = await browser.get("/login?next=/queue&lang=it")
    assert '<html lang="it">' in chosen.text
    assert ">Entra</button>" in (await browser.get("/login")).text
    odd = await browser.get("/login?lang=xx")
    assert "set-cookie" not in odd.headers


async def test_the_persons_language_comes_with_the_login(
    house: House, browser: httpx.AsyncClient
) -> None:
    """What somebody chose on another device holds on this one too."""
    owner = house.owner()
    await house.db.write(users.set_language, owner, "it")
    await log_in(browser)
    assert browser.cookies["lang"] == "it"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 16_385, "application/x-www-form-urlencoded", 413),
        (b"email=a", "application/json", 415),
        (b"email=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 60, "application/x-www-form-urlencoded", 400),
        ("email=é".encode(), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_login_form_is_refused(
    house: House, browser: httpx.AsyncClient, body: bytes, kind: str, status: int
) -> None:
    """Without reading on for ever, and in words."""
    house.owner()
    answer = await browser.post("/login", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert "<h1>That did not work</h1>" in answer.text


async def test_what_was_typed_is_text(house: House, browser: httpx.AsyncClient) -> None:
    """Markup in a field comes back as characters, not as markup."""
    house.owner()
    odd = '"><script>alert(1)</script>{0.__class__}'
    answer = await log_in(browser, "wrong wrong wrong", odd)
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{0.__class__}" in answer.text


async def test_the_pages_load_nothing_from_elsewhere(
    house: House, browser: httpx.AsyncClient
) -> None:
    """No script, no address outside; the strict headers are there; nothing is kept."""
    house.owner()
    answer = await browser.get("/login")
    assert "<script" not in answer.text
    assert not re.search(r'(?:src|href|url\()="?(?:https?:)?//', answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) < 30_000


async def test_the_simulator_is_marked(
    house: House, browser: httpx.AsyncClient
) -> None:
    """As on every page; with a real WAHA the mark is gone."""
    house.owner()
    assert 'class="ribbon"' in (await browser.get("/login")).text
    house.runtime.settings = settings(
        waha_url_groom="http://waha:3000", waha_api_key_groom=SecretStr("k")
    )
    assert 'class="ribbon"' not in (await browser.get("/login")).text


async def test_no_origin_is_a_program_a_foreign_one_is_refused(
    house: House,
) -> None:
    """curl may log in; a page of another site cannot make a browser do it."""
    house.owner()
    data = {"email": EMAIL, "password": PASSWORD}
    for origin, status in (
        (ORIGIN, 303),
        ("http://127.0.0.1:8000", 303),
        ("http://localhost:8001", 403),
        ("https://evil.example", 403),
        ("null", 403),
    ):
        async with house.browser(Origin=origin) as client:
            answer = await client.post("/login", data=data)
            assert (origin, answer.status_code) == (origin, status)
    async with house.browser() as client:
        del client.headers["Origin"]
        assert (await client.post("/login", data=data)).status_code == 303
        cross = {"Sec-Fetch-Site": "cross-site"}
        answer = await client.post("/login", data=data, headers=cross)
        assert answer.status_code == 403
        assert "PUBLIC_URL" in answer.text


def test_a_language_that_nobody_speaks_is_not_remembered(house: House) -> None:
    """The choice comes from a browser: it is checked."""
    owner = house.owner()
    with pytest.raises(BadInput):
        house.db.write_now(users.set_language, owner, "xx")
    assert house.db.read_now(lambda s: s.get_one(User, owner).language) == "en"
