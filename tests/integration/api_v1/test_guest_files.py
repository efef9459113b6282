"""Whole guest lists from programs: a draft, its lines, then all of it or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.integration.api_v1.conftest import CARLA, Place
from tests.integration.api_v1.twins import Twins, changes, trace
from wedding_wa.services.guest_import_cells import MAX_BYTES

LIST = f"""Name,Phone,Side
Zia Carla Bruni,{CARLA},groom
Pia Neri,333 555 6666,bride
Nobody,12,bride
"""

DRAFT = {
    "draft",
    "filename",
    "digest",
    "header",
    "columns",
    "side",
    "language",
    "counts",
    "writes",
}


async def upload(
    client: httpx.AsyncClient, text: str = LIST, **asked: str
) -> httpx.Response:
    return await client.post("/guests/import", content=text.encode(), params=asked)


async def test_a_list_is_looked_at_before_it_is_written(
    place: Place, program: httpx.AsyncClient
) -> None:
    """The draft says what would become of each line and writes nothing; confirming
    writes just that, once."""
    db, wedding = place.house.db, place.mine.couple.wedding
    before = trace(db, wedding)
    made = await upload(program, filename="list.csv")
    assert made.status_code == 201, made.text
    draft = made.json()
    assert set(draft) == DRAFT
    assert draft["columns"] == ["name", "phone", "side"]
    assert draft["counts"] == {"new": 1, "same": 0, "changed": 1, "bad": 1}
    assert (draft["writes"], draft["filename"], draft["header"]) == (
        2,
        "list.csv",
        True,
    )
    path = f"/guests/import/{draft['draft']}"
    assert (await program.get(path)).json() == draft
    lines = (await program.get(f"{path}/lines")).json()
    assert lines["next"] is None
    carla, pia, bad = lines["items"]
    assert (carla["verdict"], carla["guest_id"]) == ("changed", place.mine.guest)
    assert carla["changes"] == [
        {"field": "name", "old": "Zia Carla", "new": "Zia Carla Bruni"}
    ]
    assert (pia["verdict"], pia["phone"], pia["guest_id"]) == (
        "new",
        "+393335556666",
        None,
    )
    assert bad["verdict"] == "bad"
    assert bad["reasons"]
    only = await program.get(f"{path}/lines", params={"verdict": "bad"})
    assert only.json()["items"] == [bad]
    assert set(changes(before, trace(db, wedding))) == {"import_draft"}
    confirm = {"digest": draft["digest"]}
    done = await program.post(f"{path}/confirm", json=confirm)
    assert done.json() == {"counts": draft["counts"], "writes": 2}
    names = [one["name"] for one in (await program.get("/guests")).json()["items"]]
    assert names == ["Zia Carla Bruni", "Ugo", "Pia Neri"]
    assert (await program.post(f"{path}/confirm", json=confirm)).status_code == 404


async def test_a_column_is_read_another_way(
    place: Place, program: httpx.AsyncClient
) -> None:
    """As on the page; what is confirmed must be what was looked at."""
    draft = (await upload(program)).json()
    path = f"/guests/import/{draft['draft']}"
    reading = {"columns": [{"index": 2, "field": "notes"}], "side": "bride"}
    other = (await program.patch(path, json=reading)).json()
    assert (other["columns"], other["side"]) == (["name", "phone", "notes"], "bride")
    assert other["digest"] != draft["digest"]
    stale = await program.post(f"{path}/confirm", json={"digest": draft["digest"]})
    assert (stale.status_code, stale.json()["code"]) == (
        409,
        "guest_import.error.moved",
    )
    # A conflict ends nothing: the draft is there to be looked at again.
    assert (await program.get(path)).json()["digest"] == other["digest"]


async def test_a_draft_is_thrown_away(place: Place, program: httpx.AsyncClient) -> None:
    """And is nobody's after that; it was never another wedding's."""
    twins = Twins(
        place.house.db, place.mine.couple.wedding, place.theirs.couple.wedding
    )
    path = f"/guests/import/{(await upload(program)).json()['draft']}"
    async with place.program("read", "send", made=place.theirs) as other:
        for asked in (
            await other.get(path),
            await other.get(f"{path}/lines"),
            await other.get(f"{path}/bad"),
            await other.patch(path, json={"header": False}),
            await other.post(f"{path}/confirm", json={"digest": "x"}),
            await other.delete(path),
        ):
            assert asked.status_code == 404
    assert (await program.delete(path)).status_code == 204
    assert (await program.get(path)).status_code == 404
    assert (await program.delete(path)).status_code == 404
    twins.same()


async def test_bad_lines_and_samples_are_files(program: httpx.AsyncClient) -> None:
    """To be mended, and to be filled in."""
    path = f"/guests/import/{(await upload(program)).json()['draft']}"
    bad = await program.get(f"{path}/bad")
    assert bad.headers["content-type"].startswith("text/csv")
    assert "attachment" in bad.headers["content-disposition"]
    assert "Nobody,12,bride" in bad.text
    for kind, head in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
        file = await program.get("/guests/import/sample", params={"format": kind})
        assert file.content.startswith(head)


async def test_what_is_exported_can_be_imported(program: httpx.AsyncClient) -> None:
    """Line by line the same; a search exports whom it finds."""
    for kind in ("csv", "xlsx"):
        file = await program.get("/guests/export", params={"format": kind})
        assert file.status_code == 200
        made = await program.post("/guests/import", content=file.content)
        assert made.json()["counts"] == {"new": 0, "same": 2, "changed": 0, "bad": 0}
    some = await program.get("/guests/export", params={"q": "side:bride"})
    assert ("Ugo" in some.text, "Carla" in some.text) == (True, False)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/guests/export?format=vcf", 422),
        ("GET", "/guests/export?q=%00", 422),
        ("GET", "/guests/export?lang=" + "x" * 99, 422),
        ("GET", "/guests/import/sample?q=x&colour=red", 422),
        ("GET", "/guests/import/a.b", 422),
        ("GET", "/guests/import/nobody", 404),
        ("GET", "/guests/import/nobody/lines?after=-1", 422),
        ("POST", "/guests/import?side=left", 422),
        ("POST", "/guests/import", 422),
    ],
)
async def test_what_makes_no_sense_is_refused(
    program: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """422 for what nobody can mean, 404 for what is not there."""
    assert (await program.request(method, path)).status_code == status


async def test_a_list_without_end_is_refused(program: httpx.AsyncClient) -> None:
    """413 soon after 5 MB."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 500_000
            yield b"x" * 500_000

    refused = await program.post("/guests/import", content=endless())
    assert (refused.status_code, sent <= MAX_BYTES + 2_000_000) == (413, True)
