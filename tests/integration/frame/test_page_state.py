"""What every page's state does: the strip, the live loop, refusals, the language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import reflex as rx
from reflex.app_mixins.middleware import MiddlewareMixin
from sqlmodel import Session, select

from tests.builders import Couple, make_couple
from tests.desk import built
from tests.fakes import FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.db import Database
from wedding_wa.domain.errors import Conflict
from wedding_wa.models import User
from wedding_wa.runtime import Runtime
from wedding_wa.services import sessions
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import LoginRequired


class ShelfState(PageState):
    """A page that shows one number, which the test sets."""

    number: int = 0
    other: int = 0

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        del who
        return {"number": SHELF["number"], "other": 7}

    @rx.event(background=True)
    async def live(self) -> Leave:
        return await self._follow()

    @rx.event
    async def look(self) -> None:
        await self._refresh()

    @rx.event
    async def fail(self) -> None:
        await self._do(_refused())


SHELF = {"number": 1}


async def _refused() -> None:
    raise Conflict


def _languages(session: Session) -> list[str | None]:
    return list(session.exec(select(User.language)).all())


@pytest.fixture
def runtime(database: Database, clock: FakeClock) -> Iterator[Runtime]:
    """The process's runtime on a database and a clock of the test."""
    with built(database, clock) as app:
        yield app


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def couple(database: Database) -> Couple:
    return make_couple(database)


@pytest.fixture
async def tab(runtime: Runtime, couple: Couple, clock: FakeClock) -> AsyncIterator[Tab]:
    """A tab of somebody who reads Italian."""
    runtime.bus.attach()
    SHELF["number"] = 1
    cookie = login(runtime.db, couple, clock=clock, lang="it")
    async with Tab(cookie, "/shelf") as made:
        yield made


async def test_the_first_look_brings_page_and_strip(tab: Tab) -> None:
    """One delta fills a page: its own rows, the strip, the reader's language."""
    await tab.open(ShelfState.live)
    state = await tab.state(ShelfState)
    assert (state.number, state.lang) == (1, "it")
    assert [one["key"] for one in state.strip] == ["groom", "bride"]
    assert state.strip[0]["limit"] == 10
    assert state.loaded == [ShelfState.get_full_name()]


async def test_only_what_changed_is_sent(tab: Tab, runtime: Runtime) -> None:
    """A signal after which one number differs sends that number, not the page."""
    await tab.open(ShelfState.live)
    await tab.until(lambda: tab.sent().get("beat"), "first beat")
    tab.deltas.clear()
    SHELF["number"] = 2
    runtime.bus.publish()
    await tab.until(lambda: "number" in tab.sent(), "the number is sent")
    assert tab.sent()["number"] == 2
    assert not {"other", "strip", "lang", "loaded"} & set(tab.sent())


async def test_pausing_shows_in_the_strip(tab: Tab) -> None:
    """The button on every page stops everything, and the page says so."""
    await tab.open(ShelfState.live)
    await tab.do(PageState.pause_all(True))
    await tab.until(lambda: tab.sent().get("paused") is True, "paused")
    await tab.do(PageState.pause_all(False))
    await tab.until(lambda: tab.sent().get("paused") is False, "resumed")


async def test_a_refusal_is_told_in_the_readers_language(tab: Tab) -> None:
    """A known error becomes a toast with its sentence, and nothing is logged."""
    await tab.open(ShelfState.live)
    await tab.do(ShelfState.fail)
    toast = (await tab.state(PageState)).toast
    assert toast["kind"] == "error"
    assert toast["text"].startswith("Così com'è adesso")


async def test_the_language_is_kept_for_the_next_login(
    tab: Tab, runtime: Runtime
) -> None:
    """A choice holds in this tab at once and is stored with the person."""
    await tab.open(ShelfState.live)
    await tab.do(PageState.choose_language("en"))
    assert (await tab.state(PageState)).lang == "en"
    assert runtime.db.read_now(_languages) == ["en"]
    await tab.do(PageState.choose_language("<script>"))
    assert runtime.db.read_now(_languages) == ["en"]


async def test_the_loop_ends_with_the_login(tab: Tab, runtime: Runtime) -> None:
    """Logged out elsewhere: the page leaves for the login by itself."""
    await tab.open(ShelfState.live)
    runtime.db.write_now(lambda session: sessions.end_all(session, 1))
    await tab.until(lambda: "/login" in str(tab.events), "the way to the login")


async def test_no_event_without_a_login(runtime: Runtime, couple: Couple) -> None:
    """A socket without a login can call nothing, whatever it sends."""
    runtime.bus.attach()
    async with Tab("wedding_wa=guessed", "/shelf") as tab:
        door = MiddlewareMixin()
        door.add_middleware(LoginRequired())
        tab._processor.middleware = door  # as rx.App hands itself in
        await tab.do(ShelfState.look)
        await tab.do(PageState.pause_all(True))
        state = await tab.state(ShelfState)
        assert (state.number, state.paused) == (0, False)
        assert "/login" in str(tab.events)
