"""The Maintenance page: what runs, how it went, run now, how long things are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session

from tests.builders import Couple, make_couple
from tests.desk import Desk, built
from tests.fakes import NOON, FakeClock
from wedding_wa.db import Database
from wedding_wa.models import Chore as ChoreRow
from wedding_wa.models import Role
from wedding_wa.pages.settings_maintenance import LOOKS
from wedding_wa.services import chore_rows
from wedding_wa.services.maintenance import chores_of
from wedding_wa.services.maintenance_views import ChoreState
from wedding_wa.services.retention_policy import retention_of, save_retention
from wedding_wa.state.base import PageState
from wedding_wa.state.maintenance import DID, MaintenanceState
from wedding_wa.state.maintenance import ChoreRow as Shown
from wedding_wa.words import say

NAMES = [chore.name for chore in chores_of(timedelta(seconds=300))]


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Iterator[Desk]:
    """The app, with a row for each chore, none of which has run."""
    with built(database, clock) as app:
        couple: Couple = make_couple(database)
        database.write_now(chore_rows.ensure, NAMES)
        yield Desk(app, couple, clock, start="/settings/maintenance")


async def chores(desk: Desk, *, lang: str = "en") -> AsyncIterator[dict[str, Shown]]:
    desk.app.bus.attach()
    async with desk.tab(lang=lang) as tab:
        await tab.open(MaintenanceState.live)
        state = await tab.state(MaintenanceState)
        yield {row["name"]: row for row in state.chores}


async def shown(desk: Desk, *, lang: str = "en") -> dict[str, Shown]:
    """What somebody who opens the page is shown."""
    async for found in chores(desk, lang=lang):
        return found
    raise AssertionError


def ran(
    desk: Desk,
    name: str,
    *,
    seconds_ago: float = 5,
    did: dict[str, int] | None = None,
    error: str | None = None,
    took_ms: int = 12,
    next_in: float = 3600,
) -> None:
    """A run of the chore that ended so long ago."""
    at = NOON - timedelta(seconds=seconds_ago)
    run = chore_rows.Run(
        name, at, at, took_ms, did or {}, error, NOON + timedelta(seconds=next_in)
    )
    desk.db.write_now(chore_rows.finish, [run])


async def test_each_chore_is_told_in_words(desk: Desk) -> None:
    """Times, what it did and what it did not, in the reader's language."""
    ran(desk, "retention", did={"archived": 3, "tries": 1, "logins": 0}, took_ms=1340)
    ran(desk, "settle", did={"settled": 0})
    found = await shown(desk)
    assert list(found) == NAMES
    assert found["retention"]["told"] == (
        "3 failed messages were archived. 1 old try was forgotten."
    )
    assert found["retention"]["took"] == "took 1.3 s"
    assert found["retention"]["when"] == "Every night at 03:00, the wedding's time"
    assert found["retention"]["next_at"] != ""
    assert found["settle"]["told"] == say("en", "maintenance.nothing.settle")
    assert (found["settle"]["took"], found["settle"]["state"]) == ("took 12 ms", "well")
    assert found["settle"]["next_at"] == ""  # it comes all the time
    assert found["optimise"]["state"] == "new"
    italian = await shown(desk, lang="it")
    assert italian["retention"]["took"] == "in 1,3 s"
    assert italian["settle"]["when"] == "Ogni 15 secondi"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("OperationalError", "A fault of the app (OperationalError)"),
        ("error.waha.unreachable", say("en", "error.waha.unreachable")),
    ],
)
async def test_a_failing_chore_says_how_often_and_why(
    desk: Desk, error: str, why: str
) -> None:
    """It is told as failed, not by its old result."""
    for _ in range(3):
        ran(desk, "settle", did={"settled": 1}, error=error)
    found = (await shown(desk))["settle"]
    assert (found["state"], found["told"]) == ("failed", "")
    assert "last 3 runs failed" in found["wrong"]
    assert why in found["wrong"]


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({"wanted_at": NOON}, "wanted"),
        ({"started_at": NOON - timedelta(minutes=5)}, "running"),
        ({"started_at": NOON - timedelta(hours=5)}, "broken_off"),
        (
            {
                "started_at": NOON - timedelta(days=2),
                "finished_at": NOON - timedelta(days=2),
                "next_at": NOON - timedelta(days=1),
            },
            "late",
        ),
    ],
)
async def test_how_a_chore_stands(
    desk: Desk, columns: dict[str, object], state: str
) -> None:
    """Asked for, running, broken off with its process, overdue."""

    def write(session: Session) -> None:
        row = session.get_one(ChoreRow, "retention")
        for name, value in columns.items():
            setattr(row, name, value)

    desk.db.write_now(write)
    assert (await shown(desk))["retention"]["state"] == state


