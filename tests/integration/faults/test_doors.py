"""A database that cannot be used: every door says so, and nothing is half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest
import reflex as rx
import sqlalchemy as sa
from sqlmodel import func, select

from tests import accounts as see
from tests.desk import built
from tests.fakes import FakeClock
from tests.integration.api_v1.conftest import (  # noqa: F401
    Place,
    database,
    peopled,
    place,
    program,
)
from tests.integration.auth.conftest import _quick_hashes, house  # noqa: F401
from tests.integration.faults.database import Trouble
from tests.integration.inbound.conftest import Door, app, door  # noqa: F401
from tests.integration.inbound.test_webhook_route import sample
from tests.reflex_harness import Tab, login
from wedding_wa.db import Database
from wedding_wa.models import Guest
from wedding_wa.services import sessions
from wedding_wa.services.database_trouble import in_passing, trouble_of
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState

SOON, LATER = "5", "60"
WEBHOOK = "/api/webhooks/waha/groom"


@contextmanager
def read_only(trouble: Trouble) -> Iterator[None]:
    trouble.make_read_only()
    yield
    trouble.make_writable()


@contextmanager
def full(trouble: Trouble) -> Iterator[None]:
    """Full to the last byte: also what is small does not fit any more."""
    trouble.fill_the_disk()
    yield
    trouble.make_room()


def locked(trouble: Trouble) -> AbstractContextManager[None]:
    return trouble.locked()


Sick = Callable[[Trouble], AbstractContextManager[None]]
TROUBLES = [
    pytest.param(locked, 503, "error.database_busy", SOON, id="locked"),
    pytest.param(read_only, 503, "error.database_read_only", LATER, id="read-only"),
    pytest.param(full, 507, "error.database_full", LATER, id="disk full"),
]
GUEST = {"name": "Pia", "notes": "n" * 900}


@pytest.mark.parametrize(("sick", "status", "code", "wait"), TROUBLES)
async def test_a_change_is_refused_with_the_time_to_come_back(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
    trouble: Trouble,
    sick: Sick,
    status: int,
    code: str,
    wait: str,
) -> None:
    """A door never says yes without a row: 503, or 507 where the disk is full, in
    words, with Retry-After; reading goes on, and afterwards all is as if nothing had
    been."""
    taken = _guests(place)
    with sick(trouble):
        answer = await _until_refused(program)
        taken += answer.extensions["taken_before"]
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"] == wait
        assert answer.json()["code"] == code
        assert "sqlite" not in answer.text.lower()
        assert (await program.get("/guests")).status_code == 200
    assert _guests(place) == taken
    assert (await program.post("/guests", json=GUEST)).status_code == 201
    assert trouble.is_whole()


async def _until_refused(program: httpx.AsyncClient) -> httpx.Response:  # noqa: F811
    """Ask until the pages that were there are used up; how many were taken before."""
    for number in range(200):
        answer = await program.post("/guests", json=GUEST)
        if answer.status_code != 201:
            answer.extensions["taken_before"] = number
            return answer
    raise AssertionError("two hundred guests fit into a file that cannot grow")


def _guests(place: Place) -> int:  # noqa: F811
    count = select(func.count()).select_from(Guest)
    return place.house.db.read_now(lambda s: s.exec(count).one())


@pytest.mark.parametrize(("sick", "status", "code", "wait"), TROUBLES)
async def test_waha_is_asked_to_tell_its_event_again(
    door: Door,  # noqa: F811
    trouble: Trouble,
    sick: Sick,
    status: int,
    code: str,
    wait: str,
) -> None:
    """An event is acknowledged once it is stored, never before; told again it is
    stored once."""
    told = [sample("message", "DEVICE")]
    with sick(trouble):
        answer = await door.post(told[0])
        while answer.status_code == 200:  # what was left of the last pages
            told.append(see.event("unknown", {"x": "x" * 900}, at=door.app.clock.now()))
            answer = await door.post(told[-1])
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["Retry-After"] == wait
        assert len(see.log(door.app.db, door.couple.groom)) == len(told) - 1
    for _ in range(2):
        assert (await door.post(told[-1])).status_code == 200
    kept = see.log(door.app.db, door.couple.groom)
    assert [row.raw for row in kept] == told


async def test_nobody_is_let_in_unknown_while_the_database_is_away(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who it is cannot be told: 503 for programs and people, never a way in."""
    cause = sa.exc.OperationalError("SELECT 1", None, Exception("gone"))

    async def away(*_: object, **__: object) -> None:
        raise cause

    with monkeypatch.context() as broken:
        broken.setattr(Database, "read", away)
        answer = await program.get("/guests")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, SOON)
        async with place.house.browser(Cookie=f"{sessions.COOKIE}=x") as browser:
            page = await browser.get("/guests")
            assert page.status_code == 503
            assert "text/html" in page.headers["Content-Type"]
    assert (await program.get("/guests")).status_code == 200


