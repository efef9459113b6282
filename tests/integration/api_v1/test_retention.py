"""For how long things are kept, read and changed by programs."""

from __future__ import annotations

import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.services.retention_policy import save_retention

USUAL = {
    "failed_days": 7,
    "failed_action": "archive",
    "attempts_days": 30,
    "webhooks_days": 30,
    "history_days": 90,
}


async def test_what_is_named_is_changed_as_on_the_page(place: Place) -> None:
    """The rest stays; row and audit are as if the owner had typed it."""
    twins = Twins(
        place.house.db, place.mine.couple.wedding, place.theirs.couple.wedding
    )
    async with place.program("admin") as owner:
        assert (await owner.get("/retention")).json() == USUAL
        changes = {"failed_days": 30, "failed_action": "keep"}
        changed = await owner.patch("/retention", json=changes)
        assert (changed.status_code, changed.json()) == (200, USUAL | changes)
        assert (await owner.get("/retention")).json() == USUAL | changes
        assert (await owner.patch("/retention", json={})).json() == USUAL | changes
    place.house.db.write_now(
        save_retention,
        place.theirs.couple.wedding,
        {"failed_days": "30", "failed_action": "keep"},
        now=NOON,
    )
    twins.same("wedding", "audit_entry")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"failed_days": 0}, "failed_days"),
        ({"failed_days": 3651}, "failed_days"),
        ({"attempts_days": 6}, "attempts_days"),
        ({"webhooks_days": -1}, "webhooks_days"),
        ({"webhooks_days": 10**30}, "webhooks_days"),
        ({"history_days": "90"}, "history_days"),
        ({"history_days": 90.5}, "history_days"),
        ({"history_days": None}, "history_days"),
        ({"failed_action": "burn"}, "failed_action"),
        ({"dust_days": 3}, "dust_days"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    place: Place, body: object, field: str
) -> None:
    """422 with the field's name; nothing is saved."""
    async with place.program("admin") as owner:
        refused = await owner.patch("/retention", json=body)
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["errors"]] == [field]
        assert (await owner.get("/retention")).json() == USUAL
