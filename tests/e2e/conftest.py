"""The app and a browser, for tests that walk through it as a person does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from tests.browser import launch_options
from tests.e2e.app import AppProcess

# What is true at once on a machine at rest takes its time on one out of breath.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a file.

    Gone with the file: while Playwright runs, no other loop runs in this process, and
    the next file may be of those that have one.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        yield launched
        launched.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AppProcess]:
    """The app with its simulator, just started on empty data."""
    made = AppProcess(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that speaks English and has never been here."""
    made = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 860})
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained about."""
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Page:
    """A page whose console must stay clean."""
    return watched(context.new_page(), complaints)


def watched(page: Page, complaints: list[str]) -> Page:
    """Collect the page's warnings, errors and uncaught exceptions."""

    def said(message: object) -> None:
        if message.type in ("error", "warning"):  # type: ignore[attr-defined]
            complaints.append(f"{page.url}: {message.text}")  # type: ignore[attr-defined]

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    return page
