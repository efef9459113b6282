"""The one-time link: it makes the wedding and its first owner, once."""

from __future__ import annotations

import asyncio
import re
from datetime import date

import httpx
import pytest
from sqlmodel import select

from tests.integration.auth.conftest import EMAIL, PASSWORD, House, log_in
from wedding_wa.api import setup
from wedding_wa.models import User, Wedding
from wedding_wa.services import weddings

FORM = {
    "groom_name": "Marco",
    "bride_name": "Anna",
    "day": "2027-06-19",
    "default_country": "IT",
    "time_zone": "Europe/Rome",
    "email": EMAIL,
    "password": PASSWORD,
    "password_again": PASSWORD,
}


@pytest.fixture
def link(house: House) -> str:
    """The path that the terminal shows."""
    return weddings.setup_path(house.runtime.sealer)


async def test_the_link_makes_the_wedding_and_logs_in(
    house: House, browser: httpx.AsyncClient, link: str
) -> None:
    """One form, then the accounts page, already logged in."""
    page = await browser.get(link)
    assert page.status_code == 200
    action = re.search(r'action="([^"]*)"', page.text)
    assert action is not None
    assert action[1] == link
    answer = await browser.post(action[1], data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts")
    assert (await browser.get("/accounts")).text == "page /accounts"
    wedding = house.db.read_now(lambda s: s.exec(select(Wedding)).one())
    assert (wedding.groom_name, wedding.bride_name) == ("Marco", "Anna")
    assert (wedding.day, wedding.default_country) == (date(2027, 6, 19), "IT")
    async with house.browser() as other:
        assert (await log_in(other)).status_code == 303


async def test_the_link_works_once(
    house: House, browser: httpx.AsyncClient, link: str
) -> None:
    """Whoever finds it later is shown to the login, and can make nothing."""
    await browser.post(link, data=FORM)
    async with house.browser() as later:
        assert (await later.get(link)).status_code == 410
        second = FORM | {"email": "thief@example.org"}
        answer = await later.post(link, data=second)
        assert answer.status_code == 410
        assert 'href="/login"' in answer.text
        assert (await later.get("/queue")).status_code == 303
    emails = house.db.read_now(lambda s: list(s.exec(select(User.email))))
    assert emails == [EMAIL]


async def test_two_who_post_at_once_make_one_wedding(
    house: House, browser: httpx.AsyncClient, link: str
) -> None:
    """The second one is refused, by the database's word."""
    forms = [FORM | {"email": f"{n}@example.org"} for n in range(3)]
    answers = await asyncio.gather(*[browser.post(link, data=f) for f in forms])
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410]


@pytest.mark.parametrize("token", ["", "x", "0" * 40, "é"])
async def test_without_the_secret_there_is_no_setup(
    house: House, browser: httpx.AsyncClient, token: str
) -> None:
    """Neither to be seen nor to be posted; the page does not help guessing."""
    for answer in (
        await browser.get("/setup", params={"token": token}),
        await browser.post("/setup", params={"token": token}, data=FORM),
    ):
        assert answer.status_code == 403
        assert "<form" not in answer.text
        assert house.runtime.sealer.token("setup") not in answer.text
    assert not house.db.read_now(weddings.first_owner_exists)


async def test_the_secret_is_compared_in_constant_time(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through hmac.compare_digest: how far a guess is right cannot be timed."""
    compared: list[bytes] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append(given)
        assert right != given
        return False

    monkeypatch.setattr(setup.hmac, "compare_digest", compare)
    assert (await browser.get("/setup?token=guess")).status_code == 403
    assert compared == [b"guess"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("groom_name", " ", "Please write the name."),
        ("bride_name", "x" * 61, "of 60 characters at most"),
        ("day", "19 June", "This is not a date."),
        ("default_country", "XX", "Please choose a country from the list."),
        ("time_zone", "Mars/Base", "Please choose a time zone from the list."),
        ("email", "anna", "This is not an e-mail address."),
        ("password", "short", "of 10 characters at least"),
        ("password_again", "something else", "not the same password"),
    ],
)
async def test_a_wrong_field_is_told_beside_it(
    house: House,
    browser: httpx.AsyncClient,
    link: str,
    field: str,
    value: str,
    sentence: str,
) -> None:
    """With what was typed kept, but for the passwords; nothing is made."""
    answer = await browser.post(link, data=FORM | {field: value})
    assert answer.status_code == 422
    beside = re.search(rf'id="{field}-error">([^<]*)<', answer.text)
    assert beside is not None
    assert sentence in beside[1]
    control = re.search(rf'<(?:input|select)[^>]*name="{field}"[^>]*>', answer.text)
    assert control is not None
    assert 'aria-invalid="true"' in control[0]
    assert f"{field}-error" in control[0]
    kept = {"groom_name", "bride_name", "day", "email"} - {field}
    for name in kept:
        assert f'value="{FORM[name]}"' in answer.text
    assert (
        '<option value="Europe/Rome" selected>' in answer.text or field == "time_zone"
    )
    assert PASSWORD not in answer.text
    assert not house.db.read_now(weddings.first_owner_exists)


async def test_all_wrong_fields_are_told_together(
    browser: httpx.AsyncClient, link: str
) -> None:
    """An empty form names every field that is needed, the day is not."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.post(link, headers=form)
    wrong = set(re.findall(r'id="(\w+)-error"', answer.text))
    assert wrong == set(FORM) - {"day", "password_again"}


async def test_names_are_text_wherever_they_are_shown(
    house: House, browser: httpx.AsyncClient, link: str
) -> None:
    """Markup in a name is kept as it is and shown as characters."""
    odd = '<img src=x onerror="alert(1)">{lang}'
    again = await browser.post(link, data=FORM | {"groom_name": odd, "email": ""})
    assert "<img" not in again.text
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;{lang}" in again.text
    assert (await browser.post(link, data=FORM | {"groom_name": odd})).is_redirect
    stored = house.db.read_now(lambda s: s.exec(select(Wedding.groom_name)).one())
    assert stored == odd


@pytest.mark.parametrize(
    ("asked", "country", "zone"),
    [
        ("it-IT,it", "IT", "Europe/Rome"),
        ("en-GB", "GB", "Europe/London"),
        ("en-US,en", "US", "America/New_York"),
    ],
)
async def test_country_and_zone_are_guessed(
    browser: httpx.AsyncClient, link: str, asked: str, country: str, zone: str
) -> None:
    """From the region that the browser names."""
    page = await browser.get(link, headers={"Accept-Language": asked})
    assert f'<option value="{country}" selected>' in page.text
    assert f'<option value="{zone}" selected>' in page.text


async def test_the_language_of_the_setup_becomes_the_owners(
    house: House, browser: httpx.AsyncClient, link: str
) -> None:
    """Who sets up in Italian reads Italian afterwards; the switch keeps the token."""
    page = await browser.get(link)
    other = re.search(r'href="(/setup\?[^"]*lang=it)"', page.text)
    assert other is not None
    italian = await browser.get(other[1].replace("&amp;", "&"))
    assert "<h1>Si comincia</h1>" in italian.text
    assert "Germania (+49)" in italian.text
    await browser.post(link, data=FORM)
    assert house.db.read_now(lambda s: s.exec(select(User.language)).one()) == "it"
    assert browser.cookies["lang"] == "it"


async def test_a_foreign_page_cannot_post_the_setup(house: House, link: str) -> None:
    """Even if it knew the link."""
    async with house.browser(Origin="https://evil.example") as evil:
        assert (await evil.post(link, data=FORM)).status_code == 403
    assert not house.db.read_now(weddings.first_owner_exists)
