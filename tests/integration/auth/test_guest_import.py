"""The door for guest lists: who may bring one, how large, and whose it stays."""

from __future__ import annotations

import io
import json

import httpx
import openpyxl
import pytest
import sqlalchemy as sa

from tests.builders import make_couple
from tests.fakes import NOON
from tests.integration.auth.conftest import House
from tests.reflex_harness import login
from wedding_wa.models import Guest, ImportDraft, Role, Wedding
from wedding_wa.services import apikeys
from wedding_wa.services.guest_import_cells import MAX_BYTES

LIST = b"Nome;Telefono\nAnna Rossi;333 111 2222\nBruno;abc\n=1+1;333 111 3333\n"


def key(house: House, *scopes: str) -> dict[str, str]:
    """The header of a program of the wedding."""
    wedding = house.db.read_now(lambda s: s.scalar(sa.select(sa.func.min(Wedding.id))))
    made = house.db.write_now(
        apikeys.create_key, wedding_id=wedding, name="till", scopes=scopes, now=NOON
    )
    return {"Authorization": f"Bearer {made}"}


def guests(house: House) -> int:
    """How many guests there are."""
    return house.db.read_now(
        lambda s: s.scalar(sa.select(sa.func.count()).select_from(Guest))
    )


async def upload(client: httpx.AsyncClient, data: bytes = LIST) -> httpx.Response:
    """Send a list as our page does."""
    return await client.post(
        "/api/guests/import", params={"filename": "list.csv"}, content=data
    )


async def test_a_list_goes_in_is_looked_at_and_confirmed(
    house: House, anna: httpx.AsyncClient
) -> None:
    """Nothing is written before; what was shown is written after; then it is gone."""
    token = (await upload(anna)).json()["draft"]
    shown = (await anna.get(f"/api/guests/import/{token}")).json()
    assert shown["counts"] == {"new": 1, "same": 0, "changed": 0, "bad": 2}
    assert shown["lines"][1]["reasons"] == ["“abc” is not a phone number."]
    assert guests(house) == 0
    done = await anna.post(
        f"/api/guests/import/{token}/confirm", json={"digest": shown["digest"]}
    )
    assert (done.status_code, done.json()["new"], guests(house)) == (200, 1, 1)
    assert (await anna.get(f"/api/guests/import/{token}")).status_code == 404


async def test_a_digest_of_something_else_confirms_nothing(
    house: House, anna: httpx.AsyncClient
) -> None:
    """409, with the sentence that nothing was written."""
    token = (await upload(anna)).json()["draft"]
    answer = await anna.post(
        f"/api/guests/import/{token}/confirm", json={"digest": "é" * 9}
    )
    assert (answer.status_code, guests(house)) == (409, 0)
    assert "nothing was written" in answer.json()["detail"]


