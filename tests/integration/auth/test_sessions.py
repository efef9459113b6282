"""Who is logged in, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.fakes import NOON
from tests.integration.auth.conftest import EMAIL, rows, set_up
from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound
from wedding_wa.models import LoginSession, Membership, Role
from wedding_wa.services import sessions


def test_the_database_does_not_know_the_secret(any_database: Database) -> None:
    """Only a hash is stored: a stolen file logs nobody in."""
    owner = set_up(any_database)
    token = any_database.write_now(
        sessions.start, owner, days=30, user_agent="x" * 999, now=NOON
    )
    row = any_database.read_now(lambda s: s.exec(select(LoginSession)).one())
    assert len(token) >= 43
    assert token not in row.model_dump_json()
    assert len(row.user_agent) <= 200


def test_a_session_says_who_looks_until_it_expires(any_database: Database) -> None:
    """Valid up to the moment it expires, never after."""
    owner = set_up(any_database)
    token = any_database.write_now(sessions.start, owner, days=2, now=NOON)
    last = NOON + timedelta(days=2) - timedelta(seconds=1)
    viewer = any_database.read_now(sessions.session_user, token, last)
    assert viewer is not None
    assert (viewer.user_id, viewer.role, viewer.email) == (owner, Role.OWNER, EMAIL)
    assert (viewer.time_zone, viewer.language) == ("Europe/Rome", "it")
    assert (viewer.groom_name, viewer.bride_name) == ("Marco", "Anna")
    end = NOON + timedelta(days=2)
    assert any_database.read_now(sessions.session_user, token, end) is None
    for wrong in ("", "x", token + "x", token.swapcase()):
        assert any_database.read_now(sessions.session_user, wrong, NOON) is None


async def test_logging_out_is_seen_at_the_next_event(any_database: Database) -> None:
    """No cache: the very next look finds nobody, and open pages are woken."""
    owner = set_up(any_database)
    one, two = [
        any_database.write_now(sessions.start, owner, days=30, now=NOON)
        for _ in range(2)
    ]
    changes: list[object] = []
    any_database.on_commit.append(changes.extend)
    await any_database.write(sessions.end, one)
    cookie = f"lang=it; wedding_wa={one}; theme=dark"
    assert await sessions.viewer_of(any_database, cookie, now=NOON) is None
    still = await sessions.viewer_of(any_database, f"wedding_wa={two}", now=NOON)
    assert still is not None
    assert [getattr(change, "what", "") for change in changes] == ["login"]


async def test_being_here_is_noted_once_a_minute(any_database: Database) -> None:
    """Reading costs no write, but for one a minute."""
    owner = set_up(any_database)
    token = any_database.write_now(sessions.start, owner, days=30, now=NOON)

    async def seen_at(seconds: float) -> object:
        now = NOON + timedelta(seconds=seconds)
        assert await sessions.viewer(any_database, token, now=now)
        return any_database.read_now(
            lambda s: s.exec(select(LoginSession.last_seen_at)).one()
        )

    assert await seen_at(59) == NOON
    assert await seen_at(60) == NOON + timedelta(seconds=60)
    assert await seen_at(119) == NOON + timedelta(seconds=60)


def test_expired_sessions_are_swept_at_the_next_login(any_database: Database) -> None:
    """A person's old rows do not pile up."""
    owner = set_up(any_database)
    any_database.write_now(sessions.start, owner, days=1, now=NOON)
    later = NOON + timedelta(days=2)
    any_database.write_now(sessions.start, owner, days=1, now=later)
    assert any_database.read_now(rows, LoginSession) == 1


def test_who_left_the_wedding_is_nobody(any_database: Database) -> None:
    """Without a membership a valid session opens nothing, a new one is refused."""
    owner = set_up(any_database)
    token = any_database.write_now(sessions.start, owner, days=30, now=NOON)
    any_database.write_now(lambda s: s.execute(sa.delete(Membership)).close())
    assert any_database.read_now(sessions.session_user, token, NOON) is None
    with pytest.raises(NotFound):
        any_database.write_now(sessions.start, owner, days=30, now=NOON)
