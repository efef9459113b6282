"""From a guest list to a guest who writes, is active and says STOP, in browsers."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.app import AppProcess
from tests.e2e.steps import link_groom, set_up, told_of_wrong_password

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

LID = "985550000077@lid"  # WhatsApp hides the number of who writes
LIST = """Name;Telefon;Haushalt;Seite;Sprache
Otto Kraus;+49 1512 3456789;Kraus;Bräutigam;de
Zia Carla;+39 333 111 2221;Famiglia Verdi;groom;it
Bruno Verdi;0039 333 1112221;Famiglia Verdi;groom;it
Nonna Lina;keine Ahnung;Lina;bride;it
;+39 333 111 9999;Niemand;bride;it
"""
OLD_PHONE = {
    "viewport": {"width": 360, "height": 640},
    "java_script_enabled": False,
    "is_mobile": True,
    "locale": "de-DE",
    "user_agent": "Mozilla/5.0 (Linux; Android 6.0; SM-J500F) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/106.0.0.0 Mobile Safari/537.36",
}


def test_guests_come_first(
    app: AppProcess,
    browser: Browser,
    context: BrowserContext,
    page: Page,
    complaints: list[str],
    tmp_path: Path,
) -> None:
    """Import a list with good and bad lines → open an invitation on an old phone
    without JavaScript → the guest writes with its code from an unknown LID → becomes
    active on the open Guests page by itself → STOP → what waits is skipped."""
    set_up(app, page)
    link_groom(app, page)
    import_list(app, page, tmp_path / "gäste.csv")
    link = copied_link(app, context, page, "Kraus")

    page.goto(f"{app.url}/guests")
    otto = page.locator("[data-guest]", has_text="Otto Kraus")
    expect(otto).to_have_attribute("data-stage", "not_invited")
    text = open_invitation(browser, app, link)
    expect(otto).to_have_attribute("data-stage", "opened")

    app.world("messages", session="groom", **{"from": LID, "text": text})
    expect(otto).to_have_attribute("data-stage", "active")

    code = re.findall(r"\b[A-Z0-9]{5}\b", text)[-1]
    waiting = [later(app, code), later(app, code)]
    app.world("messages", session="groom", **{"from": LID, "text": "Stopp!"})
    expect(otto).to_have_attribute("data-stage", "opted_out")
    for message in waiting:
        shown = app.command("show", message, "--json")
        assert '"status": "skipped"' in shown
        assert '"skip_reason": "opted_out"' in shown
    page.goto(f"{app.url}/guests/opted-out")
    expect(page.get_by_text("Stopp!")).to_be_visible()

    assert app.delivered("groom") == []
    assert [one for one in complaints if one != told_of_wrong_password(app)] == []
    assert " ERROR " not in app.log.read_text()
    assert app.stop() == 0


def import_list(app: AppProcess, page: Page, file: Path) -> None:
    """Two lines are bad and say why; nothing is there before the press on Confirm."""
    file.write_bytes(LIST.encode("cp1252"))  # as Excel in Germany saves it
    page.goto(f"{app.url}/guests/import")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator("[data-line][data-verdict=bad]")).to_have_count(2)
    expect(page.locator("[data-line][data-verdict=new]")).to_have_count(3)
    expect(page.locator("[data-line='5']")).to_contain_text("keine Ahnung")
    other = page.context.new_page()
    other.goto(f"{app.url}/guests")
    expect(other.get_by_role("heading", name="Guests", exact=True)).to_be_visible()
    expect(other.locator("[data-guest]")).to_have_count(0)
    other.close()
    confirm = page.locator("[data-confirm]")
    expect(confirm).to_contain_text("3")
    confirm.click()
    page.locator("a[href='/guests']", has_text=re.compile("guest", re.I)).last.click()
    expect(page.locator("[data-guest]")).to_have_count(3)


def copied_link(
    app: AppProcess, context: BrowserContext, page: Page, household: str
) -> str:
    """The invitation's address, as the couple copy it from the Activation page."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{app.url}/guests/activation?q={household}")
    page.locator("button", has_text="Copy link").first.click()
    expect(page.get_by_text("Mark as sent?").first).to_be_visible()
    copied = str(page.evaluate("async () => await navigator.clipboard.readText()"))
    return f"{app.url}{urlsplit(copied).path}"


def open_invitation(browser: Browser, app: AppProcess, link: str) -> str:
    """Read the letter on an old phone; what its button would write on WhatsApp."""
    phone = browser.new_context(**OLD_PHONE)  # type: ignore[arg-type]
    letter = phone.new_page()
    letter.goto(link)
    expect(letter.locator(".names")).to_contain_text("Luca")
    letter.locator("#front .turn").click()
    button = letter.locator("a.button")
    expect(button).to_be_in_viewport()
    address = urlsplit(html.unescape(button.get_attribute("href") or ""))
    phone.close()
    assert (address.scheme, address.netloc) == ("https", "wa.me")
    assert address.path == "/12025550111"
    return unquote(parse_qs(address.query)["text"][0])


def later(app: AppProcess, code: str) -> str:
    """Queue a message to the household for a day that is far away; its id."""
    return app.command(
        "enqueue",
        *("--to", f"household:{code}"),
        *("--text", "Bis bald!"),
        *("--at", "2099-01-01T10:00"),
    )
