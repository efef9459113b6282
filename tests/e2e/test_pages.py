"""Every page: readable by everybody, in both lights, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlmodel import Session, col, select

from tests.e2e.app import AppProcess, wait_for
from tests.e2e.conftest import watched
from tests.e2e.steps import log_in_to_demo, put_in_doubt
from wedding_wa.db import Database, opened
from wedding_wa.models import Account, Chat, Household, OptOut, StopQuestion

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

GRAVE = ("serious", "critical")
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
NARROWEST = 320
# What another look can change: dark its colours, a phone the room for fingers.
ONLY = {"dark": "color-contrast", "phone": "target-size"}
# What the reader is told by words that no page fills in, and what a defect looks like.
HOLE = re.compile(r"\{\w+\}|\[object \w+\]|\bundefined\b|\bNaN\b")
# The page that explains them shows these on purpose.
EXPLAINED = {"{code}", "{couple}", "{household}", "{day}", "{place}"}
SAID = """() => [document.title, document.body.innerText,
    ...[...document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')]
        .flatMap(one => ['aria-label', 'title', 'placeholder', 'alt']
            .map(name => one.getAttribute(name) || ''))].join('\\n')"""

# The pages' theme follows the system a moment later; the door is plain CSS.
PUT_ON = """look => [...document.querySelectorAll('.radix-themes')]
    .every(one => one.classList.contains('dark') === (look === 'dark'))"""
STILL = """() => document.getAnimations()
    .every(one => one.playState !== 'running')"""


@dataclass(frozen=True)
class Place:
    """A page: its address; what is pressed there first; what it must then show.

    Of another `status` than 200 the browser itself writes a line in its console.
    """

    path: str
    press: str = ""
    shows: str = "h1"
    status: int = 200


PLACES = (
    Place("/"),
    Place("/queue", shows="tr[data-message-id]"),
    Place("/queue", press="tr[data-message-id] a", shows=".panel .timeline"),
    Place("/queue?q=nobody-is-called-so", shows=".empty"),
    Place("/queue/unconfirmed", shows=".doubt-facts"),
    Place("/never-twice", press="[data-action=count]", shows=".proof-counted"),
    Place("/guests", shows="[data-guest]"),
    Place(
        "/guests?q=side%3Agroom+tag%3Awork",
        press="[data-guest] input",
        shows=".guests-bar",
    ),
    Place("/guests?q=side%3Agroom+tag%3Awork&guest=1", shows=".panel form"),
    Place("/guests?q=side%3Agroom+tag%3Awork&household=1", shows=".panel form"),
    Place("/guests?q=side%3Agroom+tag%3Awork&add=new", shows=".panel form"),
    Place("/guests?q=sid%3Agroom", shows=".guests-hint"),
    Place("/guests/activation", shows=".act-row"),
    Place("/guests/import"),
    Place("/guests/opted-out", shows="[data-wish]"),
    Place("/inbox", shows=".inbox-row"),
    Place("/inbox?chat={known}", shows=".thread-head"),
    Place("/inbox?chat={unknown}", shows=".thread-head"),
    Place("/inbox?chat={question}", shows=".thread-head"),
    Place("/inbox?chat={stopped}", shows=".thread-head"),
    Place("/test", shows=".person"),
    Place("/accounts", shows=".account-foot"),
    Place("/settings"),
    Place("/settings/limits"),
    Place("/settings/maintenance", shows="[data-chore]"),
    Place("/settings/invitation"),
    Place("/settings/people"),
    Place("/settings/api-keys", shows=".key-form"),
    Place("/settings/webhooks", shows="tbody tr"),
    Place("/settings/webhooks", press="tbody tr a", shows=".panel pre"),
    Place("/no-such-page", status=404),
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """The demo wedding: 150 guests, some of whom have written, asked and said STOP."""
    folder = tmp_path_factory.mktemp("pages")
    made = AppProcess(folder, "demo", "--pace", "10", data="data/demo")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def chats(demo: AppProcess) -> dict[str, int]:
    """A conversation of each kind, by its name in `PLACES`."""
    with opened(f"sqlite:///{demo.data / 'wedding_wa.db'}") as database:
        return _conversations(demo, database)


@pytest.fixture(scope="module")
def page(demo: AppProcess, browser: Browser) -> Iterator[Page]:
    """A page that is logged in; nothing on it fades or slides."""
    context = browser.new_context(
        locale="en-GB", viewport=DESK, reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    made = context.new_page()
    log_in_to_demo(demo, made)
    yield made
    context.close()


@pytest.mark.parametrize("place", PLACES, ids=lambda one: f"{one.path} {one.press}")
def test_page(
    demo: AppProcess, page: Page, chats: dict[str, int], place: Place
) -> None:
    """axe finds nothing serious, light, dark and on a phone; the console is silent;
    one heading names the page; no word is left unfilled; nothing runs out sideways."""
    complaints: list[str] = []
    watched(page, complaints)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    answer = page.goto(demo.url + place.path.format(**chats))
    assert answer is not None
    assert answer.status == place.status
    page.wait_for_selector(".bone", state="detached")
    if place.press:
        page.locator(place.press).first.click()
    page.wait_for_selector(place.shows)

    assert page.locator("h1:visible").count() == 1
    assert page.locator("h1").inner_text().strip()
    assert unfilled(page) == []
    found = {look: wrong(page, look) for look in ("light", "dark", "phone")}
    assert found == {"light": [], "dark": [], "phone": []}
    told = "" if place.status == 200 else f"status of {place.status}"
    assert [one for one in complaints if not told or told not in one] == []


def test_the_door(demo: AppProcess, browser: Browser) -> None:
    """So is the page on which one logs in, before anybody is known."""
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{demo.url}/login")
    assert page.locator("h1").inner_text().strip()
    assert unfilled(page) == []
    assert [wrong(page, look) for look in ("light", "dark", "phone")] == [[], [], []]
    context.close()


def wrong(page: Page, look: str) -> list[str]:
    """What is wrong with the page in this look; the look is put on first."""
    page.emulate_media(color_scheme="dark" if look == "dark" else "light")
    page.wait_for_function(PUT_ON, arg=look)
    settle(page)
    if look == "light":
        page.evaluate(Axe().axe_script)
    if look != "phone":
        return run_axe(page, look) + sideways(page, DESK["width"])
    page.set_viewport_size({"width": NARROWEST, "height": PHONE["height"]})
    settle(page)
    narrow = sideways(page, NARROWEST)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    settle(page)
    return narrow + run_axe(page, look)


def settle(page: Page) -> None:
    """Wait until every colour and size has arrived where it goes."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(done))")
    page.wait_for_function(STILL)


