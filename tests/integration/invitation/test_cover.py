"""The cover picture's way in, and out on the invitation."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image
from sqlmodel import Session, select

from tests.integration.auth.conftest import ORIGIN, House, log_in, rows
from tests.integration.invitation.conftest import Letter
from tests.integration.invitation.test_page import meta
from wedding_wa.models import AuditEntry, InvitationCover, Membership, Role
from wedding_wa.services.invitation_cover import LARGEST_UPLOAD
from wedding_wa.words import say

PATH = "/api/invitation/cover"


def jpeg(colour: str = "#884422") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 1200), colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
async def owner(letter: Letter, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The owner's browser."""
    async with house.browser() as client:
        await log_in(client)
        yield client


async def test_from_upload_to_the_letter(
    letter: Letter, browser: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    """The picture is on the letter and in its preview, kept for long, absolute."""
    told = (await owner.post(PATH, content=jpeg())).json()
    assert (told["width"], told["height"]) == (900, 1200)
    html = (await browser.get(letter.path)).text
    address = f"{letter.path}/cover-{told['digest']}.jpg"
    assert f'<img class="cover" src="{address}"' in html
    assert meta(html, "og:image") == f"http://localhost:8000{address}"
    assert meta(html, "og:image:width") == "900"
    picture = await browser.get(address)
    assert picture.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture.headers["cache-control"]
    assert len(picture.content) == told["bytes"]


async def test_a_new_picture_has_a_new_address(
    letter: Letter, browser: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    """What browsers keep for ever never shows the older one."""
    old = (await owner.post(PATH, content=jpeg())).json()["digest"]
    new = (await owner.post(PATH, content=jpeg("#224488"))).json()["digest"]
    assert old != new
    assert (await browser.get(f"{letter.path}/cover-{old}.jpg")).status_code == 404
    assert (await browser.get(f"{letter.path}/cover-{new}.jpg")).status_code == 200


async def test_taken_away(
    letter: Letter, browser: httpx.AsyncClient, owner: httpx.AsyncClient, house: House
) -> None:
    """Without its picture the letter is whole again; both are on record."""
    await owner.post(PATH, content=jpeg())
    assert (await owner.delete(PATH)).status_code == 204
    html = (await browser.get(letter.path)).text
    assert 'class="sprig"' in html
    assert "<img" not in html
    actions = house.db.read_now(lambda s: list(s.exec(select(AuditEntry.action))))
    assert actions[-2:] == ["cover_changed", "cover_removed"]


async def test_what_is_no_picture(
    letter: Letter, owner: httpx.AsyncClient, house: House
) -> None:
    """Refused with a sentence, whatever its type is said to be; nothing is stored."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
    answer = await owner.post(PATH, content=svg, headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == say("en", "invitation_settings.error.no_picture")
    assert house.db.read_now(rows, InvitationCover) == 0


@pytest.mark.parametrize("told", [True, False])
async def test_too_large(letter: Letter, owner: httpx.AsyncClient, told: bool) -> None:
    """Refused by what it says, or as soon as it is more than it said."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_UPLOAD // 1_000_000 + 1):
            yield bytes(1_000_000)

    content = bytes(LARGEST_UPLOAD + 1) if told else chunks()
    answer = await owner.post(PATH, content=content)
    assert answer.status_code == 413
    assert "15 MB" in answer.json()["detail"]


async def test_who_may(letter: Letter, owner: httpx.AsyncClient, house: House) -> None:
    """A planner may, a viewer may only look, a stranger nothing, nor another site."""

    def become(session: Session, role: Role) -> None:
        row = session.exec(select(Membership)).one()
        row.role = role
        session.add(row)

    async with house.browser() as stranger:
        assert (await stranger.post(PATH, content=jpeg())).status_code == 401
        preview = await stranger.get("/settings/invitation/preview")
        assert preview.status_code == 303
    foreign = {"Origin": "https://evil.example"}
    answer = await owner.post(PATH, content=jpeg(), headers=foreign)
    assert answer.status_code == 403
    house.db.write_now(become, Role.PLANNER)
    answer = await owner.post(PATH, content=jpeg(), headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    house.db.write_now(become, Role.VIEWER)
    assert (await owner.post(PATH, content=jpeg())).status_code == 403
    assert (await owner.delete(PATH)).status_code == 403
    assert (await owner.get("/settings/invitation/preview")).status_code == 200
    assert house.db.read_now(rows, InvitationCover) == 1


async def test_picture_of_another_invitation(
    letter: Letter, browser: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    """The picture is as secret as the link: no token, no picture."""
    digest = (await owner.post(PATH, content=jpeg())).json()["digest"]
    wrong = await browser.get(f"/i/nobody-0123456789abcdef/cover-{digest}.jpg")
    assert wrong.status_code == 404
    own = f"/settings/invitation/cover-{digest}.jpg"
    assert (await browser.get(own)).status_code == 303
    assert (await owner.get(own)).status_code == 200
    gone = "/settings/invitation/cover-0000000000000000.jpg"
    assert (await owner.get(gone)).status_code == 404
