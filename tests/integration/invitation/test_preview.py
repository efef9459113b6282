"""The preview: the same page with what is being typed, for who is logged in."""

from __future__ import annotations

from html import unescape

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.auth.conftest import House
from tests.integration.invitation.conftest import Letter
from tests.integration.invitation.test_cover import owner  # noqa: F401  # fixture
from wedding_wa.domain.invitation import TEXTS
from wedding_wa.services.invitation_texts import packed, unpacked
from wedding_wa.words.invitation import default_texts, guest_say

PATH = "/settings/invitation/preview"


async def test_drafts_are_shown_and_not_kept(
    letter: Letter,
    owner: httpx.AsyncClient,  # noqa: F811  # the fixture
    browser: httpx.AsyncClient,
) -> None:
    """What is typed is on the preview, and on no guest's letter."""
    drafts = {"headline": "<b>Sì!</b>", "place": "Amalfi", "day": "2028-05-01"}
    query = {"language": "it", "draft": packed(drafts)}
    html = unescape((await owner.get(PATH, params=query)).text)
    assert "<b>Sì!</b>" in html
    assert "1º maggio 2028" in html
    assert "Amalfi" in html
    assert guest_say("it", "sample") in html
    guest = (await browser.get(letter.path)).text
    assert "Amalfi" not in guest
    assert "Ravello" in guest


async def test_it_may_be_framed_by_us_alone(
    letter: Letter,
    owner: httpx.AsyncClient,  # noqa: F811  # the fixture
) -> None:
    """Our settings page may show it in a frame; its button leads nowhere."""
    answer = await owner.get(PATH)
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert default_texts("en")["button"] in answer.text
    assert "wa.me" not in answer.text


async def test_nonsense_shows_what_is_saved(
    letter: Letter,
    owner: httpx.AsyncClient,  # noqa: F811  # the fixture
    house: House,
) -> None:
    """A broken address, an unknown language or day: the letter as it is."""
    for query in ({"draft": "%%%"}, {"language": "xx"}, {"draft": "AAAA"}):
        answer = await owner.get(PATH, params=query)
        assert answer.status_code == 200
        assert default_texts("en")["headline"] in answer.text
    query = {"draft": packed({"day": "soon"})}
    assert 'class="day"' not in (await owner.get(PATH, params=query)).text
    assert letter.row().opens == 0


@given(st.dictionaries(st.sampled_from(sorted(TEXTS)), st.text(max_size=40)))
def test_drafts_travel_in_an_address(drafts: dict[str, str]) -> None:
    """What is packed comes out again."""
    assert unpacked(packed(drafts)) == drafts


@given(st.text(max_size=100))
def test_any_address_is_read(word: str) -> None:
    """Whatever stands there, there is no error, and no text that is not ours."""
    assert set(unpacked(word)) <= {*TEXTS, "day", "place"}


def test_a_packed_bomb_stays_small() -> None:
    """Ten megabytes of one letter, packed to ten kilobytes, are not unpacked."""
    assert unpacked(packed({"letter": "x" * 10_000_000})) == {}