def test_a_statement_that_is_wrong_is_a_defect_and_no_trouble(
    database: Database,  # noqa: F811
) -> None:
    """A missing table is not mended by waiting: that stays a 500."""
    with pytest.raises(sa.exc.OperationalError) as wrong:
        database.read_now(lambda s: s.execute(sa.text("SELECT * FROM no_such_table")))
    assert trouble_of(wrong.value) is None


class Answer(Exception):
    """What a PostgreSQL driver raises, as far as it is looked at."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        (None, "error.database_busy"),
        ("57P01", "error.database_busy"),
        ("57P03", "error.database_busy"),
        ("08006", "error.database_busy"),
        ("53300", "error.database_busy"),
        ("53100", "error.database_full"),
        ("25006", "error.database_read_only"),
        ("42P01", None),
    ],
)
def test_what_postgres_says_is_told_apart(
    sqlstate: str | None, code: str | None
) -> None:
    """Shut down, starting, no connections left, disk full, a standby; and a defect."""
    error = sa.exc.OperationalError("SELECT 1", None, Answer(sqlstate))
    assert trouble_of(error) == code


async def test_a_note_in_passing_stops_nobody() -> None:
    """That somebody was here is worth a line, not a closed door."""

    async def fails() -> None:
        raise sa.exc.OperationalError("UPDATE", None, Exception("locked"))

    await in_passing(fails())


class CounterState(PageState):
    """A page that shows how many guests there are, and can add one."""

    guests: int = 0

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        if DATABASE["away"]:
            raise sa.exc.OperationalError("SELECT", None, Exception("gone"))
        return {"guests": DATABASE["guests"]}

    @rx.event(background=True)
    async def live(self) -> Leave:
        return await self._follow()

    @rx.event
    async def add(self) -> None:
        await self._do(_write())


DATABASE = {"away": False, "guests": 1}


async def _write() -> None:
    raise sa.exc.OperationalError("INSERT", None, Exception("gone"))


async def test_an_open_page_waits_and_goes_on_by_itself(
    database: Database,  # noqa: F811
    clock: FakeClock,
) -> None:
    """Its loop outlives a database that is away; a click meanwhile is answered."""
    from tests.builders import make_couple

    couple = make_couple(database)
    with built(database, clock) as made:
        made.bus.attach()
        cookie = login(database, couple, clock=clock)
        async with Tab(cookie, "/counter") as tab:
            await tab.open(CounterState.live)
            assert (await tab.state(CounterState)).guests == 1
            DATABASE.update(away=True, guests=2)
            made.bus.publish([])
            await tab.do(CounterState.add)
            toast = (await tab.state(CounterState)).toast
            assert (toast["kind"], "database" in toast["text"]) == ("error", True)
            DATABASE.update(away=False)
            await tab.until(lambda: tab.sent().get("guests") == 2, "it goes on")


async def test_who_only_reads_is_not_turned_away(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
    clock: FakeClock,
    trouble: Trouble,
) -> None:
    """That a key was used is noted once a minute; where it cannot be, reading goes
    on all the same."""
    assert (await program.get("/guests")).status_code == 200
    clock.advance(3600)
    with read_only(trouble):
        assert (await program.get("/guests")).status_code == 200
