"""Invitations on paper: who may print them, what is on them, and that they fit."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, sync_playwright
from sqlmodel import Session, select

from tests.browser import launch_options
from tests.builders import Couple
from tests.integration.activation.conftest import make_home
from tests.integration.auth.conftest import (  # noqa: F401  # fixtures
    House,
    _quick_hashes,
    anna,
    browser,
    house,
)
from wedding_wa.api import print_sheet
from wedding_wa.models import Wedding

_ASSETS = Path(__file__).parents[3] / "assets"
_WIDE = "Famiglia Montefeltro-Acquaviva d’Aragona e Della Rovere con bambini"
_OVERFLOWING = """[...document.querySelectorAll('.card')].flatMap(card => {
  const box = card.getBoundingClientRect();
  const inside = [...card.querySelectorAll('p, img')];
  return inside.filter(one => {
    const its = one.getBoundingClientRect();
    if (!its.width) return false;
    return its.right > box.right - 11 || its.bottom > box.bottom - 11
      || its.left < box.left + 11 || its.top < box.top + 11;
  }).map(one => one.textContent);
})"""


def _printed(path: Path, paper: str) -> tuple[int, list[str]]:
    """How many pages Chromium makes of it, and what leaves its card."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        page = browser.new_page()
        page.route("**/*", lambda route: _serve(route, path))
        page.goto("http://cards.test/")
        page.emulate_media(media="print")
        page.evaluate("document.fonts.ready")
        overflowing = page.evaluate(_OVERFLOWING)
        pdf = page.pdf(format=paper)
        browser.close()
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf)), overflowing


def _serve(route: Route, path: Path) -> None:
    """The page itself, and the fonts and script that belong to it."""
    asked = route.request.url.removeprefix("http://cards.test/")
    route.fulfill(path=_ASSETS / asked if asked else path)


def _homes(
    house: House,  # noqa: F811
    n: int,
    name: str = "Famiglia {i:03}",
    groom: str = "Marco",
) -> list[int]:
    """Households in every guest language, by name in the order made."""

    def couple(session: Session) -> int:
        wedding = session.exec(select(Wedding)).one()
        wedding.place = "Villa Cimbrone, Via Santa Chiara 26, Ravello, Costa d’Amalfi"
        wedding.groom_name = groom
        session.add(wedding)
        return wedding.id or 0

    ours = Couple(house.db.write_now(couple), 0, 0)
    tongues = ("en", "it", "fr", "pt", "es", "de")
    return [
        make_home(house.db, ours, name.format(i=i), language=tongues[i % 6])
        for i in range(n)
    ]


async def test_nobody_unknown_prints(house: House, browser: httpx.AsyncClient) -> None:  # noqa: F811
    """The cards hold every household's secret."""
    house.owner()
    _homes(house, 1)
    answer = await browser.get("/guests/print")
    assert answer.status_code in (303, 307, 401)
    assert "Famiglia" not in answer.text


async def test_cards_speak_the_households_language(
    house: House,  # noqa: F811
    anna: httpx.AsyncClient,  # noqa: F811
) -> None:
    """The reader's English does not rub off on a German card."""
    _homes(house, 6)
    page = (await anna.get("/guests/print")).text
    for lang, said in (("de", "Für Famiglia 005"), ("it", "Per Famiglia 001")):
        assert re.search(rf'lang="{lang}"[^§]*?{said}', page)
    assert "Anna &amp; Marco" in page
    assert "6 cards" in page


async def test_filters_choose_the_cards(
    house: House,  # noqa: F811
    anna: httpx.AsyncClient,  # noqa: F811
) -> None:
    """The same words as on the page; nothing found says so, nonsense is no fault."""
    first, *_ = _homes(house, 3)
    found = (await anna.get("/guests/print?q=famiglia+001&stage=not_invited")).text
    assert re.findall(r"Famiglia \d+", found) == ["Famiglia 001"]
    assert (await anna.get("/guests/print?stage=active")).status_code == 404
    assert (await anna.get("/guests/print?household=99999")).status_code == 404
    assert (await anna.get("/guests/print?household=x&part=-1")).status_code == 404
    single = await anna.get(f"/guests/print?household={first}")
    assert single.text.count("<article") == 1
    assert single.headers["cache-control"] == "no-store"


async def test_a_name_is_text_not_markup(
    house: House,  # noqa: F811
    anna: httpx.AsyncClient,  # noqa: F811
) -> None:
    """Whatever a household is called."""
    _homes(house, 1, "<script>alert(1)</script> & Söhne")
    page = (await anna.get("/guests/print")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in page


async def test_many_cards_come_in_parts(
    house: House,  # noqa: F811
    anna: httpx.AsyncClient,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every household on exactly one part; a part that is not there is the last."""
    monkeypatch.setattr(print_sheet, "PER_PART", 16)
    _homes(house, 35)
    names = []
    for part in (1, 2, 3):
        page = (await anna.get(f"/guests/print?part={part}")).text
        names += re.findall(r'class="for ">\w+ (Famiglia \d+)', page)
    assert names == [f"Famiglia {i:03}" for i in range(35)]
    last = (await anna.get("/guests/print?part=9")).text
    assert last.count("<article") == 3


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize(
    ("name", "groom"),
    [
        ("Famiglia {i:03}", "Marco"),
        (_WIDE + " {i:03}", "Massimiliano"),
        (_WIDE + " {i:03}", "Giovanni Battista Maria Antonio"),
    ],
)
async def test_eight_cards_fit_a_sheet_whatever_the_paper(
    house: House,  # noqa: F811
    anna: httpx.AsyncClient,  # noqa: F811
    paper: str,
    name: str,
    groom: str,
    tmp_path: Path,
) -> None:
    """20 cards are three pages; nothing leaves its card, in any language."""
    _homes(house, 20, name, groom)
    path = tmp_path / "cards.html"
    path.write_text((await anna.get("/guests/print")).text, encoding="utf-8")
    pages, overflowing = await asyncio.to_thread(_printed, path, paper)
    assert pages == 3
    assert overflowing == []


async def test_a_single_card_is_one_page(
    house: House,  # noqa: F811
    anna: httpx.AsyncClient,  # noqa: F811
    tmp_path: Path,
) -> None:
    """As large as a postcard."""
    [home] = _homes(house, 1, _WIDE)
    path = tmp_path / "card.html"
    answer = await anna.get(f"/guests/print?household={home}")
    path.write_text(answer.text, encoding="utf-8")
    assert await asyncio.to_thread(_printed, path, "A4") == (1, [])
