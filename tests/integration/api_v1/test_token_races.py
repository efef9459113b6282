"""One refresh token in many hands at one moment, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.builders import make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.services import access, apikeys, grants, tokens
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.tokens import Terms, Tokens

TERMS = Terms(Sealer(b"test"), timedelta(days=30))
MANY = 6


def _given(db: Database) -> tuple[Tokens, int]:
    """Tokens for a key, and the key."""
    wedding = make_couple(db).wedding
    key = db.write_now(
        apikeys.create_key, wedding_id=wedding, name="x", scopes=["read"], now=NOON
    )
    holder = db.read_now(apikeys.holder, key, NOON)
    assert holder is not None
    given = db.write_now(
        tokens.for_key, holder.key_id, scopes=None, terms=TERMS, now=NOON
    )
    return given, holder.key_id


def test_of_many_rotations_one_counts_and_then_none(any_database: Database) -> None:
    """The second finds that somebody else has the token: all of the grant ends, also
    what the first was given."""
    given, _ = _given(any_database)

    def rotate(_: int) -> Tokens | None:
        return any_database.write_now(
            tokens.rotate, given.refresh or "", terms=TERMS, now=NOON
        )

    with ThreadPoolExecutor(MANY) as pool:
        made = [one for one in pool.map(rotate, range(MANY)) if one]
    assert len(made) == 1
    for one in (given, *made):
        said = access.read(one.access, sealer=TERMS.sealer, now=NOON)
        assert said is not None
        assert any_database.read_now(grants.alive, said.prefix, NOON) is None


def test_a_key_revoked_at_that_moment_leaves_nothing_behind(
    any_database: Database,
) -> None:
    """Tokens asked for while the key ends: refused, or dead at once."""
    given, key_id = _given(any_database)
    wedding = any_database.read_now(
        lambda s: s.get_one(apikeys.ApiKey, key_id).wedding_id
    )

    def rotate(_: int) -> Tokens | None:
        return any_database.write_now(
            tokens.rotate, given.refresh or "", terms=TERMS, now=NOON
        )

    def revoke() -> None:
        any_database.write_now(
            apikeys.revoke_key, key_id, wedding_id=wedding, by=None, now=NOON
        )

    with ThreadPoolExecutor(MANY) as pool:
        ended = pool.submit(revoke)
        made = [one for one in pool.map(rotate, range(2)) if one]
        ended.result()
    for one in (given, *made):
        said = access.read(one.access, sealer=TERMS.sealer, now=NOON)
        assert said is not None
        assert any_database.read_now(grants.alive, said.prefix, NOON) is None
