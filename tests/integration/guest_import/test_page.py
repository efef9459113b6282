"""The page's state: what it shows, what a press does, who may not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.builders import Couple, make_couple
from tests.desk import built
from tests.fakes import NOON, FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.db import Database
from wedding_wa.models import Guest, LoginSession, Role
from wedding_wa.services.guest_import_drafts import Owner, keep
from wedding_wa.services.guest_import_read import read_text
from wedding_wa.services.guests import GuestForm, add_guest
from wedding_wa.state.guest_import import PAGE_SIZE, GuestImportState

LIST = "name\tphone\n" + "".join(
    f"Guest {n}\t333 111 {n:04d}\n" for n in range(PAGE_SIZE + 5)
)
BAD = "Elio\tabc\n"


@pytest.fixture
def couple(database: Database, clock: FakeClock) -> Iterator[Couple]:
    """A wedding, and the process's runtime on its database."""
    with built(database, clock):
        yield make_couple(database)


def draft(database: Database, couple: Couple, text: str = LIST + BAD) -> str:
    """A list of whoever logged in last."""
    user = database.read_now(
        lambda s: s.scalar(sa.select(sa.func.max(LoginSession.user_id)))
    )
    owner = Owner(couple.wedding, user)
    return database.write_now(keep, owner, read_text(text), filename="x.csv", now=NOON)


def guests(database: Database) -> int:
    """How many guests there are."""
    return database.read_now(
        lambda s: s.scalar(sa.select(sa.func.count()).select_from(Guest))
    )


async def test_lines_are_shown_page_by_page_and_by_what_happens(
    database: Database, couple: Couple, clock: FakeClock
) -> None:
    """The counts are of the whole list, the rows of one page; a chip shows its own."""
    cookie = login(database, couple, clock=clock)
    token = draft(database, couple)
    async with Tab(cookie, f"/guests/import?draft={token}&page=2") as tab:
        await tab.open(GuestImportState.live)
        state = await tab.state(GuestImportState)
        assert (state.step, state.total, state.counts["new"]) == ("look", 56, 55)
        assert (state.first, state.last, len(state.rows)) == (51, 56, 6)
        assert state.following == ""
    async with Tab(cookie, f"/guests/import?draft={token}&show=bad&page=99") as tab:
        await tab.open(GuestImportState.live)
        state = await tab.state(GuestImportState)
        assert [row["told"] for row in state.rows] == [["“abc” is not a phone number."]]


async def test_a_press_writes_what_is_shown_and_says_so(
    database: Database, couple: Couple, clock: FakeClock
) -> None:
    """Once; the page then tells how many, and how many were left out."""
    cookie = login(database, couple, clock=clock)
    token = draft(database, couple)
    async with Tab(cookie, f"/guests/import?draft={token}") as tab:
        await tab.open(GuestImportState.live)
        await tab.do(GuestImportState.confirm())
        state = await tab.state(GuestImportState)
        assert state.step == "done"
        assert (state.done["written"], state.done["bad"]) == (55, 1)
        assert guests(database) == 55
        await tab.do(GuestImportState.confirm())
        assert guests(database) == 55


async def test_another_column_changes_the_lines_at_once(
    database: Database, couple: Couple, clock: FakeClock
) -> None:
    """The name becomes nothing: every line is bad, and the page says what to choose."""
    cookie = login(database, couple, clock=clock)
    token = draft(database, couple)
    async with Tab(cookie, f"/guests/import?draft={token}") as tab:
        await tab.open(GuestImportState.live)
        await tab.do(GuestImportState.use(0, ""))
        state = await tab.state(GuestImportState)
        assert (state.has_name, state.counts["bad"], state.writes) == (False, 56, 0)
        await tab.do(GuestImportState.use(0, "name"))
        await tab.do(GuestImportState.choose_side("bride"))
        state = await tab.state(GuestImportState)
        assert (state.side, state.writes) == ("bride", 55)
        assert "Bride" in state.rows[0]["about"]


async def test_what_moved_meanwhile_is_told_and_nothing_is_written(
    database: Database, couple: Couple, clock: FakeClock
) -> None:
    """Between the look and the press somebody added one of the guests."""
    cookie = login(database, couple, clock=clock)
    token = draft(database, couple)
    async with Tab(cookie, f"/guests/import?draft={token}") as tab:
        # Not live: this page has looked once and not seen the change.
        await tab.do(GuestImportState.choose_side("groom"))
        form = GuestForm("Somebody", phone="+39 333 111 0003")
        database.write_now(add_guest, couple.wedding, form, by=None, now=NOON)
        await tab.do(GuestImportState.confirm())
        state = await tab.state(GuestImportState)
        assert state.toast["kind"] == "error"
        assert "nothing was written" in state.toast["text"]
        assert (guests(database), state.step) == (1, "look")
        # It shows what would happen now, and that can be confirmed.
        assert state.counts["changed"] == 1
        await tab.do(GuestImportState.confirm())
        assert guests(database) == 55


async def test_who_may_only_look_sees_no_list_and_writes_none(
    database: Database, couple: Couple, clock: FakeClock
) -> None:
    """Not even their own draft, made while they still might."""
    cookie = login(database, couple, clock=clock, role=Role.VIEWER)
    token = draft(database, couple)
    async with Tab(cookie, f"/guests/import?draft={token}") as tab:
        await tab.open(GuestImportState.live)
        await tab.do(GuestImportState.confirm())
        state = await tab.state(GuestImportState)
        assert (state.may_write, guests(database)) == (False, 0)
        assert state.toast["kind"] == "error"


async def test_anothers_draft_is_gone(
    database: Database, couple: Couple, clock: FakeClock
) -> None:
    """The address alone shows nothing to another login of the same wedding."""
    login(database, couple, clock=clock)
    token = draft(database, couple)
    other = login(database, couple, clock=clock)
    async with Tab(other, f"/guests/import?draft={token}") as tab:
        await tab.open(GuestImportState.live)
        state = await tab.state(GuestImportState)
        assert (state.step, state.rows) == ("gone", [])