def run_axe(page: Page, look: str) -> list[str]:
    """The grave findings, each with the first piece of the page that has it."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if look in ONLY:
        options["runOnly"] = {"type": "rule", "values": [ONLY[look]]}
    found = page.evaluate(
        "async options => (await axe.run(options)).violations", options
    )
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in GRAVE
    ]


def sideways(page: Page, width: int) -> list[str]:
    """That the page is wider than its window, if it is."""
    reach = int(page.evaluate("document.documentElement.scrollWidth"))
    return [f"{reach} pixels wide in a window of {width}"] if reach > width else []


def unfilled(page: Page) -> list[str]:
    """What stands in braces although nobody explains braces there."""
    known = EXPLAINED if "/settings/invitation" in page.url else set()
    return sorted({*HOLE.findall(str(page.evaluate(SAID)))} - known)


def _conversations(demo: AppProcess, database: Database) -> dict[str, int]:
    """Let guests write what every page needs to have something to show."""

    def rows(session: Session) -> list[tuple[int, str, str]]:
        known = select(Chat.id, Account.key, Chat.chat_id).join(Account)
        known = known.where(col(Chat.household_id).is_not(None), col(Chat.phone) != "")
        return [(int(one[0] or 0), one[1], one[2]) for one in session.exec(known).all()]

    def some(statement: Any) -> int | None:
        found: int | None = database.read_now(lambda s: s.exec(statement).first())
        return found

    unknown = select(Chat.id).where(col(Chat.household_id).is_(None))
    wait_for(lambda: len(database.read_now(rows)) >= 3, "guests write", seconds=120)
    (known, _, _), stops, asks = database.read_now(rows)[:3]
    for (_, key, chat), text in ((stops, "STOP"), (asks, "Stop alla dieta, da domani")):
        demo.world("messages", session=key, text=text, **{"from": chat})
    wait_for(lambda: some(select(OptOut.id)), "a STOP", seconds=60)
    wait_for(lambda: some(select(StopQuestion.id)), "a question", seconds=60)
    wait_for(lambda: some(unknown), "somebody nobody knows", seconds=60)
    assert some(select(Household.id)) is not None
    database.write_now(put_in_doubt, known)
    return {
        "known": known,
        "stopped": stops[0],
        "question": asks[0],
        "unknown": some(unknown) or 0,
    }
