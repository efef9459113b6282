"""The People page: logins added and ended, passwords that never come back."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.builders import Couple
from tests.fakes import FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound, Refused
from wedding_wa.models import AuditEntry, LoginSession, Membership, Role, User
from wedding_wa.runtime import Runtime
from wedding_wa.services import people, sessions, users
from wedding_wa.services.lockout import Strangers
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.users import WrongLogin
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_people import PeopleState
from wedding_wa.words import say

PASSWORD, NEW = "rose and thyme", "lavender and mint"
MARCO = {
    "email": "Marco@Example.org",
    "name": "Marco",
    "password": NEW,
    "again": NEW,
}


@pytest.fixture
def cookie(runtime: Runtime, couple: Couple, clock: FakeClock) -> str:
    """An owner's browser, whose password is PASSWORD."""
    made = login(runtime.db, couple, clock=clock)
    who = _viewer(runtime, made, clock)
    runtime.db.write_now(
        users.set_password,
        who.email,
        PASSWORD,
        keep=who.session_id,
        now=clock.now(),
    )
    return made


@pytest.fixture
async def tab(runtime: Runtime, cookie: str) -> AsyncIterator[Tab]:
    """The People page of that owner."""
    runtime.bus.attach()
    async with Tab(cookie, "/settings/people") as made:
        await made.open(PeopleState.live)
        yield made


def _viewer(runtime: Runtime, cookie: str, clock: FakeClock) -> Viewer:
    token = sessions.token_in(cookie)
    who = runtime.db.read_now(sessions.session_user, token, clock.now())
    assert who is not None
    return who


async def _may_log_in(
    db: Database, email: str, password: str, clock: FakeClock
) -> bool:
    try:
        user = await users.verify(
            db, email, password, strangers=Strangers(), clock=clock
        )
        await db.write(sessions.start, user, days=1, now=clock.now())
    except (WrongLogin, NotFound):
        return False
    return True


async def _toast(tab: Tab) -> str:
    return (await tab.state(PageState)).toast["text"]


def _count(session: Session, table: type) -> int:
    return session.exec(select(sa.func.count()).select_from(table)).one()


# --- somebody more --------------------------------------------------------------------


async def test_a_second_owner_can_log_in(
    tab: Tab, runtime: Runtime, clock: FakeClock
) -> None:
    """A login of their own, seen in the list at once, and on record who made it."""
    await tab.do(PeopleState.add(MARCO))
    state = await tab.state(PeopleState)
    assert [(one["email"], one["you"]) for one in state.members][1] == (
        "marco@example.org",
        False,
    )
    assert (state.added, state.wrong_new) == (1, {})
    assert await _may_log_in(runtime.db, "marco@example.org", NEW, clock)
    entry = runtime.db.read_now(
        lambda s: s.exec(select(AuditEntry).order_by(sa.desc("id"))).first()
    )
    assert (entry.action, entry.user_id) == ("login_added", state.members[0]["id"])


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"email": "marco@"}, "email", "error.email_invalid"),
        ({"password": "short", "again": "short"}, "password", "error.password_short"),
        ({"again": "another one"}, "again", "error.password_differs"),
    ],
)
async def test_a_wrong_field_is_told_beside_it(
    tab: Tab, runtime: Runtime, change: dict[str, str], field: str, code: str
) -> None:
    """Nothing is made, and the form is not emptied: `added` tells it when to."""
    await tab.do(PeopleState.add(MARCO | change))
    state = await tab.state(PeopleState)
    assert state.wrong_new == {field: say("en", code, n=10)}
    assert state.added == 0
    assert runtime.db.read_now(_count, User) == 1


async def test_an_address_that_has_a_login_is_refused(tab: Tab) -> None:
    """Nobody's password is changed by adding them once more."""
    await tab.do(PeopleState.add(MARCO))
    await tab.do(PeopleState.add(MARCO))
    state = await tab.state(PeopleState)
    assert state.wrong_new == {"email": say("en", "error.email_taken")}


