"""The guests' letter, read and written by programs."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.domain.invitation import GUEST_LANGUAGES, TEXTS
from wedding_wa.services.invitation_texts import reset_texts, save_texts
from wedding_wa.services.wedding_details import change_details


def picture(width: int = 600, height: int = 400) -> bytes:
    """What a phone uploads."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#8a2").save(out, "PNG")
    return out.getvalue()


async def test_the_letter_is_told_in_all_languages(program: httpx.AsyncClient) -> None:
    """Each text by its name; nothing is the couple's own yet."""
    told = (await program.get("/invitation")).json()
    assert set(told) == {
        "day",
        "place",
        "guest_language",
        "texts",
        "cover",
        "unlinked",
    }
    assert set(told["texts"]) == set(GUEST_LANGUAGES)
    assert all(set(one) == {*TEXTS, "own"} for one in told["texts"].values())
    assert all(one["own"] == [] for one in told["texts"].values())
    assert (told["cover"], told["unlinked"]) == (None, [])


async def test_words_are_written_and_taken_back_as_on_the_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """One language at a time; the others and the texts not named stay."""
    theirs, db = place.theirs.couple.wedding, place.house.db
    twins = Twins(db, place.mine.couple.wedding, theirs)
    before = (await program.get("/invitation")).json()["texts"]
    words = {"headline": "Ci sposiamo davvero"}
    changed = await program.patch("/invitation/texts/it", json=words)
    assert changed.json() == before["it"] | words | {"own": ["headline"]}
    save = {"now": NOON, "by": None}
    db.write_now(save_texts, theirs, "it", words, **save)
    twins.same("invitation", "audit_entry")
    after = (await program.get("/invitation")).json()["texts"]
    assert {lang for lang in after if after[lang] != before[lang]} == {"it"}
    assert (await program.delete("/invitation/texts/it")).json() == before["it"]
    db.write_now(reset_texts, theirs, "it", **save)
    twins.same("audit_entry")


async def test_day_and_place_are_changed_as_on_the_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Who may write the letter may say when and where; not more of the wedding."""
    theirs, db = place.theirs.couple.wedding, place.house.db
    twins = Twins(db, place.mine.couple.wedding, theirs)
    body = {"day": "2027-06-19", "place": "Villa Rossi", "guest_language": "it"}
    told = (await program.patch("/invitation", json=body)).json()
    assert {name: told[name] for name in body} == body
    db.write_now(change_details, theirs, body, now=NOON, by=None)
    twins.same("wedding", "audit_entry")
    refused = await program.patch("/invitation", json={"time_zone": "Europe/Paris"})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/texts/it", {"headline": "x" * 81}, "headline"),
        ("/texts/it", {"headline": "x" * 9000}, "headline"),
        ("/texts/it", {"front": "{money}"}, "front"),
        ("/texts/it", {"greeting": "Ciao"}, "greeting"),
        ("/texts/it", {"letter": None}, "letter"),
        ("/texts/it", {"footer": "x"}, "footer"),
        ("/texts/xx", {"headline": "x"}, "language"),
        ("", {"day": "tomorrow"}, "day"),
        ("", {"guest_language": "xx"}, "guest_language"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    program: httpx.AsyncClient, path: str, body: object, field: str
) -> None:
    """422 with the field's name; nothing is saved."""
    before = (await program.get("/invitation")).json()
    refused = await program.patch(f"/invitation{path}", json=body)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert (await program.get("/invitation")).json() == before


async def test_a_cover_comes_and_goes(place: Place, program: httpx.AsyncClient) -> None:
    """Taken as a picture, kept small as JPEG, of one's own wedding alone."""
    assert (await program.get("/invitation/cover")).status_code == 404
    put = await program.put("/invitation/cover", content=picture())
    assert put.status_code == 200
    cover = put.json()
    assert set(cover) == {"digest", "mime", "width", "height", "size"}
    assert (cover["width"], cover["height"]) == (600, 400)
    assert (await program.get("/invitation")).json()["cover"] == cover
    got = await program.get("/invitation/cover")
    assert got.headers["content-type"] == "image/jpeg"
    assert (len(got.content), got.content[:2]) == (cover["size"], b"\xff\xd8")
    async with place.program("read", made=place.theirs) as other:
        assert (await other.get("/invitation/cover")).status_code == 404
    assert (await program.delete("/invitation/cover")).status_code == 204
    assert (await program.get("/invitation")).json()["cover"] is None


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"\0" * 100, picture(50, 50)])
async def test_what_is_no_picture_is_refused(
    program: httpx.AsyncClient, body: bytes
) -> None:
    """422, and the letter stays without one."""
    refused = await program.put("/invitation/cover", content=body)
    assert refused.status_code == 422
    assert (await program.get("/invitation/cover")).status_code == 404


async def test_a_picture_without_end_is_refused(program: httpx.AsyncClient) -> None:
    """413 soon after 15 MB."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 1_000_000
            yield b"x" * 1_000_000

    refused = await program.put("/invitation/cover", content=endless())
    assert (refused.status_code, sent <= 17_000_000) == (413, True)
