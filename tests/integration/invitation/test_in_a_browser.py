"""The letter in a real Chromium without JavaScript, as an old phone shows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser import launch_options
from tests.integration.invitation.conftest import Letter

pytestmark = pytest.mark.browser

_FONTS = Path(__file__).parents[3] / "assets" / "fonts"


@pytest.fixture
def address(letter: Letter) -> Iterator[str]:
    """Where the letter is served for a browser."""
    config = uvicorn.Config(letter.house.app, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}{letter.path}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        yield made
        made.close()


def _font(route: Route) -> None:
    """The pages behind our routes serve the fonts; here nobody else does."""
    route.fulfill(path=_FONTS / route.request.url.rpartition("/")[2])


def _opened(browser: Browser, address: str, **options: object) -> Page:
    context = browser.new_context(viewport={"width": 360, "height": 740}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.route("**/fonts/*", _font)
    page.goto(address)
    return page


def test_turned_by_keyboard_without_script(chromium: Browser, address: str) -> None:
    """Tab, Enter: the back comes, the front is out of reach; Tab: the one button."""
    page = _opened(chromium, address, java_script_enabled=False)
    front, back = page.locator(".front"), page.locator(".back")
    assert front.is_visible()
    assert not back.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    back.wait_for(state="visible")
    front.wait_for(state="hidden")
    page.keyboard.press("Tab")
    assert page.locator(".button:focus").count() == 1
    assert page.get_by_role("link").count() == 2
    page.get_by_role("link", name="Back to the front").click()
    front.wait_for(state="visible")
    page.context.close()


def test_nothing_is_blocked_and_nothing_comes_from_elsewhere(
    chromium: Browser, address: str
) -> None:
    """The page obeys its own policy, its font is the one we serve, and it asks nobody
    else for anything."""
    page = _opened(chromium, "about:blank")
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_function("document.fonts.check('20px Fraunces')")
    assert said == []
    origin = address.partition("/i/")[0]
    assert all(url.startswith(origin) for url in asked)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("side", ["", "#letter"])
def test_everybody_can_read_it(
    chromium: Browser, address: str, scheme: str, side: str
) -> None:
    """axe finds nothing, on either side, light and dark, at 320 pixels, where nothing
    runs out of the page. (Its own policy lets no script in, also not axe's.)"""
    page = _opened(
        chromium,
        address + side,
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page.set_viewport_size({"width": 320, "height": 600})
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_both_sides_on_paper(chromium: Browser, address: str) -> None:
    """Printed, the letter has front and back, and the number in figures."""
    page = _opened(chromium, address, java_script_enabled=False)
    page.emulate_media(media="print")
    assert page.locator(".front").is_visible()
    page.locator(".back").wait_for(state="visible")
    assert "+39 347 000 0001 · K7M2P" in page.locator(".paper").inner_text()
    assert not page.locator(".turn").first.is_visible()
    page.context.close()