async def test_a_login_that_ended_can_be_given_again(
    tab: Tab, runtime: Runtime, clock: FakeClock
) -> None:
    """The same address comes back with the new password, not with the old one."""
    await tab.do(PeopleState.add(MARCO))
    marco = (await tab.state(PeopleState)).members[1]["id"]
    await tab.do(PeopleState.remove(marco))
    assert not await _may_log_in(runtime.db, "marco@example.org", NEW, clock)
    again = {"password": "basil and sage", "again": "basil and sage"}
    await tab.do(PeopleState.add(MARCO | again))
    assert not await _may_log_in(runtime.db, "marco@example.org", NEW, clock)
    assert await _may_log_in(runtime.db, "marco@example.org", "basil and sage", clock)
    assert runtime.db.read_now(_count, User) == 2


# --- somebody less --------------------------------------------------------------------


async def test_removing_ends_every_session(
    tab: Tab, runtime: Runtime, couple: Couple, clock: FakeClock
) -> None:
    """Whoever is removed is logged in nowhere any more, and out of the list."""
    theirs = sessions.token_in(login(runtime.db, couple, clock=clock))
    who = runtime.db.read_now(sessions.session_user, theirs, clock.now())
    assert who is not None
    await tab.do(PeopleState.remove(who.user_id))
    assert await _toast(tab) == say("en", "people.removed")
    assert runtime.db.read_now(sessions.session_user, theirs, clock.now()) is None
    assert len((await tab.state(PeopleState)).members) == 1


async def test_an_open_page_of_theirs_leaves_at_once(
    runtime: Runtime, couple: Couple, cookie: str, clock: FakeClock
) -> None:
    """Removed by somebody else: the page goes to the login by itself."""
    runtime.bus.attach()
    theirs = login(runtime.db, couple, clock=clock)
    owner, other = (_viewer(runtime, one, clock) for one in (cookie, theirs))
    async with Tab(theirs, "/settings/people") as tab:
        await tab.open(PeopleState.live)
        await runtime.db.write(people.take_out, owner, other.user_id, now=clock.now())
        await tab.until(lambda: "/login" in str(tab.events), "the way out")


async def test_nobody_removes_themselves(tab: Tab, runtime: Runtime) -> None:
    """So that a wedding is never left without an owner."""
    me = (await tab.state(PeopleState)).members[0]["id"]
    await tab.do(PeopleState.remove(me))
    assert await _toast(tab) == say("en", "people.not_yourself")
    assert runtime.db.read_now(_count, Membership) == 1


def test_two_who_remove_each_other_leave_one(
    runtime: Runtime, couple: Couple, clock: FakeClock
) -> None:
    """The second is no member any more when their turn comes, whatever they knew."""
    one, two = (
        _viewer(runtime, login(runtime.db, couple, clock=clock), clock)
        for _ in range(2)
    )
    runtime.db.write_now(people.take_out, one, two.user_id, now=clock.now())
    with pytest.raises(Refused, match="not_allowed"):
        runtime.db.write_now(people.take_out, two, one.user_id, now=clock.now())
    assert runtime.db.read_now(_count, Membership) == 1


def test_what_cannot_be_undone_is_not_replayed() -> None:
    """A click made while the line was cut must not end anything later."""
    for handler in (PeopleState.remove, PeopleState.end_others):
        assert handler.event_actions.get("temporal") is True  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", [Role.PLANNER, Role.VIEWER])
async def test_only_owners_say_who_logs_in(
    runtime: Runtime, couple: Couple, clock: FakeClock, cookie: str, role: Role
) -> None:
    """Not by the page, which hides it, but by the handlers."""
    runtime.bus.attach()
    owner = _viewer(runtime, cookie, clock).user_id
    theirs = login(runtime.db, couple, clock=clock, role=role)
    async with Tab(theirs, "/settings/people") as tab:
        await tab.open(PeopleState.live)
        assert (await tab.state(PeopleState)).may_edit is False
        for event in (PeopleState.add(MARCO), PeopleState.remove(owner)):
            await tab.do(event)
            assert await _toast(tab) == say("en", "error.not_allowed")
    assert runtime.db.read_now(_count, User) == 2
    assert runtime.db.read_now(_count, Membership) == 2


