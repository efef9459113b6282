"""Takes the pictures in docs/img from the demo: `make screenshots`.

The demo wedding is begun anew and lives for a while; then its pages are taken on a
desk, on a phone and in the dark, and the invitation as a guest meets it.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlmodel import Session, col, select

from tests.browser import launch_options
from tests.e2e.app import AppProcess, wait_for
from tests.e2e.steps import log_in_to_demo, put_in_doubt
from wedding_wa.db import Database, opened
from wedding_wa.domain.errors import WeddingError
from wedding_wa.models import (
    Account,
    Chat,
    Household,
    OptOut,
    QueueMessage,
    StopQuestion,
)
from wedding_wa.pages.nav import NAV
from wedding_wa.services.apikeys import create_key
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue

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
# Pages that the menu does not name.
MORE = {
    "activation": "/guests/activation",
    "import": "/guests/import",
    "limits": "/settings/limits",
    "letter": "/settings/invitation",
    "webhooks": "/settings/webhooks",
    "maintenance": "/settings/maintenance",
    "selection": "/queue?state=held",
    "unconfirmed": "/queue/unconfirmed",
    "never-twice": "/never-twice",
    "api-keys": "/settings/api-keys",
    "api-docs": "/api/docs",
}
BUS = "The bus to Villa Aurora leaves at 14:10 from Piazza San Marco. 🚌"
PACE = "6"
PROGRAMS = (("Wedding website", "read", "send"), ("Table plan", "read"))


def main() -> None:
    """Take every picture anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = AppProcess(Path(folder), "demo", "--pace", PACE, data="data/demo")
        app.start()
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        try:
            token, chat = _live(app)
            login = _log_in(browser, app)
            pages = {entry.key: entry.route for entry in NAV} | MORE
            pages["thread"] = f"/inbox?chat={chat}"
            for name, view in VIEWS.items():
                context = browser.new_context(**view, storage_state=login)  # type: ignore[arg-type]
                _take(context, app, pages, name)
            _invitation(browser, app, token)
        finally:
            browser.close()
            app.stop()


def _live(app: AppProcess) -> tuple[str, int]:
    """Wait until enough has happened; a link that works, and the chat of somebody who
    has asked something and is not answered yet."""
    with opened(f"sqlite:///{app.data / 'wedding_wa.db'}") as database:

        def has(statement: object, n: int) -> bool:
            return len(database.read_now(lambda s: s.exec(statement).all())) >= n

        sent = select(QueueMessage.id).where(QueueMessage.status == "sent")
        wait_for(lambda: has(sent, 16), "sixteen were answered", seconds=420)
        wait_for(lambda: has(select(OptOut.id), 1), "a STOP", seconds=300)
        wait_for(lambda: has(select(StopQuestion.id), 1), "a question", seconds=300)
        asked = select(Chat.id).where(col(Chat.last_text).contains("?"))
        wait_for(lambda: has(asked, 1), "somebody asks", seconds=120)
        chat = database.read_now(lambda s: s.exec(asked).first())
        link = select(Household.token).where(Household.language == "it")
        token = database.read_now(lambda s: s.exec(link).first())
        _more_to_see(database)
    assert token
    assert chat
    return token, chat


def _more_to_see(database: Database) -> None:
    """Messages for tomorrow, one that nobody can tell of, and keys of programs."""
    now = Clock().now()

    def put(session: Session) -> None:
        known = select(Chat, Account.key).join(Account)
        known = known.where(col(Chat.household_id).is_not(None), col(Chat.phone) != "")
        chats = session.exec(known.order_by(col(Chat.id)).limit(12)).all()
        planned = [chat for chat, key in chats if _plan(session, chat, key, now)]
        put_in_doubt(session, planned[0].id or 0)
        for name, *scopes in PROGRAMS:
            wedding_id = planned[0].wedding_id
            create_key(
                session, wedding_id=wedding_id, name=name, scopes=scopes, now=now
            )

    database.write_now(put)


def _plan(session: Session, chat: Chat, key: str, now: datetime) -> bool:
    """False for a guest who wants no more."""
    wish = EnqueueRequest(
        account=key, to=chat.chat_id, text=BUS, due_at=now + timedelta(days=1)
    )
    try:
        enqueue(session, chat.wedding_id, wish, now=now)
    except WeddingError:
        return False
    return True


def _log_in(browser: Browser, app: AppProcess) -> str:
    """Log in as the demo's owner and return a file with the cookie."""
    context = browser.new_context(locale="en-GB")
    log_in_to_demo(app, context.new_page())
    path = app.folder / "login.json"
    context.storage_state(path=path)
    context.close()
    return str(path)


def _take(
    context: BrowserContext, app: AppProcess, pages: dict[str, str], view: str
) -> None:
    page = context.new_page()
    # the queue first: its picture waits for a message that is being typed
    for name in sorted(pages, key=lambda name: name != "queue"):
        page.goto(f"{app.url}{pages[name]}")
        if not pages[name].startswith("/api"):  # that one is there at once
            _settled(page)
        if name == "queue":
            page.wait_for_selector(".badge[data-state=typing]", timeout=180_000)
        if name == "selection":
            _select_some(page)
        if name == "never-twice":
            page.locator("[data-action=count]").click()
            page.wait_for_selector(".proof-counted")
            page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=FOLDER / f"{name}-{view}.png")
    context.close()


def _select_some(page: Page) -> None:
    """Three rows, and with them the bar of what can be done with them."""
    for row in range(3):
        page.locator("[data-select]").nth(row).click()
    page.locator("[data-bar]").get_by_text("3 selected").wait_for()
    page.wait_for_timeout(500)  # the bar has slid in


def _settled(page: Page) -> None:
    page.wait_for_selector("[data-strip]")
    page.wait_for_selector(".bone", state="detached")
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    page.wait_for_timeout(500)  # what fades in has faded in


def _invitation(browser: Browser, app: AppProcess, token: str) -> None:
    """The letter as a guest's phone shows it, without JavaScript: front and back."""
    context = browser.new_context(**PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{app.url}/i/{token}")
    page.wait_for_timeout(2500)  # the ink appears
    page.screenshot(path=FOLDER / "invitation-front.png")
    page.locator("#front .turn").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "invitation-back.png")
    context.close()


if __name__ == "__main__":
    main()
