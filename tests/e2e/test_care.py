"""What waits for a person, done by hand in a browser: go on, decide, run, keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session, col, select

from tests.e2e.app import AppProcess, wait_for
from tests.e2e.steps import DOUBTED, log_in_to_demo, put_in_doubt
from wedding_wa.db import Database, opened
from wedding_wa.models import Account, Chat, QueueMessage
from wedding_wa.services import queue
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.pausing import pause_account
from wedding_wa.services.processes import this_process

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

LATE = "The bus leaves at five."


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[AppProcess]:
    """A wedding that is there at once, and quiet enough to look at."""
    made = AppProcess(tmp_path, "demo", "--pace", "20", data="data/demo")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def database(demo: AppProcess) -> Iterator[Database]:
    with opened(f"sqlite:///{demo.data / 'wedding_wa.db'}") as made:
        yield made


def test_care_by_hand(
    demo: AppProcess, database: Database, page: Page, complaints: list[str]
) -> None:
    """An account that paused itself goes on by the ribbon's button; what nobody knows
    is decided one way and the other; a missed start is let go; a chore runs now; how
    long things are kept is saved. Console and log stay clean."""
    log_in_to_demo(demo, page)
    wait_for(lambda: some_chat(database), "a guest wrote", seconds=120)
    goes_on(demo, database, page)
    decides(demo, database, page)
    lets_go(demo, database, page)
    runs_a_chore(demo, page)
    keeps(demo, page)
    assert complaints == []
    assert " ERROR " not in demo.log.read_text()
    assert demo.stop() == 0


def some_chat(database: Database) -> int | None:
    """A chat of the groom's, of somebody on the list."""
    known = (
        select(Chat.id)
        .join(Account)
        .where(col(Chat.household_id).is_not(None), Account.key == "groom")
        .order_by(col(Chat.id))
    )
    return database.read_now(lambda session: session.exec(known).first())


def status_of(database: Database, message_id: int) -> str:
    return database.read_now(lambda s: s.get_one(QueueMessage, message_id).status)


def goes_on(demo: AppProcess, database: Database, page: Page) -> None:
    """Three failures in a row pause the groom's number; one button on any page."""

    def pause(session: Session) -> None:
        groom = session.exec(select(Account).where(Account.key == "groom")).one()
        pause_account(session, groom, "failures", now=Clock().now())

    def paused() -> bool:
        groom = select(Account.paused_at).where(Account.key == "groom")
        return database.read_now(lambda s: s.exec(groom).one()) is not None

    database.write_now(pause)
    page.goto(f"{demo.url}/queue")
    button = page.locator(".ribbon-go").filter(has_text="Go on")
    button.first.click()
    wait_for(lambda: not paused(), "the account goes on")
    expect(button).to_have_count(0)


def decides(demo: AppProcess, database: Database, page: Page) -> None:
    """ "It was sent" ends the doubt; "Send again" sends it, once."""
    chat = some_chat(database)
    assert chat is not None
    for _ in range(2):
        database.write_now(put_in_doubt, chat)
    database.write_now(their_sender_died)
    page.goto(f"{demo.url}/queue/unconfirmed")
    doubts = page.locator(".doubt")
    expect(doubts).to_have_count(2)

    gone = number_of(doubts.nth(0))
    answered(page, doubts.nth(0), "sent", "It was sent")
    expect(doubts).to_have_count(1)
    assert status_of(database, gone) == "sent"
    assert delivered(demo, DOUBTED) == 0

    again = number_of(doubts.nth(0))
    answered(page, doubts.nth(0), "again", "Send again")
    expect(doubts).to_have_count(0)
    first_of_all(database, again)
    wait_for(
        lambda: status_of(database, again) == "sent", "it was sent again", seconds=120
    )
    assert delivered(demo, DOUBTED) == 1


def delivered(demo: AppProcess, text: str) -> int:
    """How often these words reached WhatsApp; the demo's couple answers guests, too."""
    return [one["text"] for one in demo.delivered("groom")].count(text)


def their_sender_died(session: Session) -> None:
    """Else its call may still be under way, and nobody may send again."""
    dead = str(replace(this_process(), started="before"))
    for row in session.exec(
        select(QueueMessage).where(QueueMessage.status == "unconfirmed")
    ):
        row.worker = dead
        session.add(row)


def number_of(doubt: Locator) -> int:
    expect(doubt).to_have_attribute("data-message-id", re.compile(r"^\d+$"))
    return int(doubt.get_attribute("data-message-id") or 0)


def answered(page: Page, doubt: Locator, action: str, word: str) -> None:
    """Press, and confirm in the question that comes."""
    doubt.locator(f"[data-action={action}]").click()
    page.get_by_role("alertdialog").get_by_role("button", name=word).click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)


def first_of_all(database: Database, message_id: int) -> None:
    """The demo's own limits would keep it for many minutes."""
    wedding = select(QueueMessage.wedding_id).where(QueueMessage.id == message_id)
    wedding_id = database.read_now(lambda s: s.exec(wedding).one())
    database.write_now(queue.force, wedding_id, message_id, now=Clock().now())


def lets_go(demo: AppProcess, database: Database, page: Page) -> None:
    """It should have gone an hour ago, and nobody was there: the banner asks."""
    chat = some_chat(database)
    made = database.write_now(missed, chat)
    page.goto(f"{demo.url}/queue")
    banner = page.locator(".queue-missed")
    expect(banner).to_contain_text("should have gone while the app was away")
    banner.locator("[data-missed-order=release]").click()
    page.get_by_role("alertdialog").locator("[data-action=do-it]").click()
    expect(banner).to_have_count(0)
    row = database.read_now(lambda s: s.get_one(QueueMessage, made))
    assert row.held_at is None
    assert row.status in ("pending", "processing", "sent")


def missed(session: Session, chat_id: int) -> int:
    """As the app sets it aside when it comes back."""
    now = Clock().now()
    chat = session.get_one(Chat, chat_id)
    wish = EnqueueRequest("groom", chat.chat_id, LATE, due_at=now + timedelta(hours=1))
    made = enqueue(session, chat.wedding_id, wish, now=now)
    row = session.get_one(QueueMessage, made.id)
    row.due_at = row.queue_at = now - timedelta(hours=1)
    row.held_at, row.hold_rule = now, "missed"
    row.hold_params = {"reason": "missed", "due_at": row.due_at.isoformat()}
    session.add(row)
    return made.id


def runs_a_chore(demo: AppProcess, page: Page) -> None:
    """It runs at once, and the row says so without a reload."""
    page.goto(f"{demo.url}/settings/maintenance")
    chore = page.locator("[data-chore=optimise]")
    expect(chore).to_be_visible()
    chore.locator("[data-action=run-now]").click()
    just_now = re.compile(r"Last run: (now|\d sec)")
    expect(chore.locator(".chore-times")).to_contain_text(just_now, timeout=30_000)


def keeps(demo: AppProcess, page: Page) -> None:
    """Nonsense is told at its field; what was saved is there after a reload."""
    box = page.locator("#failed_days")
    box.fill("soon")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#failed_days-error")).not_to_be_empty()
    box.fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-keep=failed_days]")).to_have_attribute(
        "data-changed", "false"
    )
    page.reload()
    expect(box).to_have_value("12")
