"""Keys for programs, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.fakes import NOON
from tests.integration.auth.conftest import set_up
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput
from wedding_wa.models import ApiKey
from wedding_wa.services import apikeys, weddings
from wedding_wa.services.apikeys import Scope


def _key(db: Database, *scopes: str) -> str:
    wedding = db.read_now(weddings.only_wedding)
    assert wedding is not None
    return db.write_now(
        apikeys.create_key, wedding_id=wedding, name="till", scopes=scopes, now=NOON
    )


def test_a_key_may_do_what_it_was_given(any_database: Database) -> None:
    """Shown once, stored as a hash, `admin` includes the others."""
    set_up(any_database)
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
    set_up(any_database)
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
        expires_at=NOON + timedelta(minutes=1),
        now=NOON,
    )
    assert any_database.read_now(apikeys.holder, brief, NOON) is not None
    late = NOON + timedelta(minutes=1)
    assert any_database.read_now(apikeys.holder, brief, late) is None


@pytest.mark.parametrize("scopes", [[], [""], ["write"], ["read", "everything"]])
def test_a_key_without_known_rights_is_not_made(
    database: Database, scopes: list[str]
) -> None:
    """The sentence lists the rights there are."""
    set_up(database)
    with pytest.raises(BadInput) as told:
        _key(database, *scopes)
    assert told.value.params["known"] == "read, send, control, admin"


def test_keys_are_compared_in_constant_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret part goes through hmac.compare_digest."""
    set_up(database)
    key = _key(database, "read")
    compared: list[tuple[str, str]] = []

    def compare(one: str, two: str) -> bool:
        compared.append((one, two))
        return False

    monkeypatch.setattr(apikeys.hmac, "compare_digest", compare)
    assert database.read_now(apikeys.holder, key, NOON) is None
    assert len(compared) == 1
    assert key not in compared[0]
