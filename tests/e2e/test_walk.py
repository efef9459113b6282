"""The whole story in a browser, from the first start to the page that comes back."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.app import AppProcess, wait_for
from tests.e2e.conftest import watched
from tests.e2e.steps import link_groom, set_up, told_of_wrong_password

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

GUEST = "+393331112222"
# Installs itself before the message goes and notes each state that a badge shows.
WATCH_BADGES = """
    window.seenStates = [];
    const look = () => {
        for (const badge of document.querySelectorAll('.badge[data-message-id]')) {
            const state = badge.dataset.state;
            if (window.seenStates.at(-1) !== state) window.seenStates.push(state);
        }
    };
    new MutationObserver(look).observe(document.body,
        {subtree: true, childList: true, attributes: true});
    look();
"""
LIVE = ["reading", "waiting_human", "typing", "sending"]
GONE = ("sent", "delivered", "read")
WHOLE = ["queued", "rate_limit_ok", *LIVE, "sent"]


def test_from_setup_to_a_sent_message_and_back_after_a_restart(
    app: AppProcess, context: BrowserContext, page: Page, complaints: list[str]
) -> None:
    """Setup → scan → a guest writes → queued → every phase seen → restart → back."""
    set_up(app, page)
    link_groom(app, page)
    refuse_who_has_not_written(page, app)
    app.world("messages", session="groom", **{"from": GUEST, "text": "Ciao Luca!"})

    other = watched(context.new_page(), complaints)
    other.goto(f"{app.url}/queue")
    expect(other.locator("[data-counter=all]")).to_be_visible()
    other.evaluate(WATCH_BADGES)
    page.evaluate(WATCH_BADGES)
    send(page, "Cara zia, a presto!")

    delivered_once(app)
    for one in (page, other):
        wait_for(lambda one=one: states(one)[-1] in GONE, "the page says it was sent")
        in_order(states(one))
    assert {*LIVE} <= {*states(other)}, states(other)  # the queue skips no phase
    timeline_is_complete(app, other)

    other.goto(f"{app.url}/queue?state=read&q=Zia")
    expect(other.locator("[data-counter=read]")).to_have_attribute(
        "aria-current", "true"
    )
    assert [one for one in complaints if one != told_of_wrong_password(app)] == []
    app.kill()
    expect(other.locator("[data-live=reconnecting], [data-live=stale]")).to_be_visible()
    complaints.clear()  # a browser complains when its server is gone
    app.start()
    expect(other.locator("[data-live=live]")).to_be_visible(timeout=30_000)
    expect(other).to_have_url(re.compile(r"state=read.*q=Zia"))
    complaints.clear()
    other.reload()
    expect(other.locator("[data-live=live]")).to_be_visible()
    assert complaints == []
    assert " ERROR " not in app.log.read_text()
    assert app.stop() == 0


def refuse_who_has_not_written(page: Page, app: AppProcess) -> None:
    """A recipient who has not written is refused, with that explanation."""
    page.goto(f"{app.url}/test?account=groom")
    page.fill(".person-number", GUEST)
    page.fill("textarea[name=text]", "Ciao")
    page.click("#send-test")
    expect(page.get_by_text("has not written")).to_be_visible()
    expect(page.locator("#wa-link")).to_have_attribute(
        "href", re.compile(r"https://wa\.me/\d+")
    )


def send(page: Page, text: str) -> None:
    page.fill(".person-number", GUEST)
    page.fill("textarea[name=text]", text)
    page.click("#send-test")
    expect(page.locator("#test-messages .badge").first).to_be_visible()


def states(page: Page) -> list[str]:
    return list(page.evaluate("window.seenStates"))


def in_order(seen: list[str]) -> None:
    """Each live phase was shown, in this order, and then that it was sent."""
    live = [state for state in seen if state in LIVE]
    assert live == sorted(set(live), key=LIVE.index), seen
    assert {"waiting_human", "typing"} <= set(live), seen
    assert seen[-1] in GONE, seen


def delivered_once(app: AppProcess) -> None:
    """WhatsApp got it once, after seen, typing and stopped."""
    wait_for(lambda: app.delivered("groom"), "delivered", seconds=60)
    (one,) = app.delivered("groom")
    assert one["text"] == "Cara zia, a presto!"
    marks = [mark["type"] for mark in one["marks"]]  # type: ignore[index,attr-defined]
    assert marks == ["seen", "typing", "stopped"]


def timeline_is_complete(app: AppProcess, page: Page) -> None:
    """The side panel and the command line tell the same, whole story."""
    record = json.loads(app.command("show", "1", "--json"))
    phases = [event["phase"] for event in record["events"]]
    assert phases[: len(WHOLE)] == WHOLE
    expect(
        page.locator("[data-message-id='1'].badge[data-state=read]").first
    ).to_be_visible()
    page.bring_to_front()  # as one does before one clicks
    page.locator("tr[data-message-id='1'] a").first.click()
    expect(page).to_have_url(re.compile("message=1"))
    for phase in WHOLE:
        expect(page.locator(f"[data-phase={phase}]").first).to_be_visible()
    page.keyboard.press("Escape")
