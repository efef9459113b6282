"""GET /i/{token}: what a guest gets, in plain HTML."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import httpx
import pytest
from sqlmodel import Session

from tests.integration.invitation.conftest import Letter
from wedding_wa.domain.invitation import GUEST_LANGUAGES, TEXTS
from wedding_wa.models import Invitation
from wedding_wa.words.invitation import default_texts, guest_say

LIGHT = 30_000
UNKNOWN = "/i/nobody-0123456789abcdef"


def meta(html: str, name: str) -> str:
    """The content of a meta tag; fails unless there is exactly one."""
    found = re.findall(rf'<meta (?:property|name)="{name}" content="([^"]*)">', html)
    assert len(found) == 1, name
    return unescape(found[0])


async def test_plain_light_and_from_us_alone(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """Under 30 kB, no script, no cookie, no address elsewhere but wa.me, not listed."""
    answer = await browser.get(letter.path)
    assert answer.status_code == 200
    assert len(answer.content) < LIGHT
    assert "<script" not in answer.text
    assert "javascript:" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)
    assert "set-cookie" not in answer.headers
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    linked = re.findall(r'(?:href|src)="(https?:[^"]*)"', answer.text)
    assert [address.split("?")[0] for address in linked] == [
        "https://wa.me/393470000001"
    ]


async def test_longest_texts_stay_light(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """Also with every text as long as it may be, in letters of two bytes."""

    def write(session: Session) -> None:
        wedding_id = letter.row().wedding_id
        texts = {name: "ü" * (n - 6) + "{code}" for name, n in TEXTS.items()}
        row = Invitation(
            wedding_id=wedding_id,
            language="en",
            texts=texts,
            updated_at=letter.house.clock.now(),
        )
        session.add(row)

    letter.house.db.write_now(write)
    assert len((await browser.get(letter.path)).content) < LIGHT


async def test_button_is_exact(letter: Letter, browser: httpx.AsyncClient) -> None:
    """The side's own number, and the greeting with the household's code."""
    html = (await browser.get(letter.path)).text
    greeting = "Hello Anna & Marco, this is Famiglia Rossi. (Invitation K7M2P)"
    link = f"https://wa.me/393470000001?text={quote(greeting, safe='')}"
    assert f'href="{link}"' in html
    assert ">Contact us on WhatsApp</a>" in html


@pytest.mark.parametrize("language", GUEST_LANGUAGES)
async def test_every_language(
    letter: Letter, browser: httpx.AsyncClient, language: str
) -> None:
    """All words are in the household's language, whatever the browser speaks."""
    letter.change(language=language)
    html = unescape((await browser.get(letter.path)).text)
    texts = default_texts(language)
    assert f'<html lang="{language}"' in html
    for name in ("headline", "front", "button", "description"):
        assert texts[name] in html
    assert guest_say(language, "turn") in html
    assert meta(html, "og:locale") == guest_say(language, "locale")
    assert "{" not in html.partition("<body>")[2]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Saturday", "19 June 2027")),
        ("it", ("sabato", "19 giugno 2027")),
        ("fr", ("samedi", "19 juin 2027")),
        ("pt", ("sábado", "19 de junho de 2027")),
        ("es", ("sábado", "19 de junio de 2027")),
        ("de", ("Samstag", "19. Juni 2027")),
    ],
)
async def test_date_reads_as_there(
    letter: Letter, browser: httpx.AsyncClient, language: str, said: tuple[str, str]
) -> None:
    """The day as a card of that language writes it."""
    letter.change(language=language)
    html = (await browser.get(letter.path)).text
    assert f'<p class="weekday">{said[0]}</p>' in html
    assert f'<p class="day">{said[1]}</p>' in html


async def test_forwarded_link_looks_like_an_invitation(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """Open Graph: title, day and place, absolute addresses; without a cover a drawn
    card that is really there."""
    html = (await browser.get(letter.path)).text
    assert meta(html, "og:title") == "The wedding of Anna & Marco"
    assert "19 June 2027 · Villa Cimbrone, Ravello" in meta(html, "og:description")
    assert meta(html, "og:url") == f"http://localhost:8000{letter.path}"
    assert meta(html, "og:image") == f"http://localhost:8000{letter.path}/card.png"
    card = await browser.get(f"{letter.path}/card.png")
    assert card.headers["content-type"] == "image/png"
    assert card.content.startswith(b"\x89PNG")
    assert len(card.content) < 100_000


async def test_hostile_names_are_only_names(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """Markup, quotes and placeholders in a name are shown, never obeyed."""
    letter.change(name='<img src=x onerror=alert(1)> "{code}" {couple}')
    html = (await browser.get(letter.path)).text
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt; &#34;{code}&#34; {couple}" in html


async def test_number_that_is_not_linked(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """A kind sentence in place of the button; never silently the other number."""
    letter.account("groom", phone=None)
    html = unescape((await browser.get(letter.path)).text)
    assert guest_say("en", "not_ready") in html
    assert "wa.me" not in html


async def test_side_without_an_account(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """Where the side has no number at all the page says so."""
    letter.account("groom", phone=None, waha_url="")
    html = unescape((await browser.get(letter.path)).text)
    assert guest_say("en", "not_set_up") in html
    assert "wa.me" not in html


async def test_nothing_is_known_yet(letter: Letter, browser: httpx.AsyncClient) -> None:
    """Without day and place the card has no empty lines for them."""

    def write(session: Session) -> None:
        from sqlmodel import select

        from wedding_wa.models import Wedding

        wedding = session.exec(select(Wedding)).one()
        wedding.day, wedding.place = None, ""
        session.add(wedding)

    letter.house.db.write_now(write)
    html = (await browser.get(letter.path)).text
    assert 'class="day"' not in html
    assert 'class="place"' not in html
    assert meta(html, "og:description") == default_texts("en")["description"]


@pytest.mark.parametrize(
    "path", [UNKNOWN, "/i/short", "/i/%2e%2e%2fsecret", "/i/a%00b"]
)
async def test_unknown_link(
    letter: Letter, browser: httpx.AsyncClient, path: str
) -> None:
    """A gentle page in the browser's language; nothing about any wedding."""
    answer = await browser.get(path, headers={"Accept-Language": "pt-BR,pt;q=0.9"})
    if path == "/i/%2e%2e%2fsecret":  # not even a path of the invitation
        assert "Anna" not in answer.text
        return
    assert answer.status_code == 404
    assert guest_say("pt", "unknown_title") in unescape(answer.text)
    assert "Anna" not in answer.text


async def test_guessing_is_slowed_and_guests_are_not(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """An address that tries out links is told to wait; the right link still opens."""
    answers = [await browser.get(UNKNOWN) for _ in range(25)]
    assert {answer.status_code for answer in answers} == {404, 429}
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await browser.get(letter.path)).status_code == 200


async def test_slash_at_the_end(letter: Letter, browser: httpx.AsyncClient) -> None:
    """A link that somebody's app has given a slash opens all the same."""
    assert (await browser.get(f"{letter.path}/")).status_code == 200
