"""Who a `Bearer` is, and whether they still may: keys and access tokens alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.fakes import NOON
from tests.integration.auth.conftest import set_up
from wedding_wa.db import Database
from wedding_wa.models import Membership
from wedding_wa.services import access, apikeys, bearers, grants, weddings
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.secrets import Sealer

SEALER = Sealer(b"test")
LATER = NOON + timedelta(days=30)


def _key(db: Database, **more: object) -> str:
    values = {"name": "till", "scopes": ["read", "send"], "now": NOON} | more
    wedding = db.read_now(weddings.only_wedding)
    return db.write_now(apikeys.create_key, wedding_id=wedding, **values)  # type: ignore[arg-type]


def _access(db: Database, *, user_id: int | None, key_id: int | None) -> str:
    prefix = grants.new_prefix()
    db.write_now(
        grants.add,
        wedding_id=db.read_now(weddings.only_wedding) or 0,
        user_id=user_id,
        key_id=key_id,
        prefix=prefix,
        refresh_hash="x",
        scopes=[Scope.READ, Scope.SEND],
        expires_at=LATER,
        now=NOON,
    )
    grant = db.read_now(grants.alive, prefix, NOON)
    assert grant is not None
    return access.sign(grant, sealer=SEALER, now=NOON)


async def _of(db: Database, token: str, minutes: int = 0) -> Bearer | None:
    now = NOON + timedelta(minutes=minutes)
    return await bearers.bearer_of(db, token, now=now, sealer=SEALER)


async def _three(db: Database) -> tuple[Bearer, Bearer, Bearer]:
    """A key, a token of that key, a token of the owner."""
    owner = set_up(db)
    key = await _of(db, _key(db))
    assert key is not None
    of_key = await _of(db, _access(db, user_id=None, key_id=key.key_id))
    of_owner = await _of(db, _access(db, user_id=owner, key_id=None))
    assert of_key is not None
    assert of_owner is not None
    return key, of_key, of_owner


async def test_keys_and_tokens_say_who_they_are(any_database: Database) -> None:
    """Both act for one wedding, with their scopes; a token has an end."""
    key, of_key, of_owner = await _three(any_database)
    assert (key.grant_id, key.user_id, key.expires_at) == (None, None, None)
    assert (of_key.key_id, of_key.user_id) == (key.key_id, None)
    assert (of_owner.key_id, of_owner.name) == (None, "")
    for one in (key, of_key, of_owner):
        assert one.scopes == {Scope.READ, Scope.SEND}
        assert one.wedding_id == key.wedding_id
    assert of_owner.expires_at == NOON + timedelta(minutes=15)


@pytest.mark.parametrize(
    "token", ["", " ", "x", "a.b.c", "wwa_", "wwa_\0", "é" * 9, "\ud800", "9" * 5000]
)
async def test_nonsense_is_nobody(any_database: Database, token: str) -> None:
    """Also what no database could be asked for."""
    set_up(any_database)
    assert await _of(any_database, token) is None


async def test_many_are_looked_at_by_one_query(any_database: Database) -> None:
    """However many sockets are open, who still may is asked once."""
    many = await _three(any_database)
    asked: list[str] = []

    def count(*args: object) -> None:
        asked.append(str(args[2]))

    sa.event.listen(any_database.engine, "before_cursor_execute", count)
    found = any_database.read_now(bearers.still_valid, many * 50, NOON)
    assert found == set(many)
    assert len([one for one in asked if "SELECT" in one]) == 1
    assert any_database.read_now(bearers.still_valid, [], NOON) == set()
    sa.event.remove(any_database.engine, "before_cursor_execute", count)


async def test_a_revoked_key_ends_what_it_opened(any_database: Database) -> None:
    """The key, and the tokens given out for it; nobody else's."""
    key, of_key, of_owner = many = await _three(any_database)
    assert key.key_id is not None
    any_database.write_now(
        apikeys.revoke_key, key.key_id, wedding_id=key.wedding_id, by=None, now=NOON
    )
    left = any_database.read_now(bearers.still_valid, many, NOON)
    assert left == {of_owner}
    assert of_key not in left


async def test_who_was_taken_out_holds_nothing(any_database: Database) -> None:
    """The person's token ends with their place in the wedding."""
    key, of_key, of_owner = many = await _three(any_database)
    any_database.write_now(
        lambda s: (
            s.execute(
                sa.delete(Membership).where(col(Membership.user_id) == of_owner.user_id)
            )
            and None
        )
    )
    left = any_database.read_now(bearers.still_valid, many, NOON)
    assert left == {key, of_key}


async def test_time_ends_tokens_and_keys(any_database: Database) -> None:
    """A token after a quarter of an hour, a key when it says so."""
    many = await _three(any_database)
    brief = await _of(
        any_database, _key(any_database, expires_at=NOON + timedelta(minutes=5))
    )
    assert brief is not None
    for minutes, left in ((4, {*many, brief}), (5, {*many}), (15, {many[0]})):
        now = NOON + timedelta(minutes=minutes)
        found = any_database.read_now(bearers.still_valid, [*many, brief], now)
        assert found == left


async def test_use_is_noted_once_a_minute(any_database: Database) -> None:
    """A token's use is its key's use, too; not every request writes."""
    key, _, _ = await _three(any_database)
    token = _access(any_database, user_id=None, key_id=key.key_id)
    await _of(any_database, token, 2)
    assert await _of(any_database, token, 2) is not None
    assert (await _of(any_database, _key(any_database), 3)) is not None
    used = any_database.read_now(
        lambda s: s.scalar(sa.select(sa.func.min(apikeys.ApiKey.last_used_at)))
    )
    assert used == NOON + timedelta(minutes=2)
