"""People, logins and keys in the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.fakes import NOON, FakeClock
from tests.integration.auth.conftest import COUPLE, EMAIL, PASSWORD
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.models import (
    Account,
    ApiKey,
    AuditEntry,
    LoginSession,
    Membership,
    Policy,
    Role,
    User,
    Wedding,
)
from wedding_wa.services import apikeys, sessions, users, weddings
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.lockout import LockedOut, Strangers
from wedding_wa.services.users import WrongLogin


def _set_up(db: Database, email: str = EMAIL) -> int:
    return db.write_now(
        weddings.set_up,
        COUPLE,
        email=email,
        password=PASSWORD,
        language="it",
        now=NOON,
    )


async def _verify(db: Database, password: str, clock: FakeClock) -> int:
    return await users.verify(db, EMAIL, password, strangers=Strangers(), clock=clock)


# --- the wedding ---------------------------------------------------------------------


def test_setup_makes_everything_at_once(any_database: Database) -> None:
    """One transaction: owner, wedding, two accounts, their limits, a line of audit."""
    owner = _set_up(any_database)

    def look(session: Session) -> None:
        wedding = session.exec(select(Wedding)).one()
        assert (wedding.groom_name, wedding.time_zone) == ("Marco", "Europe/Rome")
        accounts = session.exec(select(Account).order_by(Account.key)).all()
        assert [account.key for account in accounts] == ["bride", "groom"]
        for account in accounts:
            policy = session.get_one(Policy, account.id)
            assert policy.value() == PolicyValue()
        member = session.exec(select(Membership)).one()
        assert (member.user_id, member.role) == (owner, Role.OWNER)
        user = session.get_one(User, owner)
        assert (user.email, user.language) == (EMAIL, "it")
        assert PASSWORD not in user.password_hash
        assert session.exec(select(AuditEntry)).one().action == "wedding_created"

    any_database.read_now(look)


async def test_of_two_first_owners_one_is_refused(any_database: Database) -> None:
    """Whoever is second, even at the same moment, is told that it is done."""
    tries = [
        any_database.write(
            weddings.set_up,
            COUPLE,
            email=f"{number}@example.org",
            password=PASSWORD,
            language="en",
            now=NOON,
        )
        for number in range(4)
    ]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    refused = [end for end in ended if isinstance(end, Refused)]
    assert len(refused) == 3
    assert {error.code for error in refused} == {"error.setup_done"}
    assert any_database.read_now(_count, User) == 1
    assert any_database.read_now(_count, Wedding) == 1


def test_a_wrong_field_makes_nothing(any_database: Database) -> None:
    """A refused setup leaves no owner behind that would close the link."""
    with pytest.raises(BadInput):
        any_database.write_now(
            weddings.set_up,
            weddings.NewWedding(
                groom_name="A", bride_name="B", time_zone="Moon", default_country="IT"
            ),
            email=EMAIL,
            password=PASSWORD,
            language="en",
            now=NOON,
        )
    assert not any_database.read_now(weddings.first_owner_exists)


def test_create_admin_makes_a_wedding_only_where_there_is_none(
    any_database: Database,
) -> None:
    """The first one makes it, the next one joins it, the same address is refused."""
    for email in ("one@example.org", "two@example.org"):
        _create_admin(any_database, email)
    with pytest.raises(BadInput) as told:
        _create_admin(any_database, "ONE@example.org")
    assert told.value.field == "email"
    assert any_database.read_now(_count, Wedding) == 1
    assert any_database.read_now(_count, Account) == 2
    assert any_database.read_now(_count, Membership) == 2


def _create_admin(db: Database, email: str) -> int:
    return db.write_now(
        weddings.create_admin,
        email=email,
        password=PASSWORD,
        language="en",
        now=NOON,
    )


# --- passwords -----------------------------------------------------------------------


async def test_the_right_password_is_let_in(
    any_database: Database, clock: FakeClock
) -> None:
    """The address may be typed in capitals."""
    owner = _set_up(any_database)
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
    owner = _set_up(any_database)
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
    _set_up(any_database)
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
    _set_up(any_database)
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
    owner = _set_up(any_database)
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
    owner = _set_up(any_database)
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


# --- sessions ------------------------------------------------------------------------


def test_the_database_does_not_know_the_secret(any_database: Database) -> None:
    """Only a hash is stored: a stolen file logs nobody in."""
    owner = _set_up(any_database)
    token = any_database.write_now(
        sessions.start, owner, days=30, user_agent="x" * 999, now=NOON
    )
    row = any_database.read_now(lambda s: s.exec(select(LoginSession)).one())
    assert len(token) >= 43
    assert token not in row.model_dump_json()
    assert len(row.user_agent) <= 200


def test_a_session_says_who_looks_until_it_expires(any_database: Database) -> None:
    """Valid up to the moment it expires, never after."""
    owner = _set_up(any_database)
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
    owner = _set_up(any_database)
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
    owner = _set_up(any_database)
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
    owner = _set_up(any_database)
    any_database.write_now(sessions.start, owner, days=1, now=NOON)
    later = NOON + timedelta(days=2)
    any_database.write_now(sessions.start, owner, days=1, now=later)
    assert any_database.read_now(_count, LoginSession) == 1


def test_who_left_the_wedding_is_nobody(any_database: Database) -> None:
    """Without a membership a valid session opens nothing, a new one is refused."""
    owner = _set_up(any_database)
    token = any_database.write_now(sessions.start, owner, days=30, now=NOON)
    any_database.write_now(lambda s: s.execute(sa.delete(Membership)).close())
    assert any_database.read_now(sessions.session_user, token, NOON) is None
    with pytest.raises(NotFound):
        any_database.write_now(sessions.start, owner, days=30, now=NOON)


# --- keys for programs ---------------------------------------------------------------


def _key(db: Database, *scopes: str) -> str:
    wedding = db.read_now(weddings.only_wedding)
    assert wedding is not None
    return db.write_now(
        apikeys.create_key, wedding_id=wedding, name="till", scopes=scopes, now=NOON
    )


def test_a_key_may_do_what_it_was_given(any_database: Database) -> None:
    """Shown once, stored as a hash, `admin` includes the others."""
    _set_up(any_database)
    key = _key(any_database, "send", " READ ")
    holder = any_database.read_now(apikeys.holder, key, NOON)
    assert holder is not None
    assert holder.scopes == {Scope.READ, Scope.SEND}
    row = any_database.read_now(lambda s: s.exec(select(ApiKey)).one())
    assert key.startswith(row.prefix)
    assert key not in row.model_dump_json()
    admin = any_database.read_now(apikeys.holder, _key(any_database, "admin"), NOON)
    assert admin is not None
    assert admin.scopes == set(Scope)


def test_wrong_ended_and_expired_keys_are_refused(any_database: Database) -> None:
    """The prefix alone, a changed secret, a revoked and an expired key: nobody."""
    _set_up(any_database)
    key = _key(any_database, "read")
    for wrong in ("", key[:12], key[:-1], key[:-1] + "!", key.upper()):
        assert any_database.read_now(apikeys.holder, wrong, NOON) is None
    holder = any_database.read_now(apikeys.holder, key, NOON)
    assert holder is not None
    any_database.write_now(
        apikeys.revoke_key,
        holder.key_id,
        wedding_id=holder.wedding_id,
        by=None,
        now=NOON,
    )
    assert any_database.read_now(apikeys.holder, key, NOON) is None
    brief = any_database.write_now(
        apikeys.create_key,
        wedding_id=holder.wedding_id,
        name="brief",
        scopes=["read"],
        expires_at=NOON,
        now=NOON,
    )
    assert any_database.read_now(apikeys.holder, brief, NOON) is None


@pytest.mark.parametrize("scopes", [[], [""], ["write"], ["read", "everything"]])
def test_a_key_without_known_rights_is_not_made(
    database: Database, scopes: list[str]
) -> None:
    """The sentence lists the rights there are."""
    _set_up(database)
    with pytest.raises(BadInput) as told:
        _key(database, *scopes)
    assert told.value.params["known"] == "read, send, control, admin"


def test_keys_are_compared_in_constant_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret part goes through hmac.compare_digest."""
    _set_up(database)
    key = _key(database, "read")
    compared: list[tuple[str, str]] = []

    def compare(one: str, two: str) -> bool:
        compared.append((one, two))
        return False

    monkeypatch.setattr(apikeys.hmac, "compare_digest", compare)
    assert database.read_now(apikeys.holder, key, NOON) is None
    assert len(compared) == 1
    assert key not in compared[0]


def _count(session: Session, table: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
