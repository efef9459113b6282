"""Settings, General: the wedding's names, day and place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlmodel import Session, select

from tests.builders import Couple
from tests.fakes import FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.models import AuditEntry, Role, Wedding
from wedding_wa.runtime import Runtime
from wedding_wa.services.wedding_details import DETAILS
from wedding_wa.state.base import PageState
from wedding_wa.state.settings import ZONES, SettingsState
from wedding_wa.words import say
from wedding_wa.words.countries import countries


@pytest.fixture
async def tab(runtime: Runtime, couple: Couple, clock: FakeClock) -> AsyncIterator[Tab]:
    """The page of an owner who reads Italian."""
    runtime.bus.attach()
    cookie = login(runtime.db, couple, clock=clock, lang="it")
    async with Tab(cookie, "/settings") as made:
        await made.open(SettingsState.live)
        yield made


def _wedding(runtime: Runtime) -> Wedding:
    return runtime.db.read_now(lambda s: s.exec(select(Wedding)).one())


async def test_what_is_typed_is_saved_and_shown_everywhere(
    tab: Tab, runtime: Runtime
) -> None:
    """Names, day and zone are stored, on record, and on the frame of the page."""
    await tab.do(SettingsState.write("groom_name", "  Marco  "))
    await tab.do(SettingsState.write("day", "2027-06-19"))
    await tab.do(SettingsState.write("time_zone", "America/New_York"))
    await tab.do(SettingsState.write("default_country", "US"))
    await tab.do(SettingsState.save)
    stored = _wedding(runtime)
    assert (stored.groom_name, stored.bride_name) == ("Marco", "Anna")
    assert (stored.day, stored.default_country) == (date(2027, 6, 19), "US")
    page = await tab.state(PageState)
    assert (page.groom_name, page.time_zone) == ("Marco", "America/New_York")
    state = await tab.state(SettingsState)
    assert (state.typed, state.saved["groom_name"]) == ({}, "Marco")
    entry = runtime.db.read_now(lambda s: s.exec(select(AuditEntry)).one())
    assert entry.params["fields"] == [
        "day",
        "default_country",
        "groom_name",
        "time_zone",
    ]


async def test_a_day_can_be_forgotten_again(tab: Tab, runtime: Runtime) -> None:
    """An emptied date is no date, not an error."""
    for day, stored in (("2027-06-19", date(2027, 6, 19)), ("", None)):
        await tab.do(SettingsState.write("day", day))
        await tab.do(SettingsState.save)
        assert _wedding(runtime).day == stored


@pytest.mark.parametrize(
    ("name", "typed", "code"),
    [
        ("bride_name", "   ", "error.name_missing"),
        ("day", "19/06/2027", "error.day"),
        ("time_zone", "Europe/Atlantis", "error.time_zone"),
        ("default_country", "ZZ", "error.country"),
    ],
)
async def test_what_is_wrong_is_told_while_typing(
    tab: Tab, runtime: Runtime, name: str, typed: str, code: str
) -> None:
    """Beside its field, in the reader's language; nothing is saved, nothing lost."""
    before = _wedding(runtime)
    await tab.do(SettingsState.write("groom_name", "Marco"))
    await tab.do(SettingsState.write(name, typed))
    await tab.do(SettingsState.save)
    state = await tab.state(SettingsState)
    assert state.wrong == {name: say("it", code)}
    assert state.typed == {"groom_name": "Marco", name: typed}
    assert _wedding(runtime) == before


async def test_a_change_elsewhere_leaves_what_is_typed(
    tab: Tab, runtime: Runtime
) -> None:
    """The partner saves the day while one writes a name."""
    await tab.do(SettingsState.write("groom_name", "Marco"))

    def write(session: Session) -> None:
        session.exec(select(Wedding)).one().day = date(2027, 6, 19)

    runtime.db.write_now(write)
    runtime.bus.publish()
    await tab.until(lambda: "saved" in tab.sent(), "the day is seen")
    state = await tab.state(SettingsState)
    assert state.saved["day"] == "2027-06-19"
    assert state.typed == {"groom_name": "Marco"}


async def test_only_owners_change_the_wedding(
    runtime: Runtime, couple: Couple, clock: FakeClock
) -> None:
    """Whoever only plans may look."""
    runtime.bus.attach()
    cookie = login(runtime.db, couple, clock=clock, role=Role.PLANNER)
    async with Tab(cookie, "/settings") as tab:
        await tab.open(SettingsState.live)
        await tab.do(SettingsState.write("groom_name", "Marco"))
        await tab.do(SettingsState.save)
        told = (await tab.state(PageState)).toast["text"]
        assert told == say("en", "error.not_allowed")
    assert _wedding(runtime).groom_name == "Luca"


async def test_nonsense_from_a_browser_is_ignored(tab: Tab) -> None:
    """Only the wedding's details can be typed, and only as text."""
    await tab.do(SettingsState.write("paused_at", "2027-01-01"))
    await tab.do(SettingsState.write("groom_name", 7))
    assert (await tab.state(SettingsState)).typed == {}


def test_the_lists_hold_what_the_wedding_may_have(
    runtime: Runtime, couple: Couple
) -> None:
    """The stored zone and country can be chosen on the page, in both languages."""
    stored = _wedding(runtime)
    zones = {zone for _, cities in ZONES for zone, _ in cities}
    assert stored.time_zone in zones
    for lang in ("en", "it"):
        assert stored.default_country in dict(countries(lang))
    assert set(DETAILS) <= set(Wedding.model_fields)
