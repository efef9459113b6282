"""Which looks count as an opening, without a cookie."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.auth.conftest import House, log_in
from tests.integration.invitation.conftest import PHONE, Letter
from wedding_wa.services.invitations import is_program
from wedding_wa.services.live import Change

PROGRAMS = [
    "WhatsApp/2.23.20.0 A",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 facebookexternalhit/1.1 Facebot "
    "Twitterbot/1.0",
    "meta-externalagent/1.1",
    "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "TelegramBot (like TwitterBot)",
    "LinkedInBot/1.0",
    "SkypeUriPreview Preview/0.5",
    "curl/8.5.0",
    "python-requests/2.32",
    "",
]
PEOPLE = [
    PHONE,  # a Cubot is a phone
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/440.0]",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/4.2/28.3392; U; en) Presto/2.8.119",
    "Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Telegram-Android/10.5",
    "Nokia6100/1.0 (04.01) Profile/MIDP-1.0",
]


async def _open(client: httpx.AsyncClient, path: str, **headers: str) -> None:
    answer = await client.get(path, headers={"User-Agent": PHONE, **headers})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_known(name: str) -> None:
    """What fetches a link to show a preview of it, or to index it."""
    assert is_program(name)


@pytest.mark.parametrize("name", PEOPLE)
def test_people_are_people(name: str) -> None:
    """Old phones and the browsers inside other apps have people before them."""
    assert not is_program(name)


async def test_opening_moves_the_stage(
    letter: Letter, browser: httpx.AsyncClient, house: House
) -> None:
    """The first look of a person makes the household "opened", live."""
    told: list[Change] = []
    house.db.on_commit.append(told.extend)
    letter.change(invited_at=house.clock.now())
    assert letter.row().stage == "link_sent"
    await _open(browser, letter.path)
    row = letter.row()
    assert (row.stage, row.opens) == ("opened", 1)
    assert row.opened_at == row.last_opened_at == house.clock.now()
    assert told == [Change("guest", row.wedding_id, letter.id)]


async def test_looking_on_is_one_opening(
    letter: Letter, browser: httpx.AsyncClient, house: House
) -> None:
    """Within ten minutes it is the same opening; afterwards a new one. The first
    moment stays."""
    first = house.clock.now()
    await _open(browser, letter.path)
    await house.clock.sleep(599)
    await _open(browser, letter.path)
    assert letter.row().opens == 1
    await house.clock.sleep(1)
    await _open(browser, letter.path)
    row = letter.row()
    assert (row.opens, row.opened_at) == (2, first)
    assert row.last_opened_at == house.clock.now()


@pytest.mark.parametrize("name", PROGRAMS)
async def test_programs_do_not_count(
    letter: Letter, browser: httpx.AsyncClient, name: str
) -> None:
    """They get the page, for the preview, and leave no trace."""
    await _open(browser, letter.path, **{"User-Agent": name})
    assert (letter.row().opens, letter.row().opened_at) == (0, None)


@pytest.mark.parametrize(
    "header",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "preview"},
    ],
)
async def test_fetched_ahead_does_not_count(
    letter: Letter, browser: httpx.AsyncClient, header: dict[str, str]
) -> None:
    """A browser that fetches what nobody has asked for yet is no opening."""
    await _open(browser, letter.path, **header)
    assert letter.row().opens == 0


async def test_head_does_not_count(letter: Letter, browser: httpx.AsyncClient) -> None:
    """HEAD is answered, with the same headers and no opening."""
    answer = await browser.head(letter.path, headers={"User-Agent": PHONE})
    assert (answer.status_code, letter.row().opens) == (200, 0)


async def test_the_couple_does_not_count(
    letter: Letter, browser: httpx.AsyncClient
) -> None:
    """Who is logged in and looks how it came out is not a guest."""
    await log_in(browser)
    await _open(browser, letter.path)
    assert letter.row().opens == 0
