"""Takes the pictures in docs/img from the running app: `make screenshots`.

A wedding is set up in a folder of its own, both numbers are linked in the simulator,
guests write first, messages go out; then every page of the menu is taken on a desk,
on a phone and in the dark.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import launch_options
from tests.e2e.app import AppProcess, wait_for
from wedding_wa.pages.nav import NAV

FOLDER = Path(__file__).parents[2] / "docs" / "img"
DESK = {"viewport": {"width": 1280, "height": 860}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
VIEWS = {
    "desk": DESK,
    "dark": {**DESK, "color_scheme": "dark"},
    "phone": PHONE,
}
OWNER = {
    "groom_name": "Marco",
    "bride_name": "Giulia",
    "email": "giulia@example.com",
    "password": "a long enough password",
    "password_again": "a long enough password",
}
GUESTS = {
    "groom": {
        "+393331112221": "Zia Carla",
        "+393331112222": "Luca",
        "+393331112223": "Ada e Pietro",
    },
    "bride": {
        "+393331112224": "Nonna Lina",
        "+393331112225": "Famiglia Rossi",
        "+393331112226": "Sofia",
    },
}
TEXT = "Ciao! Il pranzo comincia alle 13 alla Villa Aurora. Ci vediamo sabato!"


def main() -> None:
    """Take every picture anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = AppProcess(Path(folder))
        app.start()
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        try:
            login = _set_up(browser, app)
            _fill(app)
            for name, view in VIEWS.items():
                _take(browser.new_context(**view, storage_state=login), app, name)
        finally:
            browser.close()
            app.stop()


def _set_up(browser: Browser, app: AppProcess) -> str:
    """Make the owner and the wedding; return a file with the login's cookie."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(app.setup_link())
    for name, value in OWNER.items():
        page.fill(f"#{name}", value)
    page.select_option("#default_country", "IT")
    page.select_option("#time_zone", "Europe/Rome")
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/setup" not in url)
    path = app.folder / "login.json"
    context.storage_state(path=path)
    context.close()
    return str(path)


def _fill(app: AppProcess) -> None:
    """Link both numbers, let guests write, queue answers; wait for the first to go."""
    for account, guests in GUESTS.items():
        _link(app, account)
        for phone, name in guests.items():
            app.world(
                "messages",
                session=account,
                text="Ciao! ♥",
                name=name,
                **{"from": phone},
            )
            _enqueue(app, account, phone)
    wait_for(lambda: app.delivered("groom"), "a message goes out", seconds=120)


def _link(app: AppProcess, account: str) -> None:
    """Start the session and scan its code, as a person does on the Accounts page."""
    httpx.post(
        f"{app.simulator}/api/sessions/{account}/start",
        headers={"X-Api-Key": "simulator"},
        timeout=20,
    ).raise_for_status()

    def scanned() -> bool:
        try:
            app.world(f"sessions/{account}/scan")
        except httpx.HTTPStatusError:  # no code is shown yet
            return False
        return True

    wait_for(scanned, f"{account} scans the code", seconds=30)


def _enqueue(app: AppProcess, account: str, phone: str) -> None:
    def accepted() -> bool:
        try:
            app.command("enqueue", "--account", account, "--to", phone, "--text", TEXT)
        except AssertionError:  # the guest's first message has not come in yet
            return False
        return True

    wait_for(accepted, f"{account} may answer {phone}", seconds=60)


def _take(context: BrowserContext, app: AppProcess, view: str) -> None:
    page = context.new_page()
    # the queue first: its picture waits for a message that is being typed
    for entry in sorted(NAV, key=lambda entry: entry.key != "queue"):
        page.goto(f"{app.url}{entry.route}")
        _settled(page)
        if entry.key == "queue":
            page.wait_for_selector(".badge[data-state=typing]", timeout=120_000)
        page.screenshot(path=FOLDER / f"{entry.key}-{view}.png")
    context.close()


def _settled(page: Page) -> None:
    page.wait_for_selector("[data-strip]")
    page.wait_for_selector(".bone", state="detached")
    page.wait_for_function("() => document.fonts.status === 'loaded'")


if __name__ == "__main__":
    main()
