"""The API describes itself: a document for machines, a page for people, no CDN."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.integration.auth.conftest import House
from wedding_wa.api.openapi import document, operations


async def test_the_document_is_there_for_everybody(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Without a key, before the wedding is set up; it is what the app is."""
    answer = await browser.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document(house.api)


async def test_the_page_shows_every_route(
    house: House, browser: httpx.AsyncClient
) -> None:
    """With its right, its fields, an example and a call to copy; each has an anchor."""
    page = (await browser.get("/api/docs/")).text
    for _, path, operation in operations(document(house.api)):
        (shown,) = re.findall(
            rf'<details class="route" id="{operation["operationId"]}">(.*?)</details>',
            page,
            re.DOTALL,
        )
        assert f'<span class="path">{path}</span>' in shown
        assert f"<b>{operation.get('x-scope', 'open to everybody')}</b>" in shown
        assert "curl" in shown


async def test_the_page_begins_with_how_to_get_in_and_to_follow(
    browser: httpx.AsyncClient, house: House
) -> None:
    """What it is, the header, the feed and asking again, before any list: on a phone,
    too, that is what one sees first."""
    page = (await browser.get("/api/docs")).text
    first = page[: page.index("<nav")]
    for said in ("<h1>", "Authorization", "/ws/whatsapp", "Idempotency-Key"):
        assert said in first, said


async def test_the_page_needs_nothing_from_elsewhere(
    house: House, browser: httpx.AsyncClient
) -> None:
    """No inline script, no address outside the app; the policy of all pages holds."""
    answer = await browser.get("/api/docs")
    loaded = re.findall(r'(?:src|href)="([^"#?][^"]*)"', answer.text)
    assert loaded
    assert [one for one in loaded if not one.startswith("/")] == []
    assert re.findall(r"<script(?![^>]*src=)", answer.text) == []
    assert re.findall(r'\son\w+="', answer.text) == []
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    script = await browser.get("/api/docs/docs.js")
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "for programs"), ("it", "programmi")]
)
async def test_the_page_speaks_the_readers_language(
    house: House, browser: httpx.AsyncClient, lang: str, title: str
) -> None:
    """Its own words; what routes say of themselves is in English."""
    page = await browser.get("/api/docs", params={"lang": lang})
    assert f'<html lang="{lang}">' in page.text
    assert title in page.text
    assert f"lang={lang}" in page.headers["set-cookie"]


async def test_an_address_names_the_methods_it_takes(
    house: House, anna: httpx.AsyncClient
) -> None:
    """405 with `Allow`; an address that is written out is no id of the one beside it,
    and what no route has is 404."""
    for method, path, allow in (
        ("PUT", "/api/v1/guests", "GET, POST"),
        ("QUERY", "/api/v1/guests", "GET, POST"),
        ("GET", "/api/v1/guests/merge", "POST"),
        ("DELETE", "/api/v1/guests/merge", "POST"),
        ("OPTIONS", "/api/v1/guests/7", "DELETE, GET, PATCH"),
    ):
        answer = await anna.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)
        assert answer.json()["code"] == "error.method"
    assert (await anna.put("/api/v1/nothing")).status_code == 404


async def test_a_body_that_says_it_is_too_long_is_not_read(
    house: House, anna: httpx.AsyncClient
) -> None:
    """413 by its Content-Length alone."""
    read = False

    async def body() -> object:
        nonlocal read
        read = True
        yield b"{}"

    answer = await anna.post(
        "/api/v1/guests",
        content=body(),
        headers={"Content-Type": "application/json", "Content-Length": "100001"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "error.too_large")
    assert not read
