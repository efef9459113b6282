"""Passwords and the lock-out, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session

from tests.fakes import NOON, FakeClock
from tests.integration.auth.conftest import EMAIL, PASSWORD, set_up
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.models import Role
from wedding_wa.services import sessions, users, weddings
from wedding_wa.services.lockout import LockedOut, Strangers
from wedding_wa.services.users import WrongLogin


async def _verify(db: Database, password: str, clock: FakeClock) -> int:
    return await users.verify(db, EMAIL, password, strangers=Strangers(), clock=clock)


async def test_the_right_password_is_let_in(
    any_database: Database, clock: FakeClock
) -> None:
    """The address may be typed in capitals."""
    owner = set_up(any_database)
    found = await users.verify(
        any_database,
        " ANNA@example.org ",
        PASSWORD,
        strangers=Strangers(),
        clock=clock,
    )
    assert found == owner


async def test_five_wrong_ones_lock_even_the_right_one_out(
    any_database: Database, clock: FakeClock
) -> None:
    """For a minute, then it opens; a success forgets the failures."""
    owner = set_up(any_database)
    for _ in range(4):
        with pytest.raises(WrongLogin):
            await _verify(any_database, "wrong wrong wrong", clock)
    with pytest.raises(LockedOut):
        await _verify(any_database, "wrong wrong wrong", clock)
    clock.advance(59)
    with pytest.raises(LockedOut):
        await _verify(any_database, PASSWORD, clock)
    clock.advance(1)
    assert await _verify(any_database, PASSWORD, clock) == owner
    with pytest.raises(WrongLogin):
        await _verify(any_database, "wrong wrong wrong", clock)


async def test_each_further_failure_closes_it_for_longer(
    any_database: Database, clock: FakeClock
) -> None:
    """1, 2, 4, 8, 15, 15 minutes."""
    set_up(any_database)
    minutes = []
    for number in range(10):
        with pytest.raises(Refused) as told:
            await _verify(any_database, "wrong wrong wrong", clock)
        if number >= 4:
            assert isinstance(told.value, LockedOut)
            minutes.append((told.value.until - clock.now()) / timedelta(minutes=1))
            clock.advance((told.value.until - clock.now()).total_seconds())
    assert minutes == [1, 2, 4, 8, 15, 15]


async def test_guesses_at_the_same_moment_are_counted_too(
    any_database: Database, clock: FakeClock
) -> None:
    """Twenty at once try no more than five passwords."""
    set_up(any_database)
    tries = [_verify(any_database, f"wrong guess {n}", clock) for n in range(20)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(end, WrongLogin) for end in ended) == 4
    assert sum(isinstance(end, LockedOut) for end in ended) == 16


async def test_a_stranger_is_answered_like_a_person(
    any_database: Database, clock: FakeClock
) -> None:
    """Wrong four times, then locked: nothing tells that the address is unknown."""
    strangers = Strangers()
    told = []
    for _ in range(6):
        with pytest.raises(Refused) as refusal:
            await users.verify(
                any_database,
                "nobody@example.org",
                PASSWORD,
                strangers=strangers,
                clock=clock,
            )
        told.append(refusal.value.code)
    assert told == ["error.wrong_login"] * 4 + ["error.locked_out"] * 2


async def test_a_new_password_opens_the_lock_and_ends_all_sessions(
    any_database: Database, clock: FakeClock
) -> None:
    """The way out for somebody locked out or found out."""
    owner = set_up(any_database)
    token = any_database.write_now(sessions.start, owner, days=30, now=NOON)
    for _ in range(5):
        with pytest.raises(Refused):
            await _verify(any_database, "wrong wrong wrong", clock)
    any_database.write_now(users.set_password, EMAIL, "another password", now=NOON)
    assert await _verify(any_database, "another password", clock) == owner
    with pytest.raises(WrongLogin):
        await _verify(any_database, PASSWORD, clock)
    assert any_database.read_now(sessions.session_user, token, NOON) is None
    with pytest.raises(NotFound):
        any_database.write_now(
            users.set_password, "nobody@example.org", PASSWORD, now=NOON
        )


def test_the_partner_gets_a_login_of_their_own(any_database: Database) -> None:
    """Same wedding, own password, noted who added it."""
    owner = set_up(any_database)
    wedding = any_database.read_now(weddings.only_wedding)
    assert wedding is not None

    def add(session: Session) -> int:
        return users.add_login(
            session,
            wedding_id=wedding,
            email="marco@example.org",
            password="another password",
            name="Marco",
            role=Role.PLANNER,
            by=owner,
            now=NOON,
        )

    partner = any_database.write_now(add)
    token = any_database.write_now(sessions.start, partner, days=30, now=NOON)
    viewer = any_database.read_now(sessions.session_user, token, NOON)
    assert viewer is not None
    assert (viewer.wedding_id, viewer.role) == (wedding, Role.PLANNER)
    with pytest.raises(BadInput):
        any_database.write_now(add)