def test_every_state_has_its_look() -> None:
    """A state the page does not know would have no colour."""
    assert set(LOOKS) == set(ChoreState)


async def test_what_is_counted_has_its_words(desk: Desk) -> None:
    """Whatever retention counts, the page says it."""
    from wedding_wa.services.retention import retain

    assert set(await retain(desk.db, now=NOON)) <= set(DID)


@pytest.mark.parametrize(("seconds_ago", "asleep"), [(5, False), (600, True)])
async def test_nobody_who_runs_them_is_told(
    desk: Desk, seconds_ago: int, asleep: bool
) -> None:
    """With the worker off nothing comes of "run now": the page says why."""
    for name in NAMES:
        ran(desk, name, seconds_ago=seconds_ago)
    desk.app.bus.attach()
    async with desk.tab() as tab:
        await tab.open(MaintenanceState.live)
        assert (await tab.state(MaintenanceState)).asleep is asleep


async def test_run_now_leaves_a_wish_for_whoever_keeps_the_chores(desk: Desk) -> None:
    """The page shows that it was asked for; the wish stands in the database."""
    desk.app.bus.attach()
    async with desk.tab(role=Role.PLANNER) as tab:
        await tab.open(MaintenanceState.live)
        await tab.do(MaintenanceState.run_now("retention"))
        rows = {r["name"]: r for r in (await tab.state(MaintenanceState)).chores}
    assert desk.db.read_now(chore_rows.wanted) == ["retention"]
    assert rows["retention"]["state"] == "wanted"


async def test_a_viewer_may_only_look(desk: Desk) -> None:
    """Neither a run nor another policy, whatever their browser sends."""
    desk.app.bus.attach()
    async with desk.tab(role=Role.VIEWER) as tab:
        await tab.open(MaintenanceState.live)
        await tab.do(MaintenanceState.run_now("retention"))
        await tab.do(MaintenanceState.write("failed_days", "30"))
        await tab.do(MaintenanceState.save)
        state = await tab.state(MaintenanceState)
        assert (state.may_run, state.may_edit) == (False, False)
        assert (await tab.state(PageState)).toast["kind"] == "error"
    assert desk.db.read_now(chore_rows.wanted) == []
    assert desk.db.read_now(retention_of, desk.couple.wedding).failed_days == 7


async def test_the_policy_is_typed_checked_and_saved(desk: Desk) -> None:
    """What is wrong is told at its field while typing; only what makes sense is saved,
    and what somebody else saved meanwhile is not lost."""
    desk.app.bus.attach()
    wedding = desk.couple.wedding
    async with desk.tab() as tab:
        await tab.open(MaintenanceState.live)
        await tab.do(MaintenanceState.write("failed_days", "0"))
        await tab.do(MaintenanceState.save)
        state = await tab.state(MaintenanceState)
        assert state.wrong == {
            "failed_days": say("en", "error.policy.bounds", low=1, high=3650)
        }
        assert desk.db.read_now(retention_of, wedding).failed_days == 7

        desk.db.write_now(save_retention, wedding, {"webhooks_days": "60"}, now=NOON)
        await tab.do(MaintenanceState.write("failed_days", " 14 "))
        await tab.do(MaintenanceState.write("failed_action", "delete"))
        assert (await tab.state(MaintenanceState)).action == "delete"
        await tab.do(MaintenanceState.save)
        state = await tab.state(MaintenanceState)
        assert (state.typed, state.wrong, state.saved["failed_days"]) == ({}, {}, "14")
    value = desk.db.read_now(retention_of, wedding)
    assert (value.failed_days, value.failed_action, value.webhooks_days) == (
        14,
        "delete",
        60,
    )