# --- one's own ------------------------------------------------------------------------


async def test_a_changed_password_keeps_this_browser_only(
    tab: Tab, runtime: Runtime, cookie: str, clock: FakeClock
) -> None:
    """The new one holds, other browsers are out, and whoever changed it stays in."""
    who = _viewer(runtime, cookie, clock)
    other = runtime.db.write_now(sessions.start, who.user_id, days=1, now=clock.now())
    form = {"current": PASSWORD, "password": NEW, "again": NEW}
    await tab.do(PeopleState.change_password(form))
    state = await tab.state(PeopleState)
    assert (state.wrong_own, state.changed) == ({}, 1)
    assert _viewer(runtime, cookie, clock).session_id == who.session_id
    assert runtime.db.read_now(sessions.session_user, other, clock.now()) is None
    assert await _may_log_in(runtime.db, who.email, NEW, clock)


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        (
            {"current": "not this one", "password": NEW, "again": NEW},
            {"current": say("en", "people.wrong_current")},
        ),
        (
            {"current": PASSWORD, "password": NEW, "again": "else"},
            {"again": say("en", "error.password_differs")},
        ),
        ({}, {"password": say("en", "error.password_short", n=10)}),
    ],
)
async def test_the_old_password_stays_when_something_is_wrong(
    tab: Tab,
    runtime: Runtime,
    cookie: str,
    clock: FakeClock,
    form: dict[str, str],
    wrong: dict[str, str],
) -> None:
    """The sentence stands beside its field, in the reader's language."""
    await tab.do(PeopleState.change_password(form))
    state = await tab.state(PeopleState)
    assert (state.wrong_own, state.changed) == (wrong, 0)
    email = _viewer(runtime, cookie, clock).email
    assert await _may_log_in(runtime.db, email, PASSWORD, clock)


async def test_guessing_the_current_password_is_locked_out(tab: Tab) -> None:
    """A page that somebody left open is no way to try passwords."""
    form = {"current": "a guess", "password": NEW, "again": NEW}
    told: dict[str, str] = {}
    while "form" not in told:
        await tab.do(PeopleState.change_password(form))
        told = (await tab.state(PeopleState)).wrong_own
    assert told["form"].startswith("Too many wrong passwords")


async def test_other_browsers_are_logged_out(
    tab: Tab, runtime: Runtime, cookie: str, clock: FakeClock
) -> None:
    """All of this person, none of anybody else, not this one."""
    who = _viewer(runtime, cookie, clock)
    for agent in ("Mozilla/5.0 (iPhone) CriOS/120 Safari/604", "curl"):
        runtime.db.write_now(
            sessions.start, who.user_id, days=1, user_agent=agent, now=clock.now()
        )
    runtime.bus.publish()
    await tab.until(lambda: len(tab.sent().get("seats", [])) == 3, "three are seen")
    seats = (await tab.state(PeopleState)).seats
    assert [one["here"] for one in seats] == [True, False, False]
    assert {(one["program"], one["system"]) for one in seats[1:]} == {
        ("Chrome", "iPhone"),
        ("", ""),
    }
    await tab.do(PeopleState.end_others)
    assert len((await tab.state(PeopleState)).seats) == 1
    assert runtime.db.read_now(_count, LoginSession) == 1


async def test_no_password_comes_back(
    tab: Tab, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a delta, nor a log line, nor any variable of the state holds one."""
    caplog.set_level(logging.DEBUG)
    seen = []
    for event in (
        PeopleState.add(MARCO | {"email": "x"}),
        PeopleState.add(MARCO),
        PeopleState.change_password({"current": "wrong wrong", "password": NEW}),
        PeopleState.change_password(
            {"current": PASSWORD, "password": "sage and dill", "again": "sage and dill"}
        ),
    ):
        await tab.do(event)
        seen.append(json.dumps(tab.deltas, default=str))
    state = await tab.state(PeopleState)
    seen += [repr(state.dict()), repr(state._backend_vars), caplog.text]
    for secret in (NEW, PASSWORD, "sage and dill", "wrong wrong"):
        assert not any(secret in text for text in seen)
