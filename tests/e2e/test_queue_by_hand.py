"""Orders by hand in a browser: many at once, stopped half way; one held and changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from tests.e2e.app import AppProcess, wait_for
from tests.e2e.steps import link_groom, set_up, told_of_wrong_password
from wedding_wa.db import opened
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.queue_bulk import BATCH
from wedding_wa.services.weddings import the_wedding

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

GUEST = "+393331112222"
MANY = 4 * BATCH
LATER = datetime(2099, 1, 1, 9, tzinfo=UTC)


def test_the_queue_by_hand(app: AppProcess, page: Page, complaints: list[str]) -> None:
    """Select by keyboard and with Shift → all that match → cancel, stopped half way →
    hold, change the text, release one message: it goes once, with the new words."""
    set_up(app, page)
    link_groom(app, page)
    app.world("messages", session="groom", **{"from": GUEST, "text": "Ciao Luca!"})
    page.goto(f"{app.url}/inbox")
    expect(page.locator(".inbox-row")).to_have_count(1)
    queue(app, ["See you!"] * MANY)

    page.goto(f"{app.url}/queue?state=held")
    expect(page.locator("[data-row]")).to_have_count(25)
    select_some(page)
    cancel_and_stop(app, page)

    queue(app, ["Old words"])
    hold_change_release(app, page)
    assert [one for one in complaints if one != told_of_wrong_password(app)] == []
    assert " ERROR " not in app.log.read_text()
    assert app.stop() == 0


def queue(app: AppProcess, texts: list[str]) -> None:
    """All at once, for a day that is far away."""

    def put(session: Session) -> None:
        wedding_id, _ = the_wedding(session)
        for text in texts:
            wish = EnqueueRequest(account=None, to=GUEST, text=text, due_at=LATER)
            enqueue(session, wedding_id, wish, now=Clock().now())

    with opened(f"sqlite:///{app.data / 'wedding_wa.db'}") as database:
        database.write_now(put)


@contextmanager
def nobody_writes(app: AppProcess) -> Iterator[None]:
    """Keep the database's one writer: what is under way stands still meanwhile."""
    with closing(sqlite3.connect(app.data / "wedding_wa.db", timeout=30)) as database:
        database.isolation_level = None
        database.execute("BEGIN IMMEDIATE")
        yield


def select_some(page: Page) -> None:
    """`x` on a row, Shift on another: all between; the bar counts; esc lets go."""
    page.keyboard.press("j")
    page.keyboard.press("x")
    bar = page.locator("[data-bar]")
    expect(bar).to_contain_text("1 selected")
    page.locator("[data-select]").nth(4).click(modifiers=["Shift"])
    expect(bar).to_contain_text("5 selected")
    expect(page.locator("[data-chosen=true]")).to_have_count(5)
    page.locator("body").press("Escape")
    expect(bar).to_have_count(0)


def cancel_and_stop(app: AppProcess, page: Page) -> None:
    """All that match, asked back with their number; Stop leaves the rest alone."""
    page.locator("[data-select-page]").click()
    page.locator("[data-action=everybody]").click()
    expect(page.locator("[data-bar]")).to_contain_text(f"{MANY} selected")
    page.locator("[data-order=cancel]").click()
    expect(page.get_by_role("alertdialog")).to_contain_text(f"Cancel {MANY} messages?")
    with nobody_writes(app):
        page.locator("[data-action=do-it]").click()
        expect(page.locator("[data-run=cancel] progress")).to_be_visible()
        page.locator("[data-action=abort]").click()
        expect(page.locator("[data-action=abort]")).to_have_text("Stopping")
    told = page.get_by_text(re.compile(r"Stopped\. \d+ messages cancelled; \d+ stay"))
    expect(told).to_be_visible()
    done, stay = (int(n) for n in re.findall(r"\d+", told.inner_text()))
    assert (done, stay) == (BATCH, MANY - BATCH)
    for name, n in (("skipped", done), ("held", stay)):
        counter = page.locator(f"[data-counter={name}]")
        expect(counter).to_have_attribute("data-count", str(n))


def hold_change_release(app: AppProcess, page: Page) -> None:
    """Held, its words changed, let go, sent now: it goes once, with the new words."""
    page.goto(f"{app.url}/queue?q=Old")
    page.locator("[data-row]").first.click()
    page.locator("[data-action=hold]").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Hold").click()
    expect(page.locator(".panel-note")).to_contain_text("held it back")
    page.locator("[data-action=edit]").click()
    page.locator("[role=dialog] textarea").fill("New words")
    page.locator("[data-action=save-text]").click()
    expect(page.locator(".bubble")).to_have_text("New words")
    page.locator("[data-action=release]").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Release").click()
    expect(page.locator("[data-action=hold]")).to_be_visible()
    page.locator("[data-action=force]").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Send now").click()
    wait_for(lambda: app.delivered("groom"), "it went", seconds=60)
    assert [one["text"] for one in app.delivered("groom")] == ["New words"]
