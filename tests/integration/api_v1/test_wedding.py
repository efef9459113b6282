"""The wedding's details, for programs."""

from __future__ import annotations

import httpx
import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.services.wedding_details import change_details

USUAL = {
    "groom_name": "Luca",
    "bride_name": "Anna",
    "day": None,
    "place": "",
    "default_country": "IT",
    "time_zone": "Europe/Rome",
    "guest_language": "en",
}
NEW = {"day": "2027-06-19", "place": " Villa  Rossi ", "time_zone": "Europe/Paris"}


async def test_what_is_named_is_changed_as_on_the_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """The rest stays; null takes the day away again."""
    theirs = place.theirs.couple.wedding
    twins = Twins(place.house.db, place.mine.couple.wedding, theirs)
    assert (await program.get("/wedding")).json() == USUAL
    saved = USUAL | NEW | {"place": "Villa Rossi"}
    async with place.program("admin") as owner:
        changed = await owner.patch("/wedding", json=NEW)
        assert (changed.status_code, changed.json()) == (200, saved)
        place.house.db.write_now(change_details, theirs, NEW, now=NOON, by=None)
        twins.same("wedding", "audit_entry")
        gone = await owner.patch("/wedding", json={"day": None})
        assert gone.json() == saved | {"day": None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"groom_name": ""}, "groom_name"),
        ({"bride_name": "x" * 500}, "bride_name"),
        ({"day": "19/06/2027"}, "day"),
        ({"day": "0001-01-01"}, "day"),
        ({"day": 20270619}, "day"),
        ({"place": "x" * 150}, "place"),
        ({"default_country": "XX"}, "default_country"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": None}, "time_zone"),
        ({"guest_language": "tlh"}, "guest_language"),
        ({"paused_at": None}, "paused_at"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    place: Place, body: object, field: str
) -> None:
    """422 with the field's name; nothing is saved."""
    async with place.program("admin") as owner:
        refused = await owner.patch("/wedding", json=body)
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["errors"]] == [field]
        assert (await owner.get("/wedding")).json() == USUAL
