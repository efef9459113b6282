"""What runs by itself, told to programs, and runs that they ask for."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.models import Chore
from wedding_wa.services import chore_rows
from wedding_wa.services.chore_rows import Run

CHORE = {
    "name",
    "state",
    "every_seconds",
    "daily_at",
    "ran_at",
    "took_ms",
    "did",
    "error",
    "failures",
    "next_at",
}


@pytest.fixture
def ran(place: Place) -> None:
    """Retention ran well in the night, settling failed a moment ago."""
    night = NOON - timedelta(hours=9)
    runs = [
        Run(
            "retention",
            night,
            night + timedelta(seconds=2),
            2000,
            {"archived": 7},
            None,
            night + timedelta(days=1),
        ),
        Run("settle", NOON, NOON, 12, {}, "error.waha.down", None),
    ]
    place.house.db.write_now(chore_rows.ensure, ["retention", "settle"])
    place.house.db.write_now(chore_rows.finish, runs)


@pytest.mark.usefixtures("ran")
async def test_the_last_runs_are_told(program: httpx.AsyncClient) -> None:
    """When, how long, what it did, what went wrong, when next."""
    told = (await program.get("/maintenance")).json()
    assert set(told) == {"asleep", "items"}
    chores = {one["name"]: one for one in told["items"]}
    assert all(set(one) == CHORE for one in chores.values())
    well, bad = chores["retention"], chores["settle"]
    assert (well["state"], well["took_ms"], well["did"]) == (
        "well",
        2000,
        {"archived": 7},
    )
    assert (well["daily_at"], well["every_seconds"]) == ("03:00", None)
    assert (well["ran_at"], well["next_at"]) == (
        "2026-06-20T03:00:00Z",
        "2026-06-21T03:00:00Z",
    )
    assert (bad["state"], bad["error"], bad["failures"]) == (
        "failed",
        "error.waha.down",
        1,
    )
    assert (bad["daily_at"], bad["every_seconds"], bad["next_at"]) == (None, 15.0, None)
    assert chores["rescue"]["state"] == "new"


@pytest.mark.usefixtures("ran")
async def test_a_run_is_asked_for_as_on_the_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """The wish stands in the chore's row and in the audit; asked twice it is one."""
    db, wedding = place.house.db, place.theirs.couple.wedding
    twins = Twins(db, place.mine.couple.wedding, wedding)
    asked = await program.post("/maintenance/retention/run")
    assert (asked.status_code, asked.json()["state"]) == (202, "wanted")
    row = db.read_now(lambda s: s.get_one(Chore, "retention"))
    assert row.wanted_at == NOON
    db.write_now(chore_rows.want, "retention", wedding_id=wedding, by=None, now=NOON)
    twins.same("audit_entry")
    place.house.clock.advance(60)
    await program.post("/maintenance/retention/run")
    assert db.read_now(lambda s: s.get_one(Chore, "retention")).wanted_at == NOON


@pytest.mark.parametrize("name", ["dust", "x" * 60, "Retention", "a%00b", "%ED%A0%80"])
async def test_there_are_no_other_chores(program: httpx.AsyncClient, name: str) -> None:
    """404 for one that does not exist, 422 for what can be no name."""
    asked = await program.post(f"/maintenance/{name}/run")
    assert asked.status_code == (404 if name == "dust" else 422)
