"""What walks begin with: set the wedding up, log in, link the groom's number; and what
a demo is given so that every page has something to show."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from sqlmodel import Session

from tests.e2e.app import AppProcess
from wedding_wa.cli.demo import EMAIL
from wedding_wa.models import Account, Chat, QueueMessage
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.processes import this_process

DOUBTED = "Vi aspettiamo! 💐"
PASSWORD = "una-parola-molto-lunga"


def set_up(app: AppProcess, page: Page) -> None:
    """Nothing is reachable before; the one-time link makes the owner and wedding."""
    page.goto(app.url)
    expect(page).to_have_url(re.compile("/login"))
    page.goto(app.setup_link())
    page.fill("[name=groom_name]", "Luca")
    page.fill("[name=bride_name]", "Anna")
    page.select_option("[name=default_country]", "IT")
    page.locator("[name=time_zone]").evaluate(
        "(field) => { field.value = 'Europe/Rome'; }"
    )
    page.fill("[name=email]", "luca@example.com")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=password_again]", PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(re.compile("/accounts"))
    # what comes over the socket: without its cookie it would not be let in
    groom = page.locator("[data-account=groom].card")
    expect(groom).to_have_attribute("data-status", "STOPPED")
    log_in_again(app, page)


def log_in_again(app: AppProcess, page: Page) -> None:
    """Who has no cookie meets the login page, and a wrong password is told."""
    page.context.clear_cookies()
    page.goto(f"{app.url}/accounts")
    expect(page).to_have_url(re.compile("/login"))
    page.fill("[name=email]", "luca@example.com")
    page.fill("[name=password]", "not-the-password")
    page.click("button[type=submit]")
    expect(page.locator("[role=alert]")).to_be_visible()
    page.fill("[name=email]", "luca@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(re.compile("/accounts"))


def told_of_wrong_password(app: AppProcess) -> str:
    """The browser's own line about the one refusal that this story provokes."""
    return (
        f"{app.url}/login: Failed to load resource: "
        "the server responded with a status of 401 (Unauthorized)"
    )


def link_groom(app: AppProcess, page: Page) -> None:
    """Start, the QR code appears, the pretend phone scans it, the card says so."""
    card = page.locator("[data-account=groom].card")
    expect(card).to_have_attribute("data-status", "STOPPED")
    expect(page.locator("#simulator-mark")).to_be_visible()
    card.get_by_role("button", name="Start").click()
    expect(card).to_have_attribute("data-status", "SCAN_QR_CODE")
    expect(card.locator("img.qr")).to_be_visible()
    app.world("sessions/groom/scan")
    expect(card).to_have_attribute("data-status", "WORKING")
    expect(page.locator("[data-account=bride].card")).to_have_attribute(
        "data-status", "STOPPED"
    )


def log_in_to_demo(demo: AppProcess, page: Page) -> None:
    """As the terminal tells it."""
    page.goto(f"{demo.url}/login")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", (demo.data / "password").read_text().strip())
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)


def put_in_doubt(session: Session, chat_id: int) -> None:
    """A message that nobody can tell of: of an engine that gives no ids beforehand."""
    chat = session.get_one(Chat, chat_id)
    key = session.get_one(Account, chat.account_id).key
    request = EnqueueRequest(account=key, to=chat.chat_id, text=DOUBTED)
    now = Clock().now()
    made = enqueue(session, chat.wedding_id, request, now=now)
    row = session.get_one(QueueMessage, made.id)
    row.status, row.attempt, row.dispatched_at = "unconfirmed", 1, now
    row.worker = str(this_process())
    session.add(row)