async def test_a_stranger_gets_nowhere(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Without a login every route is closed, whatever the token."""
    house.owner()
    assert (await upload(browser)).status_code == 401
    for path in ("import/x", "import/x/bad.csv", "import/sample.csv", "export.csv"):
        assert (await browser.get(f"/api/guests/{path}")).status_code == 401, path


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PLANNER])
async def test_who_may_only_look_uploads_nothing(house: House, role: Role) -> None:
    """A viewer may export, and no more; a planner may import."""
    house.owner()
    couple = make_couple(house.db)
    cookie = login(house.db, couple, clock=house.clock, role=role)
    async with house.browser(Cookie=cookie) as client:
        assert (await upload(client)).status_code == (
            403 if role is Role.VIEWER else 201
        )
        assert (await client.get("/api/guests/export.csv")).status_code == 200


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("send", 201)])
async def test_a_program_needs_the_right(
    house: House, browser: httpx.AsyncClient, scope: str, status: int
) -> None:
    """A key that may read imports nothing."""
    house.owner()
    answer = await browser.post(
        "/api/guests/import", content=LIST, headers=key(house, scope)
    )
    assert answer.status_code == status


async def test_nobody_else_sees_a_draft(house: House, anna: httpx.AsyncClient) -> None:
    """Not a program of the same wedding, not a person of another one."""
    token = (await upload(anna)).json()["draft"]
    cookie = login(house.db, make_couple(house.db), clock=house.clock)
    async with house.browser(Cookie=cookie) as other, house.browser() as program:
        program.headers.update(key(house, "send"))
        for client in (other, program):
            for path in (token, f"{token}/bad.csv"):
                answer = await client.get(f"/api/guests/import/{path}")
                assert answer.status_code == 404
            answer = await client.post(
                f"/api/guests/import/{token}/confirm", json={"digest": ""}
            )
            assert answer.status_code == 404
    assert (await anna.get(f"/api/guests/import/{token}")).status_code == 200


async def test_a_page_of_another_origin_uploads_nothing(
    anna: httpx.AsyncClient,
) -> None:
    """Whatever cookie comes with it."""
    answer = await anna.post(
        "/api/guests/import", content=LIST, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


async def test_more_than_a_list_is_not_even_read(
    house: House, anna: httpx.AsyncClient
) -> None:
    """413 as soon as the limit is passed, however long it would have gone on."""
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while sent < 50 * MAX_BYTES:
            sent += 100_000
            yield b"x" * 100_000

    answer = await anna.post("/api/guests/import", content=endless())
    assert answer.status_code == 413
    assert "5 MB" in answer.json()["detail"]
    assert sent <= MAX_BYTES + 1_000_000
    assert house.db.read_now(lambda s: s.scalars(sa.select(ImportDraft)).all()) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "guest_import.error.kind"),
        (b"", "guest_import.error.empty"),
        (b"PK\x03\x04zip", "guest_import.error.xlsx"),
    ],
)
async def test_what_is_no_list_is_refused_with_its_reason(
    anna: httpx.AsyncClient, data: bytes, code: str
) -> None:
    """422 with our code, and a sentence in the reader's language."""
    answer = await upload(anna, data)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"].endswith(".")


async def test_a_form_is_not_taken_for_a_list(anna: httpx.AsyncClient) -> None:
    """Its boundaries would become guests."""
    answer = await anna.post("/api/guests/import", files={"file": ("x.csv", LIST)})
    assert answer.status_code == 415


async def test_bad_lines_come_back_as_a_file_to_mend(anna: httpx.AsyncClient) -> None:
    """As they were, harmless to open, with the reason in the last column."""
    token = (await upload(anna)).json()["draft"]
    answer = await anna.get(f"/api/guests/import/{token}/bad.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines == [
        "Nome,Telefono,Reason",
        "Bruno,abc,“abc” is not a phone number.",
        "'=1+1,333 111 3333,Column 1 holds a formula without a result."
        " Put the value there.",
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("lang", ["en", "it"])
async def test_the_sample_imports_without_a_bad_line(
    anna: httpx.AsyncClient, kind: str, lang: str
) -> None:
    """What we hand out to fill in is read as we mean it, in either language."""
    house_lang = {"lang": lang}
    sample = await anna.get(f"/api/guests/import/sample.{kind}", params=house_lang)
    token = (await upload(anna, sample.content)).json()["draft"]
    shown = (await anna.get(f"/api/guests/import/{token}")).json()
    assert shown["counts"] == {"new": 4, "same": 0, "changed": 0, "bad": 0}
    assert shown["columns"][:3] == ["name", "household", "phone"]


DANGEROUS = json.loads(
    '["=HYPERLINK(1)", "+1+1", "-2", "@SUM(1)", "Anna \\"la Bella\\"", "\'=x", "Zoë"]'
)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_export_is_harmless_and_imports_as_the_same(
    house: House, anna: httpx.AsyncClient, kind: str
) -> None:
    """No cell of it runs, not even in a phone number; and nothing is lost by that."""
    rows = [
        f"'{name.replace(chr(34), chr(34) * 2)}" if name[0] in "=+-@'" else name
        for name in DANGEROUS
    ]
    text = "name\tphone\ttags\tnotes\n" + "\n".join(
        f'"{row.replace(chr(34), chr(34) * 2)}"\t+39 333 111 00{n:02}\ta, b\t\'=cmd|x'
        for n, row in enumerate(rows)
    )
    token = (await upload(anna, text.encode())).json()["draft"]
    digest = (await anna.get(f"/api/guests/import/{token}")).json()["digest"]
    await anna.post(f"/api/guests/import/{token}/confirm", json={"digest": digest})
    assert guests(house) == len(DANGEROUS)

    out = await anna.get(f"/api/guests/export.{kind}")
    if kind == "csv":
        assert out.content.startswith(b"\xef\xbb\xbf")
        for line in out.content.decode("utf-8-sig").splitlines():
            for cell in line.split(","):
                assert not cell.strip('"').startswith(("=", "+", "-", "@")), line
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(out.content)).active
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells if cell.value} == {"s"}
        assert not any(str(cell.value).startswith(("=", "-", "@")) for cell in cells)
    again = (await upload(anna, out.content)).json()["draft"]
    shown = (await anna.get(f"/api/guests/import/{again}")).json()
    assert shown["counts"]["same"] == len(DANGEROUS), shown["lines"]


async def test_an_export_is_what_the_search_finds(anna: httpx.AsyncClient) -> None:
    """The same words as in the search field of the guest list."""
    text = b"name,phone,tags\nAnna,333 111 2222,family\nBruno,333 111 3333,work\n"
    token = (await upload(anna, text)).json()["draft"]
    digest = (await anna.get(f"/api/guests/import/{token}")).json()["digest"]
    await anna.post(f"/api/guests/import/{token}/confirm", json={"digest": digest})
    out = await anna.get("/api/guests/export.csv", params={"q": "tag:work"})
    lines = out.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Bruno,Bruno,'+39 333 111 3333,Groom,")
