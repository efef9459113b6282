"""Who has not written yet, and what a program hands over to them."""

from __future__ import annotations

from urllib.parse import unquote

import httpx
import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Made, Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.models import Household
from wedding_wa.services import activation, guests
from wedding_wa.services.activation import PAGE_SIZE
from wedding_wa.services.guests import GuestForm, add_guest

HANDOVER = {
    "id",
    "name",
    "guests",
    "side",
    "stage",
    "since",
    "opens",
    "language",
    "code",
    "link",
    "text",
    "wa_link",
    "trouble",
}


def silent(place: Place, made: Made, n: int = 1) -> list[int]:
    """Households of the bride's side whose guests have not written."""
    wedding = made.couple.wedding
    forms = [
        GuestForm(name=f"Pia {i}", side="bride", tags=("choir",)) for i in range(n)
    ]

    def write(session: object) -> list[int]:
        ids = [add_guest(session, wedding, f, by=None, now=NOON) for f in forms]  # type: ignore[arg-type]
        return [guests.guest_of(session, wedding, i).household_id for i in ids]  # type: ignore[arg-type]

    return place.house.db.write_now(write)


async def test_who_has_not_written_comes_with_all_to_hand_over(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Their link, a text to pass on, and the chat that it opens, already typed."""
    (home,) = silent(place, place.mine)
    found = (await program.get("/activation", params={"stage": "not_invited"})).json()
    assert set(found) == {"items", "next", "counts", "tags"}
    (one,) = found["items"]
    assert set(one) == HANDOVER
    row = place.house.db.read_now(lambda s: s.get_one(Household, home))
    assert (one["id"], one["guests"], one["side"]) == (home, ["Pia 0"], "bride")
    assert one["link"] == f"http://localhost:8000/i/{row.token}"
    assert one["link"] in one["text"]
    assert one["wa_link"].startswith("https://wa.me/393470000002?text=")
    assert row.code in unquote(one["wa_link"])
    assert found["counts"]["not_invited"] == {"households": 1, "guests": 1}
    assert found["counts"]["active"] == {"households": 1, "guests": 1}
    assert found["tags"] == ["choir", "family"]
    single = (await program.get(f"/activation/{home}")).json()
    assert set(single) == HANDOVER | {"image"}
    assert single["image"].startswith("data:image/svg+xml")
    assert {name: single[name] for name in HANDOVER} == one


@pytest.mark.parametrize(
    ("asked", "n"),
    [
        ({"side": "groom"}, 1),
        ({"tag": "choir"}, 3),
        ({"q": "carla"}, 1),
        ({"stage": "opted_out", "side": "bride"}, 1),
        ({"stage": "opened"}, 0),
        ({}, 5),
    ],
)
async def test_filters_are_the_pages(
    place: Place, program: httpx.AsyncClient, asked: dict[str, str], n: int
) -> None:
    """By stage, side, tag and search."""
    silent(place, place.mine, 3)
    found = (await program.get("/activation", params=asked)).json()
    assert len(found["items"]) == n


async def test_the_list_goes_page_by_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Everybody is met once."""
    silent(place, place.mine, PAGE_SIZE + 1)
    first = (await program.get("/activation")).json()
    last = (await program.get("/activation", params={"after": first["next"]})).json()
    ids = {one["id"] for one in (*first["items"], *last["items"])}
    assert (len(first["items"]), len(ids), last["next"]) == (25, PAGE_SIZE + 3, None)


async def test_marks_are_set_and_taken_back_as_on_the_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """By name, or all whom a filter shows; twice is no news."""
    mine, theirs = (silent(place, made, 2) for made in (place.mine, place.theirs))
    other = place.theirs.couple.wedding
    twins = Twins(place.house.db, place.mine.couple.wedding, other)
    how = {"wedding_id": other, "by": None, "now": NOON}
    body = {"household_ids": mine[:1]}
    for changed in (1, 0):
        marked = await program.post("/activation/mark", json=body)
        assert marked.json() == {"changed": changed}
    place.house.db.write_now(activation.mark_invited, theirs[:1], **how)
    twins.same("household", "audit_entry")
    rest = await program.post("/activation/mark", json={"filter": {"tag": "choir"}})
    assert rest.json() == {"changed": 1}
    place.house.db.write_now(activation.mark_invited, theirs[1:], **how)
    twins.same("household", "audit_entry")
    back = await program.post("/activation/unmark", json={"household_ids": mine})
    assert back.json() == {"changed": 2}
    place.house.db.write_now(activation.unmark_invited, theirs, **how)
    twins.same("audit_entry")


async def test_households_of_another_wedding_are_not_there(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Nor is anything marked beside them."""
    (mine,), (theirs,) = silent(place, place.mine), silent(place, place.theirs)
    body = {"household_ids": [mine, theirs]}
    asked = [
        await program.get(f"/activation/{theirs}"),
        await program.post("/activation/mark", json=body),
        await program.post("/activation/unmark", json=body),
    ]
    assert [one.status_code for one in asked] == [404] * 3
    stages = place.house.db.read_now(
        lambda s: [s.get_one(Household, home).stage for home in (mine, theirs)]
    )
    assert stages == ["not_invited"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"household_ids": [1], "filter": {}},
        {"household_ids": [0]},
        {"household_ids": [2**40]},
        {"household_ids": [True]},
        {"household_ids": list(range(1, 3000))},
        {"filter": {"q": "sidez:bride"}},
        {"filter": {"stage": "gone"}},
        {"filter": None},
    ],
)
async def test_what_names_nobody_is_refused(
    program: httpx.AsyncClient, body: object
) -> None:
    """422: never everybody by mistake."""
    refused = await program.post("/activation/mark", json=body)
    assert refused.status_code == 422
